package agent

import (
	"context"
	"slices"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// ErrRecipients refuses a signed list of recipients that lacks a custodian of the dataset.
var ErrRecipients = ledger.Refuse(ledger.NotFound, "machine.recipients", "the signed recipients lack a custodian's key")

// trust is the bundle in force and its verifier.
type trust struct {
	bundle   *signed.Bundle
	verifier *signed.Verifier
}

func (a *Agent) trust(e Enrollment) (trust, error) {
	doc, err := a.store.Read(bundleFile(e.Bundle))
	if err != nil {
		return trust{}, err
	}
	bundle, err := signed.ParseBundle(doc)
	if err != nil {
		return trust{}, err
	}
	verifier, err := signed.NewVerifier(bundle)
	if err != nil {
		return trust{}, err
	}
	return trust{bundle: bundle, verifier: verifier}, nil
}

type nonceRequest struct {
	Nonce string `json:"nonce"`
}

// ask gets a signed answer to a fresh nonce; the caller verifies it.
func (a *Agent) ask(ctx context.Context, path string) (file []byte, nonce string, err error) {
	if nonce, err = a.fresh(); err != nil {
		return nil, "", err
	}
	err = a.gateway.call(ctx, "POST", path, nonceRequest{nonce}, &file)
	return file, nonce, err
}

// recipients are the keys of custodians and runtimes as the partners signed them now (T3).
func (a *Agent) recipients(ctx context.Context, e Enrollment) ([]consortium.Recipient, error) {
	t, err := a.trust(e)
	if err != nil {
		return nil, err
	}
	file, nonce, err := a.ask(ctx, "/v1/recipients/sign")
	if err != nil {
		return nil, err
	}
	all, _, err := t.verifier.Recipients(file, nonce)
	return all, err
}

// grantKeys are the grant-signing keys of a custodian set, in the order of their MSPs.
func grantKeys(all []consortium.Recipient, custodians []string) (tpmpolicy.Custodians, error) {
	set := slices.Sorted(slices.Values(custodians))
	var keys tpmpolicy.Custodians
	for _, msp := range set {
		i := slices.IndexFunc(all, func(r consortium.Recipient) bool { return r.Role == "custodian" && r.MSP == msp })
		if i < 0 {
			return nil, ErrRecipients.With(msp)
		}
		key, err := all[i].SigningKey()
		if err != nil {
			return nil, ErrRecipients.With(msp)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// clock is the TPM's own clock in ms.
func (d *desk) clock() (uint64, error) {
	keys := d.tpm.Keys()
	signer, err := tpmpolicy.NewSigner(keys.AK, keys.SRK)
	if err != nil {
		return 0, err
	}
	attestation, err := d.tpm.Time(nil)
	if err != nil {
		return 0, err
	}
	now, err := signer.Time(attestation, nil)
	if err != nil {
		return 0, err
	}
	return now.Clock, nil
}

// floor is the machine's floor of time now, raised by the clocks of answers that were just verified.
func (d *desk) floor(signedClocks ...int64) (Floor, error) {
	now, err := d.clock()
	if err != nil {
		return Floor{}, err
	}
	return floorOf(d.store, now, signedClocks...)
}
