package activation

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// Classes of TPM, by the issuer of the endorsement certificate. Whoever controls the host of a vTPM controls
// the vTPM.
const (
	TPM  = "tpm"
	VTPM = "vtpm"
)

// Roots name the trusted issuers of endorsement certificates by the class of TPM: PEM files, or folders of
// such files. They are read at each use, so a maker that is added counts at once.
type Roots struct {
	TPM  string
	VTPM string
}

type class struct {
	name                 string
	roots, intermediates *x509.CertPool
}

// classes reads the files. Where a file does not exist yet, no maker of that class is trusted.
func (r Roots) classes() ([]class, error) {
	var all []class
	for _, from := range []struct{ name, path string }{{TPM, r.TPM}, {VTPM, r.VTPM}} {
		if from.path == "" {
			continue
		}
		c := class{name: from.name, roots: x509.NewCertPool(), intermediates: x509.NewCertPool()}
		if err := c.load(from.path); err != nil {
			return nil, fmt.Errorf("read TPM makers' certificates: %w", err)
		}
		all = append(all, c)
	}
	return all, nil
}

func (c *class) load(path string) error {
	files, err := filepath.Glob(filepath.Join(path, "*.pem"))
	if err != nil {
		return fmt.Errorf("list %s: %w", path, err)
	}
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		files = []string{path}
	}
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
		}
	}
	return nil
}

// add uses a self-signed certificate as a root, any other as an intermediate.
func (c *class) add(cert *x509.Certificate) {
	if string(cert.RawSubject) == string(cert.RawIssuer) && cert.CheckSignatureFrom(cert) == nil {
		c.roots.AddCert(cert)
		return
	}
	c.intermediates.AddCert(cert)
}

// Verify checks an endorsement certificate and returns the class of its TPM. Its refusal is
// tpmpolicy.ErrEKChain when no trusted maker issued the certificate.
func (r Roots) Verify(der []byte, at time.Time) (tpmpolicy.Endorsement, string, error) {
	classes, err := r.classes()
	if err != nil {
		return tpmpolicy.Endorsement{}, "", err
	}
	err = tpmpolicy.ErrEKChain.With("no maker is trusted: ekRoots of the configuration names no certificate")
	for _, c := range classes {
		var ek tpmpolicy.Endorsement
		if ek, err = tpmpolicy.VerifyEndorsement(der, c.roots, c.intermediates, at); err == nil {
			return ek, c.name, nil
		}
	}
	return tpmpolicy.Endorsement{}, "", err
}
