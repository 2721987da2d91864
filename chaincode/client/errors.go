package client

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/status"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Errors that callers act on; the package comment says how.
var (
	ErrOutcome     = errors.New("it is not known whether the transaction committed")
	ErrUnreachable = errors.New("no peer can be reached")
	ErrIdentity    = errors.New("identity")
	ErrConnection  = errors.New("connection file")
	ErrBehind      = errors.New("a peer has not received a block that others have")
	ErrMismatch    = errors.New("endorsers returned different results")
)

// OutcomeError names a transaction of which it is not known whether it committed.
type OutcomeError struct {
	TxID string
	Err  error // the last failure
}

// Error names the transaction and the last failure.
func (e *OutcomeError) Error() string {
	return fmt.Sprintf("%v: %s: %v", ErrOutcome, e.TxID, e.Err)
}

// Unwrap gives both the sentinel and the cause.
func (e *OutcomeError) Unwrap() []error { return []error{ErrOutcome, e.Err} }

// CommitError is a transaction that is in a block and invalid: it changed nothing.
type CommitError struct {
	TxID string
	Code peer.TxValidationCode
}

// Error names the transaction and Fabric's flag.
func (e *CommitError) Error() string {
	return fmt.Sprintf("transaction %s is in a block and invalid: %s", e.TxID, e.Code)
}

// BehindError is a refusal, or a difference between endorsers, that is not final: the peer had not received
// the last block seen when the client stopped waiting for it.
type BehindError struct {
	Peer   string
	Block  uint64 // the block that the peer lacks
	Answer string // what it returned without that block; nothing to act on
}

// Error names peer and block, and what the peer returned without it.
func (e *BehindError) Error() string {
	return fmt.Sprintf("%v: %s did not receive block %d in time and returned without it: %s", ErrBehind,
		e.Peer, e.Block, e.Answer)
}

// Unwrap gives the sentinel and not the answer, which is no refusal to act on.
func (e *BehindError) Unwrap() error { return ErrBehind }

// messages are all texts of a gateway's failure: its own and those of the peers and orderers that it called.
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

// refusalIn finds the ledger's refusal among the texts of a gateway's failure.
func refusalIn(err error) (*ledger.Refusal, bool) {
	for _, m := range messages(err) {
		if r, ok := ledger.ParseRefusal(m); ok {
			return r, true
		}
	}
	return nil, false
}

// blamed are the organizations whose peers refused a call or answered otherwise than the first; called is the
// one whose gateway was asked, and whose peer answers first. Nobody is when the failure is neither a refusal
// nor a difference.
func blamed(err error, called string) []string {
	differ := Classify(err) == Mismatch
	if _, refused := refusalIn(err); !refused && !differ {
		return nil
	}
	var msps []string
	s, _ := status.FromError(err)
	for _, d := range s.Details() {
		detail, ok := d.(*gateway.ErrorDetail)
		if !ok {
			continue
		}
		if _, refused := ledger.ParseRefusal(detail.GetMessage()); refused ||
			strings.Contains(detail.GetMessage(), mismatch) {
			msps = append(msps, detail.GetMspId())
		}
	}
	if differ || len(msps) == 0 {
		msps = append(msps, called)
	}
	return msps
}

// failing are the organizations that a gateway says did not endorse, other than by a refusal of the ledger;
// empty when it does not say, since it or one of them hangs.
func failing(err error) []string {
	s, _ := status.FromError(err)
	var msps []string
	for _, d := range s.Details() {
		if detail, ok := d.(*gateway.ErrorDetail); ok {
			msps = append(msps, detail.GetMspId())
		}
	}
	if _, list, ok := strings.Cut(s.Message(), "failed to find any endorsing peers for org(s): "); ok {
		msps = append(msps, strings.Split(list, ", ")...)
	}
	return msps
}

// tell turns a gateway's failure into an error that callers act on.
func tell(function string, err error) error {
	if r, ok := refusalIn(err); ok {
		return fmt.Errorf("%s: %w", function, r)
	}
	switch Classify(err) {
	case Elsewhere:
		return fmt.Errorf("%s: %w: %w", function, ErrUnreachable, err)
	case Mismatch:
		return fmt.Errorf("%s: %w: %w", function, ErrMismatch, err)
	case Final, Again:
	}
	return fmt.Errorf("%s: %w", function, err)
}
