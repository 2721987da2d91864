package governance

import (
	"errors"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/state"
)

// PutBundle stores the next trust bundle, signed by a quorum of the bundle keys before it (T9), and returns
// its id.
func PutBundle(t *state.Transaction, s consortium.SignedBundle) (string, error) {
	newest, err := t.NewestBundle()
	if err != nil && !errors.Is(err, consortium.ErrNoBundle) {
		return "", err
	}
	next, err := signed.NextBundle(newest, s, t.Config())
	if err != nil {
		return "", err
	}
	if err := t.CreateBundle(next.Sequence, s); err != nil {
		return "", err
	}
	return next.ID(), t.Event(ledger.EventBundlePut, s)
}

// Bundle reads a signed bundle by its sequence number, "" for the newest.
func Bundle(t *state.Transaction, sequence string) (consortium.SignedBundle, error) {
	return t.SignedBundle(sequence)
}
