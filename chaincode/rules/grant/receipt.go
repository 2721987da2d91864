package grant

import (
	"strconv"

	"github.com/guildmark/guildmark/chaincode/rules/machine"
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

// CheckReceipt judges an attested count and limit against the grant and the highest count recorded before (0: none).
func CheckReceipt(g *Grant, count, limit, last int64) error {
	seen := strconv.FormatInt(count, 10) + " of " + strconv.FormatInt(limit, 10)
	switch {
	case limit != g.Limit || count < 1 || count > limit:
		return ErrReceiptLimit.With(seen)
	case count == last:
		return ErrReceiptKnown.With(seen)
	case count < last:
		return ErrReceiptBack.With(seen)
	}
	return nil
}
