package agent

import (
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// recordGrant records as the ledger does (T15). Answers are never counted: both can be given again.
func (w *world) recordGrant(r *http.Request) (any, error) {
	m, err := w.who(r)
	if err != nil {
		return nil, err
	}
	in, err := decode[grant.Request](r)
	if err != nil {
		return nil, err
	}
	all := w.grants[in.License]
	var before grant.History
	if len(all) > 0 {
		before = grant.History{Newest: &all[len(all)-1], Granted: true}
	}
	basis := grant.Basis{License: w.licenses[in.License], Machine: m, Custodians: w.recipients()}
	g, err := grant.From(in, basis, before, 3)
	if err != nil {
		return nil, err
	}
	if w.forge != nil {
		w.forge(&g)
	}
	w.grants[in.License] = append(all, g)
	return g, nil
}

// getGrant answers with both custodians' parts, made anew from the committed record.
func (w *world) getGrant(r *http.Request) (any, error) {
	all := w.grants[r.PathValue("license")]
	if len(all) == 0 {
		return nil, ledger.Refuse(ledger.NotFound, "grant.unknown", "no such grant")
	}
	g := all[len(all)-1]
	view := grant.View{Grant: g}
	for _, msp := range g.Pair {
		a, err := w.answer(g, msp)
		if err != nil {
			return nil, err
		}
		view.Answers = append(view.Answers, a)
	}
	return view, nil
}

func (w *world) answer(g grant.Grant, msp string) (grant.Answer, error) {
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
	due, err := grant.DueOf(g, w.licenses[g.License], w.recipients(), msp)
	if err != nil {
		return grant.Answer{}, err
	}
	srk, err := ledger.Base64(m.SRK)
	if err != nil {
		return grant.Answer{}, err
	}
	blob, err := tpmpolicy.Wrap(rand.Reader, half[:], srk, due.Policy)
	if err != nil {
		return grant.Answer{}, err
	}
	signature, err := ecdsa.SignASN1(rand.Reader, c.grant, due.Limit[:])
	return grant.Answer{
		License: g.License, Number: g.Number, MSP: msp, Signature: base64.StdEncoding.EncodeToString(signature),
		Public:    base64.StdEncoding.EncodeToString(blob.Public),
		Duplicate: base64.StdEncoding.EncodeToString(blob.Duplicate),
		Seed:      base64.StdEncoding.EncodeToString(blob.Seed),
	}, err
}

func (w *world) recordReceipt(r *http.Request) (any, error) {
	in, err := decode[grant.ReceiptRequest](r)
	if err != nil {
		return nil, err
	}
	l := w.licenses[in.License]
	g := w.grants[l.ID][0]
	pin, err := grant.Uses(in, g, w.machines[l.Machine])
	if err != nil {
		return nil, err
	}
	receipt, err := grant.NewReceipt(in, g, pin, 0, 3)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%s/%d", l.ID, pin.Count)
	if _, known := w.receipts[key]; known {
		return nil, ledger.Refuse(ledger.Conflict, "receipt.known", "the receipt is recorded")
	}
	w.receipts[key] = in
	return receipt, nil
}
