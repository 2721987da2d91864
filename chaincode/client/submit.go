package client

import (
	"context"
	"errors"
	"fmt"

	fabric "github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
)

// Result is a committed transaction.
type Result struct {
	Payload []byte
	TxID    string
	Block   uint64
}

// maxConflicts bounds how often a transaction is made anew after another one changed what it read. Keys are
// chosen so that buyers do not meet on one; more conflicts point to a key that they do meet on.
const maxConflicts = 5

// maxSends bounds how often one envelope is sent.
const maxSends = 4

// Submit writes: endorse -> submit -> wait until the transaction is in a block. When submit fails, the status
// is asked for by transaction id before anything else. A lost envelope is sent again byte for byte, so it can
// take effect only once.
func (c *Client) Submit(ctx context.Context, function string, args ...string) (Result, error) {
	for conflicts := 0; ; conflicts++ {
		tx, err := c.endorse(ctx, nil, function, args)
		if err != nil {
			return Result{}, err
		}
		result, err := c.commit(ctx, tx)
		if err == nil {
			return result, nil
		}
		var invalid *CommitError
		if !errors.As(err, &invalid) || ClassifyCommit(invalid.Code) == Final || conflicts == maxConflicts ||
			pause(ctx, Again, conflicts) != nil {
			return Result{}, fmt.Errorf("%s: %w", function, err)
		}
	}
}

// envelope is a signed transaction; every gateway sends the same bytes.
type envelope struct {
	id        string
	prepared  []byte
	signature []byte
	result    []byte
}

func (c *Client) seal(tx *fabric.Transaction) (envelope, error) {
	e := envelope{id: tx.TransactionID(), result: tx.Result()}
	var err error
	if e.prepared, err = tx.Bytes(); err != nil {
		return e, fmt.Errorf("encode transaction: %w", err)
	}
	if e.signature, err = c.id.Sign(tx.Digest()); err != nil {
		return e, fmt.Errorf("sign transaction: %w", err)
	}
	return e, nil
}

func (c *Client) statusRequest(txID string) ([]byte, error) {
	request, err := proto.Marshal(&gateway.CommitStatusRequest{
		ChannelId: c.channel, TransactionId: txID,
		Identity: c.creator,
	})
	if err != nil {
		return nil, fmt.Errorf("encode status request: %w", err)
	}
	out, err := proto.Marshal(&gateway.SignedCommitStatusRequest{Request: request})
	if err != nil {
		return nil, fmt.Errorf("encode status request: %w", err)
	}
	return out, nil
}

// commit brings an endorsed transaction into a block.
func (c *Client) commit(ctx context.Context, tx *fabric.Transaction) (Result, error) {
	e, err := c.seal(tx)
	if err != nil {
		return Result{}, err
	}
	var last error
	for range maxSends {
		n := c.pool.current()
		sent := c.send(ctx, n, e)
		if sent != nil {
			if Classify(sent) == Final && last == nil {
				return Result{}, tell("submit", sent) // the orderers rejected it, and none can have taken it before
			}
			c.log.WarnContext(ctx, "ledger: submit failed, asking for the status", "tx", e.id, "peer", n.name)
		}
		status, err := c.ask(ctx, n, e.id)
		if err == nil {
			return e.outcome(status)
		}
		last = errors.Join(sent, err)
		if ctx.Err() != nil {
			break
		}
		c.pool.leave(n)
	}
	return Result{}, &OutcomeError{TxID: e.id, Err: last}
}

func (e envelope) outcome(s *fabric.Status) (Result, error) {
	if s.Code != peer.TxValidationCode_VALID {
		return Result{}, &CommitError{TxID: e.id, Code: s.Code}
	}
	return Result{Payload: e.result, TxID: e.id, Block: s.BlockNumber}, nil
}

func (c *Client) send(ctx context.Context, n *node, e envelope) error {
	tx, err := n.gw.NewSignedTransaction(e.prepared, e.signature)
	if err != nil {
		return fmt.Errorf("rebuild transaction: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.limits.submit)
	defer cancel()
	_, err = tx.SubmitWithContext(ctx)
	return err
}

// ask waits for a transaction's status at one peer, up to the commit timeout.
func (c *Client) ask(ctx context.Context, n *node, txID string) (*fabric.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, c.limits.commit)
	defer cancel()
	return c.status(ctx, n, txID)
}

// status waits until a peer has a transaction in a block. That block is seen from then on, whatever the status.
func (c *Client) status(ctx context.Context, n *node, txID string) (*fabric.Status, error) {
	request, err := c.statusRequest(txID)
	if err != nil {
		return nil, err
	}
	commit, err := n.gw.NewCommit(request)
	if err != nil {
		return nil, fmt.Errorf("rebuild status request: %w", err)
	}
	s, err := commit.StatusWithContext(ctx)
	if err != nil {
		return nil, err
	}
	c.saw(n, Checkpoint{Block: s.BlockNumber, TxID: txID})
	return s, nil
}

// Status waits for the outcome of a transaction, up to the commit timeout at each peer: nil, *CommitError, or
// *OutcomeError when no peer has it in a block.
func (c *Client) Status(ctx context.Context, txID string) (block uint64, err error) {
	var last error
	for range c.pool.nodes {
		n := c.pool.current()
		s, err := c.ask(ctx, n, txID)
		if err == nil {
			_, err = envelope{id: txID}.outcome(s)
			return s.BlockNumber, err
		}
		last = err
		if ctx.Err() != nil {
			break
		}
		c.pool.leave(n)
	}
	return 0, &OutcomeError{TxID: txID, Err: last}
}
