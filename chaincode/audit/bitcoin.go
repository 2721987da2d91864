package audit

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// ErrHeaders says that the file of headers is of no use for this ledger: export the headers again, from a
// node that has the newest blocks. It is no finding, since the ledger may be in order.
var ErrHeaders = errors.New("the Bitcoin headers are not enough")

// HeaderFile is an export of a Bitcoin node's best chain: 80-byte headers in hex, the first of height Start.
type HeaderFile struct {
	Network string   `json:"network"`
	Start   uint32   `json:"start"`
	Headers []string `json:"headers"`
}

// Check refuses an export of a node that has no block but the genesis block.
func (f HeaderFile) Check() error {
	if len(f.Headers) == 0 {
		return fmt.Errorf("%w: the node's %s chain ends at height %d; wait until it has the blocks, or ask "+
			"another node",
			ErrHeaders, f.Network, int64(f.Start)-1)
	}
	return nil
}

// Bitcoin is what the comparison with the auditor's own headers came to.
type Bitcoin struct {
	Headers  int    `json:"headers"` // judged by the network's rules
	Height   uint32 `json:"height"`
	Tip      string `json:"tip"`
	Payments int    `json:"payments"` // whose block is on that chain
	Followed int    `json:"followed"` // heights at which the ledger names the same block
}

// anyTime switches off the rule that a header may not be two hours ahead of its acceptance: it was accepted
// long ago.
const anyTime = int64(1) << 40

// bitcoin judges the auditor's own headers from the governed checkpoint on, and compares the ledger with them.
func (r *run) bitcoin(b *Books) error {
	last := r.report.Blocks - 1
	wrong := func(check string, err error) error {
		return &Finding{Check: check, Block: last, Tx: -1, Detail: err.Error()}
	}
	chain, err := r.judgeHeaders()
	if err != nil {
		return wrong(CheckHeaders, err)
	}
	report := &Bitcoin{
		Headers: len(chain.hashes) - 1, Tip: chain.hashes[len(chain.hashes)-1],
		Height: chain.start + uint32(len(chain.hashes)) - 1, //nolint:gosec // far fewer than 2^32 headers
	}
	r.report.Bitcoin = report
	for _, s := range b.Sales {
		for _, p := range s.Outputs {
			if err := chain.reaches(p.Height, "the payment of order "+command.ID(p.Order)); err != nil {
				return err
			}
			if chain.at(p.Height) != p.Block {
				return wrong(CheckPayment, fmt.Errorf("output %s:%d of order %s: block %s at height %d is "+
					"not on the chain of the headers",
					p.TxID, p.Vout, p.Order, p.Block, p.Height))
			}
			report.Payments++
		}
	}
	start, end := spv.FinalFamily.Range() // what payments were judged by
	for _, e := range r.state.space(r.config.Chaincode).Range(start, end) {
		height, err := spv.ParseFinalKey(e.Key)
		if err != nil {
			return wrong(CheckBooks, err)
		}
		if err := chain.reaches(uint32(height), "the last height that the ledger holds for final"); err != nil {
			return err
		}
		if chain.at(uint32(height)) != string(e.Value) {
			return wrong(CheckPayment, fmt.Errorf("the ledger holds %s for final at height %d, the headers say %q",
				e.Value, height, chain.at(uint32(height))))
		}
		report.Followed++
	}
	return nil
}

// headerChain is a judged chain: hashes from the checkpoint's height on.
type headerChain struct {
	start  uint32
	hashes []string
}

func (c headerChain) at(height uint32) string {
	if height < c.start || int(height-c.start) >= len(c.hashes) {
		return ""
	}
	return c.hashes[height-c.start]
}

// reaches refuses headers that end before a height that the ledger speaks of.
func (c headerChain) reaches(height uint32, what string) error {
	if end := c.start + uint32(len(c.hashes)) - 1; height > end { //nolint:gosec // far fewer than 2^32 headers
		return fmt.Errorf("%w: they end at height %d, %s is at %d", ErrHeaders, end, what, height)
	}
	return nil
}

func (r *run) judgeHeaders() (headerChain, error) {
	var chain headerChain
	var f HeaderFile
	if err := json.Unmarshal(r.config.Headers, &f); err != nil {
		return chain, fmt.Errorf("read headers: %w", err)
	}
	c, err := r.governed()
	if err != nil {
		return chain, err
	}
	rules, err := spv.RulesFor(c.Bitcoin.Network, c.Bitcoin.FinalDepth, c.Bitcoin.Attestations)
	if err != nil {
		return chain, fmt.Errorf("rules of %s: %w", c.Bitcoin.Network, err)
	}
	at, err := spv.ParseRecord(c.Bitcoin.Checkpoint)
	if err != nil {
		return chain, fmt.Errorf("checkpoint: %w", err)
	}
	if f.Network != c.Bitcoin.Network || f.Start > uint32(at.Height)+1 {
		return chain, fmt.Errorf("expected headers of %[3]s from height %[4]d or lower, got %[1]s from %[2]d",
			f.Network, f.Start, c.Bitcoin.Network, at.Height+1)
	}
	chain = headerChain{start: uint32(at.Height), hashes: []string{at.Hash.String()}}
	for i := int(uint32(at.Height) + 1 - f.Start); i < len(f.Headers); i++ {
		var raw [spv.HeaderSize]byte
		b, err := hex.DecodeString(f.Headers[i])
		if err != nil || len(b) != len(raw) {
			return chain, fmt.Errorf("header %d is not 80 bytes of hex", i)
		}
		copy(raw[:], b)
		if at, err = spv.Accept(&at, &raw, &rules, anyTime); err != nil {
			return chain, fmt.Errorf("header %d (%s): %w", i, chainhash.DoubleHashH(b), err)
		}
		chain.hashes = append(chain.hashes, at.Hash.String())
	}
	return chain, nil
}
