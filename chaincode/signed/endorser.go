package signed

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// partner is a bundle's partner, parsed.
type partner struct {
	signs   bool
	roots   map[string][]*x509.Certificate // by raw subject
	revoked map[string]map[string]bool     // raw issuer, then serial number
}

func newPartner(bp BundlePartner) (*partner, error) {
	p := &partner{signs: bp.Signs, roots: map[string][]*x509.Certificate{}, revoked: map[string]map[string]bool{}}
	roots, err := parseRoots(bp)
	if err != nil {
		return nil, err
	}
	for _, r := range roots {
		p.roots[string(r.RawSubject)] = append(p.roots[string(r.RawSubject)], r)
	}
	for _, text := range bp.CRLs {
		crl, err := parseCRL(text)
		if err != nil {
			return nil, err
		}
		if err := p.revoke(crl); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// revoke adds a list of revocation; one of the partner's roots MUST have signed it.
func (p *partner) revoke(crl *x509.RevocationList) error {
	for _, r := range p.roots[string(crl.RawIssuer)] {
		if crl.CheckSignatureFrom(r) != nil {
			continue
		}
		serials := p.revoked[string(crl.RawIssuer)]
		if serials == nil {
			serials = make(map[string]bool, len(crl.RevokedCertificateEntries))
			p.revoked[string(crl.RawIssuer)] = serials
		}
		for _, e := range crl.RevokedCertificateEntries {
			serials[serial(e.SerialNumber)] = true
		}
		return nil
	}
	return errors.New("a revocation list is not signed by a root of its partner")
}

func serial(n *big.Int) string { return string(n.Bytes()) }

// endorser is what is known of an endorser's certificate before a file's clock: key, chain, role, validity.
type endorser struct {
	msp       string
	signs     bool             // its partner counts
	key       *ecdsa.PublicKey // nil when there is no P-256 key to check a signature with
	chain     error            // why it is not under the bundle's roots; nil if it is
	notBefore int64            // Unix seconds, of certificate and root together
	notAfter  int64
	peer      bool // OU is exactly "peer"
}

// goodAt judges the certificate at the file's own clock.
func (e *endorser) goodAt(clock int64) error {
	switch {
	case e.chain != nil:
		return e.chain
	case clock < e.notBefore:
		return fmt.Errorf("not valid before %s", time.Unix(e.notBefore, 0).UTC().Format(time.RFC3339))
	case clock > e.notAfter:
		return fmt.Errorf("not valid after %s", time.Unix(e.notAfter, 0).UTC().Format(time.RFC3339))
	}
	return nil
}

// maxEndorsers bounds the cache of judged certificates: a consortium of 50 partners with 20 peers each fits.
const maxEndorsers = 1024

// endorser parses and judges a SerializedIdentity, or remembers that it did. Only a malformed one is an
// error here.
func (v *Verifier) endorser(serialized []byte) (*endorser, error) {
	id := sha256.Sum256(serialized)
	v.mu.Lock()
	e := v.known[id]
	v.mu.Unlock()
	if e != nil {
		return e, nil
	}
	who, err := readIdentity(serialized)
	if err != nil {
		return nil, err
	}
	e = v.judge(who)
	if e.chain != nil {
		return e, nil // not cached: unknown certificates could fill the cache
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.known) >= maxEndorsers {
		clear(v.known)
	}
	v.known[id] = e
	return e, nil
}

func (v *Verifier) judge(who identity) *endorser {
	e := &endorser{msp: who.msp}
	cert, err := parseCertificate(who.certificate)
	if err != nil {
		e.chain = err
		return e
	}
	e.key, _ = cert.PublicKey.(*ecdsa.PublicKey)
	e.peer = len(cert.Subject.OrganizationalUnit) == 1 && cert.Subject.OrganizationalUnit[0] == "peer"
	p := v.partners[who.msp]
	if p == nil {
		e.chain = errors.New("the MSP is not a partner of the trust bundle")
		return e
	}
	e.signs = p.signs
	root, err := p.issuer(cert)
	if err != nil {
		e.chain = err
		return e
	}
	e.notBefore = max(cert.NotBefore.Unix(), root.NotBefore.Unix())
	e.notAfter = min(cert.NotAfter.Unix(), root.NotAfter.Unix())
	return e
}

// issuer finds the root that signed cert and checks what a Fabric identity certificate must be. Roots
// only: partners' identity CAs sign their peers directly, so there is no chain to build and no path to
// confuse.
func (p *partner) issuer(cert *x509.Certificate) (*x509.Certificate, error) {
	switch {
	case cert.IsCA:
		return nil, errors.New("the certificate is a CA's, expected a peer's")
	case cert.SignatureAlgorithm != x509.ECDSAWithSHA256:
		return nil, errors.New("the certificate's signature, expected ECDSA with SHA-256")
	case cert.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return nil, errors.New("the certificate's key usage, expected digitalSignature")
	case len(cert.UnhandledCriticalExtensions) > 0:
		return nil, errors.New("the certificate has a critical extension that is unknown")
	case p.revoked[string(cert.RawIssuer)][serial(cert.SerialNumber)]:
		return nil, errors.New("the certificate is revoked")
	}
	for _, root := range p.roots[string(cert.RawIssuer)] {
		if cert.CheckSignatureFrom(root) == nil {
			return root, nil
		}
	}
	return nil, errors.New("the certificate is not signed by a root of its partner")
}
