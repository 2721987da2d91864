package agent

import (
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// recordGrant keeps T15: one open grant, our own nonce only once.
func (w *world) recordGrant(r *http.Request) (any, error) {
	m, err := w.who(r)
	if err != nil {
		return nil, err
	}
	in, err := decode[grant.Request](r)
	if err != nil {
		return nil, err
	}
	l := w.licenses[in.License]
	srk, ak, err := keysOf(m)
	if err != nil {
		return nil, err
	}
	signer, err := tpmpolicy.NewSigner(ak, srk)
	if err != nil {
		return nil, err
	}
	nonce, err := base64.StdEncoding.DecodeString(in.Nonce)
	if err != nil {
		return nil, err
	}
	meterID := tpmpolicy.Meter(m.ID, l.Dataset, l.Terms)
	index, err := tpmpolicy.NewIndex(in.Index, w.grantKeys(), meterID)
	if err != nil {
		return nil, err
	}
	extra := tpmpolicy.GrantDigest(in.License, nonce, index.Name(false))
	c, err := signer.Counter(attested(in.Counter), tpmpolicy.CounterName(), extra[:])
	if err != nil {
		return nil, err
	}
	now, err := signer.Time(attested(in.Time), extra[:])
	if err != nil {
		return nil, err
	}
	all := w.grants[in.License]
	if n := len(all); n > 0 && all[n-1].Counter == c && all[n-1].ResetCount >= now.ResetCount {
		return nil, ledger.Refuse(ledger.Conflict, "grant.open", "a grant is open")
	}
	g := grant.Grant{
		Format: grant.Format, License: in.License, Number: len(all) + 1, Machine: m.ID, Meter: hex.EncodeToString(meterID[:]),
		IndexName: index.Name(false).Hex(), Nonce: in.Nonce, Counter: c, ResetCount: now.ResetCount, Limit: l.Model.Uses, Pair: in.Pair, Request: in, Epoch: 3,
	}
	w.grants[in.License] = append(all, g)
	return g, nil
}

func keysOf(m machine.Machine) (srk, ak []byte, err error) {
	if srk, err = base64.StdEncoding.DecodeString(m.SRK); err != nil {
		return nil, nil, err
	}
	ak, err = base64.StdEncoding.DecodeString(m.AK)
	return srk, ak, err
}

func (w *world) grantKeys() tpmpolicy.Custodians {
	return tpmpolicy.Custodians{&w.custodians[signedtest.Manufacturer].grant.PublicKey, &w.custodians[signedtest.Operator].grant.PublicKey}
}

// getGrant answers with both custodians' parts, made anew from the committed record.
func (w *world) getGrant(r *http.Request) (any, error) {
	all := w.grants[r.PathValue("license")]
	if len(all) == 0 {
		return nil, ledger.Refuse(ledger.NotFound, "grant.unknown", "no such grant")
	}
	g := all[len(all)-1]
	view := grant.View{Grant: g}
	for place, msp := range g.Pair {
		a, err := w.answer(g, place, msp)
		if err != nil {
			return nil, err
		}
		view.Answers = append(view.Answers, a)
	}
	return view, nil
}

func (w *world) answer(g grant.Grant, place int, msp string) (grant.Answer, error) {
	c, m := w.custodians[msp], w.machines[g.Machine]
	if !c.known[m.ID] {
		return grant.Answer{}, ledger.Refuse(ledger.Forbidden, "custodian.not_activated", "unknown machine")
	}
	envelope, err := sealed.ParseEnvelope(w.envelope)
	if err != nil {
		return grant.Answer{}, err
	}
	binding := sealed.Binding{Channel: w.consortium.Bundle.Channel, Manifest: w.manifest}
	half, err := binding.OpenHalf(envelope, c.hpke, msp+".00000000000000cc", msp, g.Pair)
	if err != nil {
		return grant.Answer{}, err
	}
	l := w.licenses[g.License]
	id := tpmpolicy.Meter(m.ID, l.Dataset, l.Terms)
	index, err := tpmpolicy.NewIndex(g.Request.Index, w.grantKeys(), id)
	if err != nil {
		return grant.Answer{}, err
	}
	policy, err := tpmpolicy.UsePolicy(tpmpolicy.CounterName(), g.Counter, index, id)
	if place == 1 {
		policy, err = tpmpolicy.CounterPolicy(tpmpolicy.CounterName(), g.Counter)
	}
	if err != nil {
		return grant.Answer{}, err
	}
	srk, _, err := keysOf(m)
	if err != nil {
		return grant.Answer{}, err
	}
	blob, err := tpmpolicy.Wrap(rand.Reader, half[:], srk, policy)
	if err != nil {
		return grant.Answer{}, err
	}
	write, err := index.FirstLimit(g.Limit)
	if err != nil {
		return grant.Answer{}, err
	}
	nonce, err := base64.StdEncoding.DecodeString(g.Nonce)
	if err != nil {
		return grant.Answer{}, err
	}
	digest, err := write.Digest(nonce, id)
	if err != nil {
		return grant.Answer{}, err
	}
	signature, err := ecdsa.SignASN1(rand.Reader, c.grant, digest[:])
	return grant.Answer{
		License: g.License, Number: g.Number, MSP: msp, Signature: base64.StdEncoding.EncodeToString(signature),
		Public: base64.StdEncoding.EncodeToString(blob.Public), Duplicate: base64.StdEncoding.EncodeToString(blob.Duplicate),
		Seed: base64.StdEncoding.EncodeToString(blob.Seed),
	}, err
}

func (w *world) recordReceipt(r *http.Request) (any, error) {
	in, err := decode[grant.ReceiptRequest](r)
	if err != nil {
		return nil, err
	}
	l := w.licenses[in.License]
	m := w.machines[l.Machine]
	srk, ak, err := keysOf(m)
	if err != nil {
		return nil, err
	}
	signer, err := tpmpolicy.NewSigner(ak, srk)
	if err != nil {
		return nil, err
	}
	id := tpmpolicy.Meter(m.ID, l.Dataset, l.Terms)
	index, err := tpmpolicy.NewIndex(w.grants[l.ID][0].Request.Index, w.grantKeys(), id)
	if err != nil {
		return nil, err
	}
	digest := tpmpolicy.ReceiptDigest(l.ID, in.Job)
	pin, err := signer.Pin(attested(in.Attestation), index.Name(true), digest[:])
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%s/%d", l.ID, pin.Count)
	if _, known := w.receipts[key]; known {
		return nil, ledger.Refuse(ledger.Conflict, "receipt.known", "the receipt is recorded")
	}
	w.receipts[key] = in
	return grant.Receipt{License: l.ID, Count: int64(pin.Count), Limit: int64(pin.Limit), Job: in.Job, Attestation: in.Attestation}, nil
}
