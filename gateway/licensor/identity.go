package licensor

import (
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
)

// Fabric CA writes attributes as JSON into this extension of a certificate (fabric-ca docs, "Attribute-based access
// control").
func attributesOID() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1} }

// Licensor is an identity that publishes: who it is, and its ledger key.
type Licensor struct {
	dataset.Licensor

	Sign func(digest []byte) ([]byte, error)
}

// OpenLicensor reads cert.pem and key.pem of a licensor's identity folder.
func OpenLicensor(dir, msp string) (Licensor, error) {
	id, err := client.OpenIdentity(dir, msp)
	if err != nil {
		return Licensor{}, err
	}
	role, party, err := attributes(id.Certificate)
	if err != nil {
		return Licensor{}, err
	}
	if role != "licensor" || !ledger.IsParty(party) {
		return Licensor{}, ErrIdentity.With("role " + role + " of " + dir)
	}
	return Licensor{Licensor: dataset.Licensor{MSP: msp, Party: party}, Sign: id.Sign}, nil
}

func attributes(certificate []byte) (role, party string, err error) {
	block, _ := pem.Decode(certificate)
	if block == nil {
		return "", "", ErrIdentity.With("no PEM certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", "", ErrIdentity.With(err.Error())
	}
	for _, e := range cert.Extensions {
		if !e.Id.Equal(attributesOID()) {
			continue
		}
		var a struct {
			Attrs map[string]string `json:"attrs"`
		}
		if err := json.Unmarshal(e.Value, &a); err != nil {
			return "", "", ErrIdentity.With("attributes")
		}
		return a.Attrs["role"], a.Attrs["party"], nil
	}
	return "", "", ErrIdentity.With("a certificate without attributes")
}
