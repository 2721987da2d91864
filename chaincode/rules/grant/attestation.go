package grant

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// Decode reads an attestation's bytes; whether they prove something is for a [tpmpolicy.Signer] to judge.
func Decode(a machine.Attestation) (tpmpolicy.Attestation, error) {
	attest, err := ledger.Base64(a.Attest)
	if err != nil {
		return tpmpolicy.Attestation{}, ErrAttestation
	}
	signature, err := ledger.Base64(a.Signature)
	if err != nil {
		return tpmpolicy.Attestation{}, ErrAttestation
	}
	return tpmpolicy.Attestation{Attest: attest, Signature: signature}, nil
}

// Signer is what a machine's attestations must be signed by: its attestation key under its storage root key.
func Signer(m machine.Machine) (*tpmpolicy.Signer, error) {
	ak, err := ledger.Base64(m.AK)
	if err != nil {
		return nil, machine.ErrInvalid.With("AK")
	}
	srk, err := ledger.Base64(m.SRK)
	if err != nil {
		return nil, machine.ErrInvalid.With("SRK")
	}
	return tpmpolicy.NewSigner(ak, srk)
}

// CheckMachine judges the keys of a machine's record (T14): public areas of the one form that custodians and the ledger
// judge attestations and wraps by later, and the Name of the one grant counter.
func CheckMachine(m machine.Machine) error {
	for _, key := range []struct {
		text  string
		parse func([]byte) (tpmpolicy.Public, error)
	}{{m.AK, tpmpolicy.ParseAK}, {m.SRK, tpmpolicy.ParseSRK}, {m.Token, tpmpolicy.ParseToken}} {
		raw, err := ledger.Base64(key.text)
		if err != nil {
			return machine.ErrInvalid.With("a key that is not base64")
		}
		if _, err := key.parse(raw); err != nil {
			return err
		}
	}
	if m.Counter != tpmpolicy.CounterName().Hex() {
		return machine.ErrInvalid.With("counter " + m.Counter)
	}
	return nil
}
