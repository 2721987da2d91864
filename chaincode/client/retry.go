package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Class says what may be done about a failure.
type Class int

// The classes of failure.
const (
	Final     Class = iota // asking again gives the same answer, or harm
	Mismatch               // endorsers stood at different heights: a new proposal in 20 to 50 ms
	Again                  // a new proposal to the same peer, a little later
	Elsewhere              // another peer, or other named organizations
)

// String names the class.
func (c Class) String() string { return [...]string{"final", "mismatch", "again", "elsewhere"}[c] }

// mismatch is what a gateway says of an endorser whose result differs from the first one's.
const mismatch = "ProposalResponsePayloads do not match"

// Classify sorts a failure of endorse, submit or evaluate by the gRPC status and its details. It is a pure function.
func Classify(err error) Class {
	if errors.Is(err, context.Canceled) {
		return Final
	}
	all := strings.Join(messages(err), "\n")
	switch {
	case strings.Contains(all, "FORBIDDEN"): // a high-S signature or a stranger; the status itself says Unavailable (measured)
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
	if strings.Contains(all, "chaincode response") { // it ran and failed without a refusal: a fault of ours
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

// ClassifyCommit sorts what the peers said of a transaction in a block.
func ClassifyCommit(code peer.TxValidationCode) Class {
	switch code {
	case peer.TxValidationCode_MVCC_READ_CONFLICT, peer.TxValidationCode_PHANTOM_READ_CONFLICT:
		return Again
	default:
		return Final
	}
}

// Attempts of one call: three new proposals after a mismatch cured all that were measured; six in all give a restarted
// peer about three seconds.
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

// call is one question to the ledger over all its attempts.
type call struct {
	*Client
	function string
	plan     Plan       // the organizations that are asked in turn; empty: the gateway chooses
	mark     Checkpoint // the last block that was seen when the call began
	until    time.Time  // when waiting for peers that lack it ends; zero: none had to be waited for

	leveled    bool // all peers were asked how high they stand
	tried      int  // failures that were waited out
	mismatches int  // since the last wait for a block
	turn       int  // failures that another peer or other organizations may mend
}

// persist runs do until it succeeds, fails for good, or has been tried enough. do is told its turn: the failures so
// far that another peer or other organizations might mend.
func (c *Client) persist(ctx context.Context, function string, plan Plan, do func(ctx context.Context, n *node, turn int) error) error {
	k := &call{Client: c, function: function, plan: plan, mark: c.Last()}
	for {
		n := c.pool.current()
		failure := do(ctx, n, k.turn)
		if failure == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w: %w", function, ctx.Err(), failure)
		}
		if err := k.judge(ctx, n, failure); err != nil {
			return err
		}
	}
}

// judge gives the error that ends the call, or nil when it shall be tried again; the pause before that is over then.
func (k *call) judge(ctx context.Context, n *node, failure error) error {
	class := Classify(failure)
	switch class {
	case Final:
		return k.conclude(ctx, n, failure)
	case Mismatch:
		if k.mismatches++; k.mismatches > maxMismatches {
			return k.conclude(ctx, n, failure)
		}
	case Elsewhere:
		k.turn++
		k.pool.leave(n)
	case Again:
	}
	k.tried++
	k.log.DebugContext(ctx, "ledger: trying again", "function", k.function, "peer", n.name, "class", class.String(), "tried", k.tried)
	if k.tried == maxAttempts || pause(ctx, class, k.tried-1) != nil {
		return tell(k.function, failure)
	}
	return nil
}

// conclude ends the call, unless who failed it lacks the last block that was seen: then other organizations of the plan
// are asked, or the block is waited for (T34). nil means try again.
func (k *call) conclude(ctx context.Context, n *node, failure error) error {
	behind := k.behind(ctx, n, failure)
	if len(behind) == 0 {
		return tell(k.function, failure)
	}
	k.mismatches = 0
	k.log.DebugContext(ctx, "ledger: refused without the last block seen", "function", k.function, "peer", behind[0].name, "block", k.mark.Block)
	if k.turn+1 < len(k.plan) {
		k.turn++
		return nil
	}
	return k.await(ctx, n, behind, failure)
}

// await waits for peers that lack the last block seen: a step for each, then another peer is asked.
func (k *call) await(ctx context.Context, n *node, behind []*node, failure error) error {
	if k.until.IsZero() {
		k.until = time.Now().Add(k.limits.lag)
	}
	waiting, cancel := context.WithDeadline(ctx, k.until)
	defer cancel()
	for _, laggard := range behind {
		if k.step(waiting, laggard) == nil {
			continue
		}
		if waiting.Err() != nil || pause(waiting, Again, k.turn) != nil {
			err := &BehindError{Peer: laggard.name, Block: k.mark.Block, Answer: tell(k.function, failure).Error()}
			if ctx.Err() != nil {
				return fmt.Errorf("%s: %w: %w", k.function, ctx.Err(), err)
			}
			return fmt.Errorf("%s: %w", k.function, err)
		}
		k.turn++
		k.pool.leave(n)
		break
	}
	return nil
}

func (k *call) step(ctx context.Context, laggard *node) error {
	ctx, cancel := context.WithTimeout(ctx, k.limits.named)
	defer cancel()
	return k.reach(ctx, laggard, k.mark)
}

// behind lists the peers that may have failed the call only because they lack the last block that was seen: of those
// that refused it, or of all that were asked when their results differ. A refusal by an organization to whose peers
// there is no connection counts as it is: they can't be asked whether they have the block.
func (k *call) behind(ctx context.Context, n *node, failure error) []*node {
	msps := blamed(failure, n.msp)
	if len(msps) > 0 && k.newest && !k.leveled {
		k.level(ctx)
		k.leveled, k.mark = true, k.Last()
	}
	if set := k.plan.at(k.turn); len(set) > 0 && Classify(failure) == Mismatch {
		msps = set // the one that lags may be the one that answered first
	}
	var out []*node
	for _, peer := range k.pool.nodes {
		if slices.Contains(msps, peer.msp) && peer.height(k.channel) < k.mark.Block {
			out = append(out, peer)
		}
	}
	return out
}
