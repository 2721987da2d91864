package governor

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// FirstBundle drafts trust bundle 0 for a configuration. Roots are the PEM certificates of the partners'
// identity CAs by MSP; each partner compares the draft with the one that it makes from the roots it knows
// before it signs.
func FirstBundle(c consortium.Config, roots map[string][]byte) (*signed.Bundle, error) {
	b := signed.Bundle{
		Format: signed.BundleFormat, Channel: c.Channel, Chaincode: c.Chaincode, Quorum: c.Quorum,
		Treasury: c.Treasury, Network: c.Bitcoin.Network, Attested: c.Bitcoin.Attestations > 0,
	}
	for _, p := range c.Partners {
		root, ok := roots[p.MSP]
		if !ok {
			return nil, fmt.Errorf("%w: no root certificate of %s", ErrCard, p.MSP)
		}
		b.Partners = append(b.Partners, signed.BundlePartner{
			MSP: p.MSP, Roots: []string{string(root)}, CRLs: []string{}, BundleKey: p.BundleKey, Signs: p.Signs,
		})
	}
	return signed.ParseBundle(b.Bytes())
}

// PartyOf makes the document of one of the partner's parties from its certificate (PEM), whose key it pins
// under a name.
func PartyOf(id, msp, role, key string, certificate []byte) (party.Party, error) {
	block, _ := pem.Decode(certificate)
	if block == nil {
		return party.Party{}, fmt.Errorf("party %s: its certificate is not PEM", id)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return party.Party{}, fmt.Errorf("party %s: %w", id, err)
	}
	hash := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return party.Party{
		Format: party.Format, ID: id, Home: msp, Roles: []string{role},
		Keys: []party.Key{{Name: key, Hash: hex.EncodeToString(hash[:])}},
	}, nil
}
