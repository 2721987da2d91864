package grant

import (
	"encoding/hex"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// meter is a license's PIN index, as its terms and the custodians' keys of now make it.
type meter struct {
	id    tpmpolicy.MeterID
	index tpmpolicy.Index
}

func meterOf(l license.License, custodians []consortium.Recipient, handle uint32) (meter, error) {
	m := meter{id: tpmpolicy.Meter(l.Machine, l.Dataset, l.Terms)}
	keys, err := SigningKeys(custodians)
	if err != nil {
		return m, err
	}
	m.index, err = tpmpolicy.NewIndex(handle, keys, m.id)
	return m, err
}

// policy is the write policy of the index as a grant carries it.
func (m meter) policy() string { return hex.EncodeToString(m.index.Policy[:]) }

// limit is the digest of the write that sets the grant's limit for the first time.
func (m meter) limit(g Grant) (tpmpolicy.Digest, error) {
	nonce, err := nonceOf(g.Nonce)
	if err != nil {
		return tpmpolicy.Digest{}, err
	}
	write, err := m.index.FirstLimit(g.Limit)
	if err != nil {
		return tpmpolicy.Digest{}, err
	}
	return write.Digest(nonce, m.id)
}

func nonceOf(text string) ([]byte, error) {
	nonce, err := ledger.Base64(text)
	if err != nil || len(nonce) != tpmpolicy.NonceSize {
		return nil, ErrNonce.Field("bytes", len(nonce), "32")
	}
	return nonce, nil
}
