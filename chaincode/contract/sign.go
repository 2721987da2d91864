package contract

import (
	"encoding/json"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// signing is a signed answer in the making: what is asked and what it says.
type signing struct {
	tag, function  string
	subject, nonce string
	lease          int64 // seconds; 0 = none
	body           any
}

// sign makes the answer of a signing function (T5, T7): it refuses when the transaction or the ledger's clock is off
// the endorser's own, so that peers which lag behind the ledger refuse themselves. It writes nothing.
func (t *Transaction) sign(clock Clock, s signing) (signed.Answer, error) {
	var now consortium.Clock
	if err := ledger.CheckID(s.nonce); err != nil {
		return signed.Answer{}, err
	}
	if err := t.need(consortium.ClockKey(), &now, consortium.ErrNoClock); err != nil {
		return signed.Answer{}, err
	}
	stamp, err := t.timestamp()
	if err != nil {
		return signed.Answer{}, err
	}
	if err := consortium.Fresh(t.config.Limits, now, stamp, clock().Unix()); err != nil {
		return signed.Answer{}, err
	}
	policy, err := t.policy()
	if err != nil {
		return signed.Answer{}, err
	}
	tip, err := t.signedTip()
	if err != nil {
		return signed.Answer{}, err
	}
	a := signed.Answer{
		Tag: s.tag, Channel: t.GetStub().GetChannelID(), Function: s.function, Subject: s.subject, Nonce: s.nonce,
		Policy: policy, Clock: now.Time, Tip: tip, Body: json.RawMessage(ledger.Encode(s.body)),
	}
	if s.lease > 0 {
		a.Lease = now.Time + s.lease
	}
	return a, nil
}

// timestamp is the transaction's, which its submitter chose, in Unix seconds.
func (t *Transaction) timestamp() (int64, error) {
	stamp, err := t.GetStub().GetTxTimestamp()
	if err != nil {
		return 0, consortium.ErrTransaction.With(err.Error())
	}
	return stamp.GetSeconds(), nil
}

// policy is the hash of the newest trust bundle's bytes.
func (t *Transaction) policy() (string, error) {
	newest, err := t.text(consortium.NewestBundleKey())
	if err != nil {
		return "", err
	}
	b, err := loadBundle(t, newest)
	if err != nil {
		return "", err
	}
	return b.ID(), nil
}

func (t *Transaction) signedTip() (signed.Tip, error) {
	store := chain{t}
	tip, ok, err := store.Tip()
	if err != nil || !ok {
		return signed.Tip{}, err
	}
	r, ok, err := store.Header(tip.Hash)
	if err != nil {
		return signed.Tip{}, err
	}
	if !ok {
		return signed.Tip{}, spv.ErrNotStarted.With("a tip without its record")
	}
	return signed.Tip{Height: uint32(r.Height), Hash: r.Hash.String(), MedianTime: int64(r.MedianTime())}, nil
}

// SignRecipients signs all recipients' keys (T3).
func (g *Governance) SignRecipients(t *Transaction, nonce string) (string, error) {
	return answer(g.signRecipients(t, nonce))
}

func (g *Governance) signRecipients(t *Transaction, nonce string) (signed.Answer, error) {
	body := signed.RecipientsBody{Recipients: []consortium.Recipient{}}
	err := t.each(func(_ string, value []byte) error {
		var r consortium.Recipient
		if err := ledger.DecodeCanonical(value, &r); err != nil {
			return err
		}
		body.Recipients = append(body.Recipients, r)
		return nil
	}, consortium.RecipientFamily)
	if err != nil {
		return signed.Answer{}, err
	}
	return t.sign(g.clock, signing{
		tag: signed.TagRecipients, function: signed.FunctionRecipients, nonce: nonce, body: body,
	})
}

// Noop signs nothing in particular: the floor of the benchmark, and a sign of life.
func (g *Governance) Noop(t *Transaction, nonce string) (string, error) {
	return answer(t.sign(g.clock, signing{tag: signed.TagNoop, function: signed.FunctionNoop, nonce: nonce, body: struct{}{}}))
}
