package home

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// The folders of a home, all of mode 0700; network/docs/layout.md lists them for people.

func (h *Home) recordFile() string   { return filepath.Join(h.Dir, "partner.json") }
func (h *Home) topologyFile() string { return filepath.Join(h.Dir, "topology.json") }
func (h *Home) inbox() string        { return filepath.Join(h.Dir, "inbox") }

// The two authorities of each partner's CA process.
const (
	IdentityCA = "identity"
	TLSCA      = "tls"
)

// Address is where one of the partner's own processes listens: "peer", "orderer-admin", ...
func (h *Home) Address(kind string) string { return h.Ports.Address(kind + "." + h.Partner.Name) }

// CA is the folder of the partner's certificate authorities.
func (h *Home) CA() string { return filepath.Join(h.Dir, "ca") }

// Registrar is the folder of the identity that registers others at one of the two authorities.
func (h *Home) Registrar(authority string) string {
	return filepath.Join(h.CA(), "registrar", authority)
}

// RegistrarPassword is the file of the registrar's one-time password; it is there from the authority's first
// start until the partner has enrolled.
func (h *Home) RegistrarPassword(authority string) string {
	return filepath.Join(h.Registrar(authority), "password")
}

// Orderer is the folder of the partner's orderer.
func (h *Home) Orderer() string { return filepath.Join(h.Dir, "orderer") }

// Peer is the folder of the partner's peer.
func (h *Home) Peer() string { return filepath.Join(h.Dir, "peer") }

// Chaincode is the folder of the partner's own copy of the chaincode.
func (h *Home) Chaincode() string { return filepath.Join(h.Dir, "chaincode") }

// Beside is the folder of a copy of another chaincode beside the partner's own.
func (h *Home) Beside(chaincode string) string {
	return filepath.Join(h.Chaincode(), "beside", chaincode)
}

// Builder is the folder of the external builder that the partner's peer calls.
func (h *Home) Builder() string { return filepath.Join(h.Dir, "builder") }

// Bitcoin is the folder of the partner's Bitcoin node.
func (h *Home) Bitcoin() string { return filepath.Join(h.Dir, "bitcoin") }

// BitcoinCertificate is the self-made certificate of the node's RPC server.
func (h *Home) BitcoinCertificate() string { return filepath.Join(h.Bitcoin(), "rpc.cert") }

// BitcoinCredentials is the file that clients of the node read.
func (h *Home) BitcoinCredentials() string { return filepath.Join(h.Bitcoin(), "credentials.json") }

// Secrets is the folder of the keys that no process of the network reads: bundle key and treasury seed.
func (h *Home) Secrets() string { return filepath.Join(h.Dir, "secrets") }

// Identity is the folder of one of the partner's identities.
func (h *Home) Identity(name string) string { return filepath.Join(h.Dir, "identities", name) }

// Service is the folder of one of the partner's services: its configuration and its data.
func (h *Home) Service(class string) string { return filepath.Join(h.Dir, "services", class) }

// Certificate is the PEM certificate in the folder of an identity or of a TLS end; [Key] and [Root] lie beside it.
func Certificate(dir string) string { return filepath.Join(dir, "cert.pem") }

// Key is the private key, PKCS #8.
func Key(dir string) string { return filepath.Join(dir, "key.pem") }

// Root is the certificate of the authority that signed.
func Root(dir string) string { return filepath.Join(dir, "ca.pem") }

// Expiry is the day on which one of the home's certificates ends.
type Expiry struct {
	File string
	Name string // what it is for, for people: "peer TLS", "identity reader"
	End  time.Time
}

// FirstExpiry finds the certificate of this home that ends first.
func (h *Home) FirstExpiry() (Expiry, error) {
	var first Expiry
	for _, pattern := range []string{"*/cert.pem", "*/*/cert.pem", "*/*/*/cert.pem"} {
		files, err := filepath.Glob(filepath.Join(h.Dir, pattern))
		if err != nil {
			return first, fmt.Errorf("certificates of %s: %w", h.Partner.Name, err)
		}
		for _, file := range files {
			cert, err := readCertificate(file)
			if err != nil {
				return first, err
			}
			if first.File == "" || cert.NotAfter.Before(first.End) {
				first = Expiry{File: file, Name: h.nameOf(file), End: cert.NotAfter}
			}
		}
	}
	if first.File == "" {
		return first, fmt.Errorf("%w: no certificate in %s", ErrHome, h.Dir)
	}
	return first, nil
}

// nameOf derives the purpose of a certificate from its folder.
func (h *Home) nameOf(file string) string {
	rest, err := filepath.Rel(h.Dir, filepath.Dir(file))
	if err != nil {
		return file
	}
	parts := strings.Split(rest, string(filepath.Separator))
	switch parts[0] {
	case "identities":
		parts[0] = "identity"
	case "services":
		parts = parts[1:]
	}
	return strings.ReplaceAll(strings.Join(parts, " "), "tls", "TLS")
}

func readCertificate(file string) (*x509.Certificate, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%w: no PEM certificate in %s", ErrHome, file)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrHome, file, err)
	}
	return cert, nil
}
