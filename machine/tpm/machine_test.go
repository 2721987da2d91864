package tpm_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/tpm"
	"github.com/guildmark/guildmark/machine/tpm/swtpm"
)

// authorityPools reads the test authority's root and issuer.

func authorityPools(t *testing.T) (roots, intermediates *x509.CertPool) {
	t.Helper()
	pools := []*x509.CertPool{x509.NewCertPool(), x509.NewCertPool()}
	for i, name := range []string{"swtpm-localca-rootca-cert.pem", "issuercert.pem"} {
		b, err := os.ReadFile(filepath.Join(made.path("ca"), name))
		if err != nil {
			t.Fatal(err)
		}
		if !pools[i].AppendCertsFromPEM(b) {
			t.Fatalf("%s: no certificate", name)
		}
	}
	return pools[0], pools[1]
}

// enroll does the whole of an enrolment with one verifier: what a registrar sees and judges.

func enroll(t *testing.T, c transport.TPM) *tpm.TPM {
	t.Helper()
	der, err := tpm.EKCertificate(c)
	if err != nil {
		t.Fatal(err)
	}
	roots, intermediates := authorityPools(t)
	ek, err := tpmpolicy.VerifyEndorsement(der, roots, intermediates, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	m, err := tpm.Provision(c)
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("0123456789abcdef0123456789abcdef")
	credential, err := tpmpolicy.MakeCredential(rand.Reader, ek.Key, m.AKName(), secret)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Activate(ek.Key, credential)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, secret) {
		t.Fatalf("activation gave another secret")
	}
	certifyAll(t, m, secret)
	return m
}

func certifyAll(t *testing.T, m *tpm.TPM, extra []byte) {
	t.Helper()
	keys := m.Keys()
	signer, err := tpmpolicy.NewSigner(keys.AK, keys.SRK)
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.CertifySRK(extra)
	if err == nil {
		err = signer.CertifySRK(a, extra)
	}
	if err != nil {
		t.Fatal(err)
	}
	a, err = m.CertifyToken(extra)
	if err == nil {
		_, err = signer.CertifyToken(a, keys.Token, extra)
	}
	if err != nil {
		t.Fatal(err)
	}
	a, err = m.CertifyCounter(extra)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := signer.Counter(a, tpmpolicy.CounterName(), extra); err != nil || v == 0 {
		t.Fatalf("counter %d, %v", v, err)
	}
}

// Enrolment stays within twenty commands (row 24 of tests/bench/README.md) and leaves nothing loaded.

func TestEnrolmentTakesTwentyCommands(t *testing.T) {
	c := dial(t, start(t, "first"))
	r := tpm.NewRecorder(c)
	begin := time.Now()
	enroll(t, r)
	wall := time.Since(begin)
	commands := r.Take()
	var sum time.Duration
	for _, x := range commands {
		sum += x.Took
	}
	t.Logf("%d commands, %v in the TPM, %v wall", len(commands), sum, wall)
	if len(commands) > 20 {
		for _, x := range commands {
			t.Logf("0x%x -> 0x%x %v", uint32(x.Code), uint32(x.Response), x.Took)
		}
		t.Errorf("got %d commands, want at most 20", len(commands))
	}
	wantLoaded(t, c, 0)
}

func wantLoaded(t *testing.T, c transport.TPM, want int) {
	t.Helper()
	n, err := swtpm.Loaded(c)
	if err != nil {
		t.Fatal(err)
	}
	if n != want {
		t.Errorf("got %d objects and sessions loaded, want %d", n, want)
	}
}

