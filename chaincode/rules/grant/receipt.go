package grant

import (
	"encoding/hex"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// Receipt is the TPM-attested count; key receipt/<license>/<count, 10 digits>, create-only.
type Receipt struct {
	License     string              `json:"license"`
	Count       int64               `json:"count"`
	Limit       int64               `json:"limit"`
	Job         string              `json:"job"`         // salted hash of job and lot
	Attestation machine.Attestation `json:"attestation"` // NV_Certify of the PIN index, extraData = ReceiptDigest
	Epoch       int64               `json:"epoch"`
}

// ReceiptRequest is what a machine sends.
type ReceiptRequest struct {
	License     string              `json:"license"`
	Job         string              `json:"job"`
	Attestation machine.Attestation `json:"attestation"`
}

// Uses is the state of the meter that a grant wrote, as the machine's TPM attests it for a receipt.
func Uses(r ReceiptRequest, g Grant, m machine.Machine) (tpmpolicy.Pin, error) {
	if ledger.CheckID(r.Job) != nil {
		return tpmpolicy.Pin{}, ErrReceiptJob
	}
	policy, err := hex.DecodeString(g.Policy)
	if err != nil || len(policy) != len(tpmpolicy.Digest{}) {
		return tpmpolicy.Pin{}, ErrUnknown.With("policy of the recorded grant, expected 64 hex digits")
	}
	index := tpmpolicy.Index{Handle: g.Request.Index, Policy: tpmpolicy.Digest(policy)}
	signer, err := Signer(m)
	if err != nil {
		return tpmpolicy.Pin{}, err
	}
	attestation, err := Decode(r.Attestation)
	if err != nil {
		return tpmpolicy.Pin{}, err
	}
	extra := tpmpolicy.ReceiptDigest(g.License, r.Job)
	return signer.Pin(attestation, index.Name(true), extra[:])
}

// NewReceipt makes a receipt of attested uses. last is the highest count recorded before, 0 for none.
func NewReceipt(r ReceiptRequest, g Grant, uses tpmpolicy.Pin, last, epoch int64) (Receipt, error) {
	count, limit := int64(uses.Count), int64(uses.Limit)
	seen := strconv.FormatInt(count, 10) + " of " + strconv.FormatInt(limit, 10)
	switch {
	case limit != g.Limit || count < 1 || count > limit:
		return Receipt{}, ErrReceiptLimit.With(seen + ", the grant allows " + strconv.FormatInt(g.Limit, 10))
	case count == last:
		return Receipt{}, ErrReceiptKnown.With(seen)
	case count < last:
		return Receipt{}, ErrReceiptBack.With(seen + ", recorded " + strconv.FormatInt(last, 10))
	}
	return Receipt{
		License: g.License, Count: count, Limit: limit, Job: r.Job, Attestation: r.Attestation, Epoch: epoch,
	}, nil
}
