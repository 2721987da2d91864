package client

import (
	"errors"
	"fmt"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/status"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Sentinels; see the package comment.
var (
	ErrOutcome     = errors.New("the outcome of the transaction is unknown")
	ErrUnreachable = errors.New("no peer answers")
	ErrIdentity    = errors.New("the identity can't be used")
	ErrConnection  = errors.New("the connection file can't be used")
)

// OutcomeError names the transaction of which nobody could say whether it committed.
type OutcomeError struct {
	TxID string
	Err  error // the last thing that went wrong
}

// Error reads for a person.
func (e *OutcomeError) Error() string {
	return fmt.Sprintf("%v: %s: %v", ErrOutcome, e.TxID, e.Err)
}

// Unwrap gives both the sentinel and the cause.
func (e *OutcomeError) Unwrap() []error { return []error{ErrOutcome, e.Err} }

// CommitError is a transaction that stands in a block as invalid.
type CommitError struct {
	TxID string
	Code peer.TxValidationCode
}

// Error reads for a person.
func (e *CommitError) Error() string {
	return fmt.Sprintf("transaction %s is invalid: %s", e.TxID, e.Code)
}

// messages are everything that a gateway said about a failure: its own sentence and those of the peers and orderers.
func messages(err error) []string {
	s, ok := status.FromError(err)
	if !ok {
		return []string{err.Error()}
	}
	out := []string{s.Message()}
	for _, d := range s.Details() {
		if detail, ok := d.(*gateway.ErrorDetail); ok {
			out = append(out, detail.GetMessage())
		}
	}
	return out
}

// refusalIn finds the ledger's own no in what a gateway said.
func refusalIn(err error) (*ledger.Refusal, bool) {
	for _, m := range messages(err) {
		if r, ok := ledger.ParseRefusal(m); ok {
			return r, true
		}
	}
	return nil, false
}

// tell turns a gateway's failure into what callers act on.
func tell(function string, err error) error {
	if r, ok := refusalIn(err); ok {
		return fmt.Errorf("%s: %w", function, r)
	}
	if Classify(err) == Elsewhere {
		return fmt.Errorf("%s: %w: %w", function, ErrUnreachable, err)
	}
	return fmt.Errorf("%s: %w", function, err)
}
