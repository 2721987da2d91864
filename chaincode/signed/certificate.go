package signed

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// parseRoots reads a partner's roots: one certificate a PEM, P-256, a CA.
func parseRoots(p BundlePartner) ([]*x509.Certificate, error) {
	var roots []*x509.Certificate
	for _, text := range p.Roots {
		cert, err := parseCertificate([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("root: %w", err)
		}
		if !cert.BasicConstraintsValid || !cert.IsCA || cert.KeyUsage&x509.KeyUsageCertSign == 0 {
			return nil, fmt.Errorf("root %q, expected a CA that signs certificates", cert.Subject.CommonName)
		}
		roots = append(roots, cert)
	}
	if len(roots) == 0 {
		return nil, fmt.Errorf("roots, expected one or more")
	}
	return roots, nil
}

// parseCertificate reads exactly one P-256 certificate in PEM.
func parseCertificate(text []byte) (*x509.Certificate, error) {
	der, err := onePEM(text, "CERTIFICATE")
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, fmt.Errorf("certificate's key, expected ECDSA on P-256")
	}
	return cert, nil
}

// onePEM reads exactly one PEM block of a type.
func onePEM(text []byte, kind string) ([]byte, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != kind || len(block.Headers) != 0 || len(bytes.TrimSpace(rest)) != 0 {
		return nil, fmt.Errorf("expected exactly one PEM block %s", kind)
	}
	return block.Bytes, nil
}

func parseCRL(text string) (*x509.RevocationList, error) {
	block, err := onePEM([]byte(text), "X509 CRL")
	if err != nil {
		return nil, err
	}
	crl, err := x509.ParseRevocationList(block)
	if err != nil {
		return nil, fmt.Errorf("revocation list: %w", err)
	}
	return crl, nil
}
