package client

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Class says what can be done after a failure.
type Class int

// The classes of failure.
const (
	Final     Class = iota // nothing: the same call would fail again, or could do harm
	Mismatch               // a new proposal in 20 to 50 ms: endorsers had different blocks
	Again                  // a new proposal to the same peer, a little later
	Elsewhere              // a new proposal to another peer, or to other named organizations
)

// String names the class.
func (c Class) String() string { return [...]string{"final", "mismatch", "again", "elsewhere"}[c] }

// mismatch is what a gateway says of an endorser whose result differs from the first one's.
const mismatch = "ProposalResponsePayloads do not match"

// Classify sorts a failure of endorse, submit or evaluate by the gRPC status and its details.
func Classify(err error) Class {
	if errors.Is(err, context.Canceled) {
		return Final
	}
	all := strings.Join(messages(err), "\n")
	switch {
	// a high-S signature or a stranger; the status itself says Unavailable (measured)
	case strings.Contains(all, "FORBIDDEN"):
		return Final
	case strings.Contains(all, mismatch):
		return Mismatch
	case strings.Contains(all, "no combination of peers can be derived"), // gossip isn't ready
		strings.Contains(all, "exceeding concurrency limit"):
		return Again
	}
	if r, ok := refusalIn(err); ok {
		if r.Kind == ledger.Unavailable {
			return Elsewhere
		}
		return Final
	}
	if strings.Contains(all, "chaincode response") { // it failed without a refusal: a defect of the chaincode
		return Final
	}
	return classifyCode(err)
}

func classifyCode(err error) Class {
	s, ok := status.FromError(err)
	if !ok && errors.Is(err, context.DeadlineExceeded) {
		return Elsewhere
	}
	switch s.Code() {
	case codes.Unavailable, codes.FailedPrecondition, codes.DeadlineExceeded, codes.Aborted:
		return Elsewhere
	case codes.ResourceExhausted:
		return Again
	default:
		return Final
	}
}

// ClassifyCommit sorts the flag of a transaction that is in a block.
func ClassifyCommit(code peer.TxValidationCode) Class {
	switch code {
	case peer.TxValidationCode_MVCC_READ_CONFLICT, peer.TxValidationCode_PHANTOM_READ_CONFLICT:
		return Again
	default:
		return Final
	}
}

// Attempts of one call. Three new proposals after a mismatch were enough in all measured cases; six attempts
// in all give a restarted peer about three seconds.
const (
	maxMismatches = 3
	maxAttempts   = 6
)

// pause waits as a class asks for, or until ctx ends. tried counts the failures so far.
func pause(ctx context.Context, class Class, tried int) error {
	wait := 20*time.Millisecond + rand.N(30*time.Millisecond) //nolint:gosec // spreads retries, guards nothing
	if class != Mismatch {
		wait = 50*time.Millisecond<<min(tried, 4) + rand.N(20*time.Millisecond) //nolint:gosec // as above
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
