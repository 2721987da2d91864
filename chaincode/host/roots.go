package host

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"time"
)

// Roots reads PEM files with the certificates that the other side's certificate must lead to. The system's
// own roots are not among them: with no file, nobody is trusted.
func Roots(paths ...string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read TLS roots: %w", err)
		}
		if !pool.AppendCertsFromPEM(raw) {
			return nil, fmt.Errorf("read TLS roots: %s holds no certificate; expected PEM blocks of type "+
				"CERTIFICATE", path)
		}
	}
	return pool, nil
}

// RootsOrSystem is [Roots] of one file. With the path "" it returns nil, which in a tls.Config means the
// system's roots.
func RootsOrSystem(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil //nolint:nilnil // crypto/tls reads nil as the system's roots
	}
	return Roots(path)
}

// KeyPair loads a TLS certificate and its key. The key's file must be private, see [ErrExposed].
func KeyPair(certificate, key string) (tls.Certificate, error) {
	secret, err := ReadPrivate(key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("TLS key: %w", err)
	}
	public, err := os.ReadFile(certificate)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("TLS certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(public, secret)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("TLS certificate %s with key %s: %w", certificate, key, err)
	}
	return pair, nil
}

// Client makes an HTTPS client that trusts the roots, shows the certificates (none: nil), gives a request the
// time (0: no limit but its context's) and follows no redirect: whoever sent one would get the next request's
// token.
func Client(roots *x509.CertPool, certificates []tls.Certificate, timeout time.Duration) *http.Client {
	return &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{
				MinVersion: tls.VersionTLS12, RootCAs: roots,
				Certificates: certificates,
			},
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     time.Minute,
			TLSHandshakeTimeout: 5 * time.Second,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
