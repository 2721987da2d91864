// Package activation proves that a machine's attestation key lives in a TPM of a known maker (TCG credential
// activation, T14): endorsement certificate chain, credential, proof. The registrar and every custodian run it for
// themselves.
//
// It refuses to take anybody's word: no other partner's, and not the ledger's.
//
// Refusals: [ErrMalformed], [ErrUnknown] (no such activation, used or too old: start again), [ErrProof] (the secret was
// not recovered: another TPM or key), [ErrBusy] (too many open: later), and those of package tpmpolicy for certificates
// and keys.
package activation

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"guildmark/chaincode/tpmpolicy"
)

// Classes of TPM, by who issued the endorsement certificate. A vTPM is only as honest as its host.
const (
	TPM  = "tpm"
	VTPM = "vtpm"
)

// Roots are the trusted issuers of endorsement certificates, by the class of TPM that they vouch for.
type Roots struct {
	classes []class
}

type class struct {
	name                 string
	roots, intermediates *x509.CertPool
}

// LoadRoots reads a folder of PEM files for each class; an empty name means none. Self-signed certificates become
// roots, others intermediates.
func LoadRoots(tpm, vtpm string) (*Roots, error) {
	r := &Roots{}
	for _, from := range []struct{ name, dir string }{{TPM, tpm}, {VTPM, vtpm}} {
		if from.dir == "" {
			continue
		}
		c := class{name: from.name, roots: x509.NewCertPool(), intermediates: x509.NewCertPool()}
		if err := c.load(from.dir); err != nil {
			return nil, fmt.Errorf("read TPM makers' certificates: %w", err)
		}
		r.classes = append(r.classes, c)
	}
	if len(r.classes) == 0 {
		return nil, errors.New("no TPM maker is trusted: name a folder of certificates")
	}
	return r, nil
}

func (c *class) load(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		return fmt.Errorf("list %s: %w", dir, err)
	}
	found := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read certificate: %w", err)
		}
		for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return fmt.Errorf("read %s: %w", file, err)
			}
			c.add(cert)
			found++
		}
	}
	if found == 0 {
		return fmt.Errorf("no certificate in %s", dir)
	}
	return nil
}

func (c *class) add(cert *x509.Certificate) {
	if string(cert.RawSubject) == string(cert.RawIssuer) && cert.CheckSignatureFrom(cert) == nil {
		c.roots.AddCert(cert)
		return
	}
	c.intermediates.AddCert(cert)
}

// Verify checks an endorsement certificate and says which class of TPM it vouches for.
func (r *Roots) Verify(der []byte, at time.Time) (tpmpolicy.Endorsement, string, error) {
	err := error(tpmpolicy.ErrEKChain)
	for _, c := range r.classes {
		var ek tpmpolicy.Endorsement
		if ek, err = tpmpolicy.VerifyEndorsement(der, c.roots, c.intermediates, at); err == nil {
			return ek, c.name, nil
		}
	}
	return tpmpolicy.Endorsement{}, "", err
}
