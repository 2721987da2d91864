package client

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hyperledger/fabric-gateway/pkg/identity"
)

// connection are the parts of connection.json (network/docs/layout.md) that a client reads.
type connection struct {
	Version   int    `json:"version"`
	Channel   string `json:"channel"`
	Chaincode struct {
		Name string `json:"name"`
	} `json:"chaincode"`
	Peers      []endpoint `json:"peers"`
	Identities []struct {
		MSP         string `json:"msp"`
		Certificate string `json:"certificate"`
	} `json:"identities"`
}

type endpoint struct {
	Name       string `json:"name"`
	Partner    string `json:"partner"`
	MSP        string `json:"msp"`
	Address    string `json:"address"`
	ServerName string `json:"server_name"`
	TLSRoot    string `json:"tls_root"`
}

func readConnection(path string) (connection, error) {
	var c connection
	raw, err := os.ReadFile(path)
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrConnection, err)
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("%w: %s: %w", ErrConnection, path, err)
	}
	if c.Version != 1 || c.Channel == "" || c.Chaincode.Name == "" || len(c.Peers) == 0 {
		return c, fmt.Errorf("%w: %s: expected version 1 with channel, chaincode and peers, got version %d, "+
			"channel %q, chaincode %q "+
			"and %d peers", ErrConnection, path, c.Version, c.Channel, c.Chaincode.Name, len(c.Peers))
	}
	return c, nil
}

// mspOf finds the MSP of the identity in dir: the one that the connection file lists for it, else that of the
// partner in whose folder it lies.
func (c connection) mspOf(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	for _, id := range c.Identities {
		if filepath.Dir(id.Certificate) == dir {
			return id.MSP, nil
		}
	}
	partner := filepath.Base(filepath.Dir(filepath.Dir(dir)))
	for _, p := range c.Peers {
		if p.Partner == partner {
			return p.MSP, nil
		}
	}
	return "", fmt.Errorf("%w: %s is neither listed in the connection file nor in the folder of a partner "+
		"that it lists",
		ErrIdentity, dir)
}

// Identity is a certificate and the signature of its key, which may lie in a file (OpenIdentity) or in a TPM.
type Identity struct {
	MSP         string
	Certificate []byte // PEM
	Sign        func(digest []byte) ([]byte, error)
}

// OpenIdentity reads cert.pem and key.pem of an identity folder.
func OpenIdentity(dir, msp string) (Identity, error) {
	cert, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	if _, err := identity.CertificateFromPEM(cert); err != nil {
		return Identity{}, fmt.Errorf("%w: cert.pem: %w", ErrIdentity, err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "key.pem"))
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrIdentity, err)
	}
	key, err := parseKey(raw)
	if err != nil {
		return Identity{}, err
	}
	sign, err := identity.NewPrivateKeySign(key)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: key.pem: %w", ErrIdentity, err)
	}
	return Identity{MSP: msp, Certificate: cert, Sign: sign}, nil
}

// parseKey reads a PKCS #8 key; its errors don't repeat the text.
func parseKey(raw []byte) (crypto.PrivateKey, error) {
	block, _ := pem.Decode(raw)
	if block == nil {
		return nil, fmt.Errorf("%w: key.pem is not PEM", ErrIdentity)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%w: key.pem is not a PKCS #8 key", ErrIdentity)
	}
	return key, nil
}
