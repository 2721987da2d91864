package grant

import (
	"encoding/base64"

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

// Encode writes an attestation as documents carry it.
func Encode(a tpmpolicy.Attestation) machine.Attestation {
	text := base64.StdEncoding.EncodeToString
	return machine.Attestation{Attest: text(a.Attest), Signature: text(a.Signature)}
}

// Signer is what a machine's attestations must be signed by: its attestation key under its storage root key.
func Signer(m machine.Machine) (*tpmpolicy.Signer, error) {
	ak, err := ledger.Base64(m.AK)
	if err != nil {
		return nil, machine.ErrInvalid.With("ak, expected base64")
	}
	srk, err := ledger.Base64(m.SRK)
	if err != nil {
		return nil, machine.ErrInvalid.With("srk, expected base64")
	}
	return tpmpolicy.NewSigner(ak, srk)
}

// CheckMachine judges the keys of a machine's record (T14): public areas of the one form that custodians and
// the ledger judge attestations and wraps by later, and the Name of the one grant counter.
func CheckMachine(m machine.Machine) error {
	for _, key := range []struct {
		name, text string
		parse      func([]byte) (tpmpolicy.Public, error)
	}{{"ak", m.AK, tpmpolicy.ParseAK}, {"srk", m.SRK, tpmpolicy.ParseSRK}, {"token", m.Token, tpmpolicy.ParseToken}} {
		raw, err := ledger.Base64(key.text)
		if err != nil {
			return machine.ErrInvalid.With(key.name + ", expected base64")
		}
		if _, err := key.parse(raw); err != nil {
			return err
		}
	}
	if counter := tpmpolicy.CounterName().Hex(); m.Counter != counter {
		return machine.ErrInvalid.Field("counter", m.Counter, counter)
	}
	return nil
}
