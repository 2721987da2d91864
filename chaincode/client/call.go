package client

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// call is one question to the ledger over all its attempts.
type call struct {
	*Client
	*turns
	function string
	mark     Checkpoint // the last block that was seen when the call began
	until    time.Time  // when waiting for peers that lack it ends; zero: none had to be waited for

	had        map[*node]uint64 // the height that each peer was known to have when the attempt began
	leveled    bool             // all peers were asked how high they stand
	tried      int              // failures that were waited out
	mismatches int              // since the last wait for a block
}

// persist calls do until it succeeds, its failure is final, or the attempts are used up. do gets the
// organizations whose turn it is; nil for an empty plan.
func (c *Client) persist(ctx context.Context, function string, plan Plan,
	do func(ctx context.Context, n *node, organizations []string) error,
) error {
	k := &call{Client: c, turns: newTurns(&c.pool.rota, plan), function: function, mark: c.Last()}
	for {
		n := c.pool.current()
		k.had = c.heights()
		failure := do(ctx, n, k.next())
		if failure == nil {
			k.succeeded()
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

// judge gives the error that ends the call, or waits as the failure's class asks for and gives nil: try again.
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
		k.elsewhere(ctx, n, failing(failure))
	case Again:
	}
	k.tried++
	k.log.DebugContext(ctx, "ledger: trying again", "function", k.function, "peer", n.name,
		"class", class.String(), "tried", k.tried)
	if k.tried == maxAttempts || pause(ctx, class, k.tried-1) != nil {
		return tell(k.function, failure)
	}
	return nil
}

// elsewhere moves on to other organizations of the plan, and to another gateway unless others alone are to
// blame.
func (k *call) elsewhere(ctx context.Context, n *node, blamed []string) {
	if set := k.current(); set != nil {
		k.log.WarnContext(ctx, "ledger: organizations did not endorse, others are asked",
			"function", k.function, "asked", set, "failed", blamed)
	}
	k.failed(blamed)
	if k.current() == nil || len(blamed) == 0 || slices.Contains(blamed, n.msp) {
		k.pool.leave(n)
	}
}

// conclude ends the call, unless a peer that failed it lacks the last block seen: then it moves on to other
// organizations of the plan, or waits until the peer has the block (T34). nil means try again.
func (k *call) conclude(ctx context.Context, n *node, failure error) error {
	behind := k.behind(ctx, n, failure)
	if len(behind) == 0 {
		return tell(k.function, failure)
	}
	k.mismatches = 0
	k.log.DebugContext(ctx, "ledger: a peer refused without the last block seen, it is waited for",
		"function", k.function, "peer", behind[0].name, "block", k.mark.Block)
	if k.fresh() {
		var msps []string
		for _, laggard := range behind {
			msps = append(msps, laggard.msp)
		}
		k.failed(msps)
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
		if waiting.Err() != nil || pause(waiting, Again, 0) != nil {
			err := &BehindError{Peer: laggard.name, Block: k.mark.Block, Answer: tell(k.function, failure).Error()}
			if ctx.Err() != nil {
				return fmt.Errorf("%s: %w: %w", k.function, ctx.Err(), err)
			}
			return fmt.Errorf("%s: %w", k.function, err)
		}
		k.failed([]string{laggard.msp})
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

// behind lists the peers that may have failed the call only because they lack the last block that was seen:
// of those that refused it, or of all that were asked when their results differ. What counts is the height that
// was known before the attempt: a peer that has the block now may have refused a moment before it came. A refusal
// by an organization to whose peers there is no connection counts as it is: they can't be asked whether they have
// the block.
func (k *call) behind(ctx context.Context, n *node, failure error) []*node {
	msps := blamed(failure, n.msp)
	if len(msps) > 0 && k.newest && !k.leveled {
		k.level(ctx)
		k.leveled, k.mark = true, k.Last()
	}
	if set := k.current(); set != nil && Classify(failure) == Mismatch {
		msps = set // the one that lags may be the one that answered first
	}
	var out []*node
	for _, peer := range k.pool.nodes {
		if slices.Contains(msps, peer.msp) && k.had[peer] < k.mark.Block {
			out = append(out, peer)
		}
	}
	return out
}