func TestProvisionTwiceGivesTheSameKeys(t *testing.T) {
	s := start(t, "first")
	c := dial(t, s)
	m := enroll(t, c)
	again := enroll(t, c)
	if !reflect.DeepEqual(m.Keys(), again.Keys()) {
		t.Error("the second run made other keys")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	c = dial(t, s)
	opened, err := tpm.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(m.Keys(), opened.Keys()) {
		t.Error("after a reboot the keys are others")
	}
	if v, err := opened.Counter(); err != nil || v != 1 {
		t.Errorf("got counter %d, %v, want 1", v, err)
	}
	wantLoaded(t, c, 0)
}

// failing lets a number of commands through and then breaks down, as a crash does.

type failing struct {
	inner transport.TPM
	left  int
}

var errCrash = errors.New("crashed")

func (f *failing) Send(command []byte) ([]byte, error) {
	if f.left == 0 {
		return nil, errCrash
	}
	f.left--
	return f.inner.Send(command)
}

func TestProvisionRecoversFromACrashAtEveryStep(t *testing.T) {
	for step := 0; ; step++ {
		c := dial(t, start(t, "first"))
		_, err := tpm.Provision(&failing{inner: c, left: step})
		if err == nil {
			if step != 11 {
				t.Errorf("provisioning took %d commands, want 11", step)
			}
			return
		}
		if !errors.Is(err, errCrash) {
			t.Fatalf("step %d: %v", step, err)
		}
		m, err := tpm.Provision(c)
		if err != nil {
			t.Fatalf("after a crash at command %d: %v", step, err)
		}
		again, err := tpm.Provision(c)
		if err != nil {
			t.Fatalf("after a crash at command %d, second run: %v", step, err)
		}
		if !reflect.DeepEqual(m.Keys(), again.Keys()) {
			t.Errorf("after a crash at command %d the keys are not stable", step)
		}
	}
}

func TestOpenRefusesABareTPM(t *testing.T) {
	c := dial(t, start(t, "first"))
	if _, err := tpm.Open(c); !errors.Is(err, tpm.ErrNotProvisioned) {
		t.Errorf("got %v, want %v", err, tpm.ErrNotProvisioned)
	}
}

func TestActivationNeedsTheRightTPMAndKey(t *testing.T) {
	first, second := dial(t, start(t, "first")), dial(t, start(t, "second"))
	m1, m2 := enroll(t, first), enroll(t, second)
	der, err := tpm.EKCertificate(first)
	if err != nil {
		t.Fatal(err)
	}
	ek1, _, err := tpmpolicy.ParseEndorsement(der)
	if err != nil {
		t.Fatal(err)
	}
	if der, err = tpm.EKCertificate(second); err != nil {
		t.Fatal(err)
	}
	ek2, _, err := tpmpolicy.ParseEndorsement(der)
	if err != nil {
		t.Fatal(err)
	}
	secret := bytes.Repeat([]byte{7}, 32)
	for name, c := range map[string]struct {
		made tpmpolicy.Endorsement
		ak   tpmpolicy.Name
		use  tpmpolicy.Endorsement
		ok   bool
	}{
		"its own":                {ek1, m1.AKName(), ek1, true},
		"another machine's AK":   {ek1, m2.AKName(), ek1, false},
		"another machine's EK":   {ek2, m1.AKName(), ek1, false},
		"a certificate borrowed": {ek2, m1.AKName(), ek2, false},
	} {
		t.Run(name, func(t *testing.T) {
			credential, err := tpmpolicy.MakeCredential(rand.Reader, c.made.Key, c.ak, secret)
			if err != nil {
				t.Fatal(err)
			}
			got, err := m1.Activate(c.use.Key, credential)
			if c.ok != (err == nil && bytes.Equal(got, secret)) {
				t.Errorf("got %v, want success %v", err, c.ok)
			}
			refusedNotFull(t, err)
		})
	}
	wantLoaded(t, first, 0)
}

// refusedNotFull fails when a refusal only says that the TPM had no room: that judges nothing.

func refusedNotFull(t *testing.T, err error) {
	t.Helper()
	var r *tpm.Refused
	if errors.As(err, &r) && r.IsMemory() {
		t.Errorf("the TPM was full, which proves nothing: %v", err)
	}
}

// plainPolicy is the digest of no policy command at all.

// sniffer sees the bus.

func TestDialSaysWhatIsMissing(t *testing.T) {
	if _, err := tpm.Dial(context.Background(), "unix:"+filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("connected to nothing")
	}
	if _, err := tpm.Dial(context.Background(), filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("opened nothing")
	}
}
