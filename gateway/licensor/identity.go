package licensor

import (
	"crypto/x509"
	"encoding/pem"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/attrmgr"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
)

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

// attributes are what Fabric CA wrote into the certificate of an identity; "" where there is none.
func attributes(certificate []byte) (role, party string, err error) {
	block, _ := pem.Decode(certificate)
	if block == nil {
		return "", "", ErrIdentity.With("no PEM certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", "", ErrIdentity.With(err.Error())
	}
	a, err := attrmgr.New().GetAttributesFromCert(cert)
	if err != nil {
		return "", "", ErrIdentity.With(err.Error())
	}
	return a.Attrs["role"], a.Attrs["party"], nil
}
