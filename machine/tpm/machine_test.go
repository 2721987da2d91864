package tpm_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"

	"guildmark/chaincode/tpmpolicy"
	"guildmark/machine/tpm"
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

// Enrolment stays within twenty commands (PERFORMANCE row 24) and leaves nothing loaded.
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
	n, err := tpm.Loaded(c)
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

func TestTokenSigns(t *testing.T) {
	m := enroll(t, dial(t, start(t, "first")))
	k, err := m.Token()
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("client assertion"))
	sig, err := k.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if !ecdsa.VerifyASN1(k.Public().(*ecdsa.PublicKey), digest[:], sig) {
		t.Error("the signature doesn't verify")
	}
	if _, err := k.Sign(nil, digest[:20], crypto.SHA1); err == nil {
		t.Error("a SHA-1 digest was signed")
	}
}

func TestTimeSurvivesHonestly(t *testing.T) {
	s := start(t, "first")
	c := dial(t, s)
	m := enroll(t, c)
	before := attestedTime(t, m)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	m, err := tpm.Attach(dial(t, s), m.Keys())
	if err != nil {
		t.Fatal(err)
	}
	after := attestedTime(t, m)
	if after.ResetCount != before.ResetCount+1 || after.Clock < before.Clock || !after.Safe {
		t.Errorf("before %+v, after a reboot %+v", before, after)
	}
}

func attestedTime(t *testing.T, m *tpm.TPM) tpmpolicy.Time {
	t.Helper()
	signer, err := tpmpolicy.NewSigner(m.Keys().AK, m.Keys().SRK)
	if err != nil {
		t.Fatal(err)
	}
	a, err := m.Time([]byte("now?"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := signer.Time(a, []byte("now?"))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// plainPolicy is the digest of no policy command at all.
var plainPolicy tpmpolicy.Digest

func TestSealedSecretOpensOnItsTPMOnly(t *testing.T) {
	first, second := dial(t, start(t, "first")), dial(t, start(t, "second"))
	m1, m2 := enroll(t, first), enroll(t, second)
	secret := bytes.Repeat([]byte{0x5A}, 32)
	blob, err := tpmpolicy.Wrap(rand.Reader, secret, m1.Keys().SRK, plainPolicy)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tpmpolicy.CheckBlob(blob, plainPolicy); err != nil {
		t.Fatal(err)
	}
	sniffer := &sniffer{inner: first}
	m1, err = tpm.Attach(sniffer, m1.Keys())
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := m1.Import(blob)
	if err != nil {
		t.Fatal(err)
	}
	for _, persist := range []bool{false, true} {
		if persist {
			var kept bool
			if sealed, kept, err = m1.Persist(sealed, 0x81000200); err != nil || !kept {
				t.Fatalf("kept %v, %v", kept, err)
			}
		}
		got, err := m1.UnsealPlain(sealed)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, secret) {
			t.Errorf("got another secret")
		}
	}
	if bytes.Contains(sniffer.seen.Bytes(), secret) {
		t.Error("the secret crossed the bus in the clear")
	}
	_, err = m2.Import(blob)
	var r *tpm.Refused
	if !errors.As(err, &r) {
		t.Errorf("another TPM imported the blob: %v", err)
	}
	t.Logf("another TPM: %v", err)
	refusedNotFull(t, err)
	edited := blob
	edited.Public = bytes.Clone(blob.Public)
	edited.Public[12] ^= 1 // in authPolicy
	_, err = m1.Import(edited)
	if !errors.Is(err, tpm2.TPMRCIntegrity) {
		t.Errorf("an edited policy: got %v, want %v", err, tpm2.TPMRCIntegrity)
	}
	wantLoaded(t, first, 0)
	wantLoaded(t, second, 0)
}

// sniffer sees the bus.
type sniffer struct {
	inner transport.TPM
	seen  bytes.Buffer
}

func (s *sniffer) Send(command []byte) ([]byte, error) {
	s.seen.Write(command)
	response, err := s.inner.Send(command)
	s.seen.Write(response)
	return response, err
}

func TestSweepClearsWhatACrashLeft(t *testing.T) {
	c := dial(t, start(t, "first"))
	m := enroll(t, c)
	var held []uint32
	for range 3 {
		s, err := m.GrantSession()
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, s.HandleValue())
	}
	if _, err := m.GrantSession(); !isMemory(err) {
		t.Fatalf("got %v, want a TPM without room", err)
	}
	if err := tpm.Sweep(c, held[1]); err != nil {
		t.Fatal(err)
	}
	wantLoaded(t, c, 1)
}

func isMemory(err error) bool {
	var r *tpm.Refused
	return errors.As(err, &r) && r.IsMemory()
}

func TestEKCertificateOfAnotherAuthorityIsRefused(t *testing.T) {
	c := dial(t, start(t, "first"))
	der, err := tpm.EKCertificate(c)
	if err != nil {
		t.Fatal(err)
	}
	roots, intermediates := authorityPools(t)
	if _, err := tpmpolicy.VerifyEndorsement(der, x509.NewCertPool(), intermediates, time.Now()); !errors.Is(err, tpmpolicy.ErrEKChain) {
		t.Errorf("got %v, want %v", err, tpmpolicy.ErrEKChain)
	}
	e, err := tpmpolicy.VerifyEndorsement(der, roots, intermediates, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if e.Manufacturer == "" || e.Model == "" {
		t.Errorf("got %+v", e)
	}
	issuer, err := os.ReadFile(filepath.Join(made.path("ca"), "issuercert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(issuer)
	if _, _, err := tpmpolicy.ParseEndorsement(block.Bytes); err == nil {
		t.Error("the issuer's own certificate passed for an EK's")
	}
}

func TestDialSaysWhatIsMissing(t *testing.T) {
	if _, err := tpm.Dial(context.Background(), "unix:"+filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("connected to nothing")
	}
	if _, err := tpm.Dial(context.Background(), filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("opened nothing")
	}
}
