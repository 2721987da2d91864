package state

import (
	"encoding/json"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// Question is what a signing function was asked, and the body of its answer.
type Question struct {
	Tag, Function  string // of package signed
	Subject, Nonce string
	Lease          int64 // seconds that the answer is good for; 0: no end
	Body           any
}

// SignedAnswer makes the answer that peers sign by endorsing it (T5). The error is a refusal when the
// transaction's time or the ledger's clock is off the endorser's own, so that a peer which lags behind the
// ledger signs nothing (T7). Nothing is written.
func (t *Transaction) SignedAnswer(q Question) (signed.Answer, error) {
	if err := ledger.CheckID(q.Nonce); err != nil {
		return signed.Answer{}, err
	}
	clock, err := t.Clock()
	if err != nil {
		return signed.Answer{}, err
	}
	stamp, err := t.Stamp()
	if err != nil {
		return signed.Answer{}, err
	}
	if err := consortium.Fresh(t.config.Limits, clock, stamp, t.Now()); err != nil {
		return signed.Answer{}, err
	}
	bundle, err := t.NewestBundle()
	if err != nil {
		return signed.Answer{}, err
	}
	tip, err := t.signedTip()
	if err != nil {
		return signed.Answer{}, err
	}
	a := signed.Answer{
		Tag: q.Tag, Channel: t.Channel(), Function: q.Function, Subject: q.Subject, Nonce: q.Nonce,
		Policy: bundle.ID(), Clock: clock.Time, Tip: tip, Body: json.RawMessage(ledger.Encode(q.Body)),
	}
	if q.Lease > 0 {
		a.Lease = clock.Time + q.Lease
	}
	return a, nil
}

// signedTip is the end of the chain as answers carry it, the zero Tip before the chain was started.
func (t *Transaction) signedTip() (signed.Tip, error) {
	if _, started, err := t.Chain().Tip(); err != nil || !started {
		return signed.Tip{}, err
	}
	r, err := spv.TipRecord(t.Chain())
	if err != nil {
		return signed.Tip{}, err
	}
	return signed.Tip{Height: uint32(r.Height), Hash: r.Hash.String(), MedianTime: int64(r.MedianTime())}, nil
}
