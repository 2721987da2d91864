package governance

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Tick moves the ledger's clock to the proposed time, if this endorser's own clock agrees (T7, T8).
func Tick(t *state.Transaction, seconds string) (consortium.Clock, error) {
	proposed, err := consortium.ParseTime(seconds)
	if err != nil {
		return consortium.Clock{}, err
	}
	clock, epoch, err := t.LastTick()
	if err != nil {
		return consortium.Clock{}, err
	}
	clock, epoch, changed, err := consortium.Tick(t.Config().Limits, clock, epoch, proposed, t.Now())
	if err != nil {
		return consortium.Clock{}, err
	}
	if err := t.PutClock(clock); err != nil {
		return consortium.Clock{}, err
	}
	if changed {
		if err := t.PutEpoch(epoch); err != nil {
			return consortium.Clock{}, err
		}
	}
	return clock, t.Event(ledger.EventClockTicked, clock)
}

// Clock reads the ledger's own time.
func Clock(t *state.Transaction) (consortium.Clock, error) { return t.Clock() }

// Noop returns a signed answer without a body: the floor of the benchmark, and a sign of life.
func Noop(t *state.Transaction, nonce string) (signed.Answer, error) {
	return t.SignedAnswer(state.Question{
		Tag: signed.TagNoop, Function: signed.FunctionNoop, Nonce: nonce, Body: struct{}{},
	})
}
