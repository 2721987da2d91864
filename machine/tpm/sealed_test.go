package tpm_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/tpm"
)

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
		got, err := unseal(m1, sealed)
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
	if _, ok := errors.AsType[*tpm.Refused](err); !ok {
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

type sniffer struct {
	inner transport.TPM
	seen  bytes.Buffer
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
	if _, err := tpmpolicy.VerifyEndorsement(der, x509.NewCertPool(), intermediates,
		time.Now()); !errors.Is(err, tpmpolicy.ErrEKChain) {
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

func (s *sniffer) Send(command []byte) ([]byte, error) {
	s.seen.Write(command)
	response, err := s.inner.Send(command)
	s.seen.Write(response)
	return response, err
}

// unseal opens a sealed secret whose policy asks nothing.
func unseal(m *tpm.TPM, s tpm.Sealed) (secret []byte, err error) {
	session, err := m.Session()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close(m.Transport())) }()
	session.End()
	return m.Unseal(s, session)
}
