package oracle

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// batch is how many headers one transaction carries: 33 kB of arguments.
const batch = 200

// relay submits the node's headers to the ledger, from the last block that both chains have.
func (o *Oracle) relay(ctx context.Context) error {
	tip, err := o.tip(ctx)
	if err != nil {
		return err
	}
	from, err := o.common(ctx, tip)
	if err != nil {
		return err
	}
	for {
		headers, err := o.config.Node.Headers(ctx, from, batch)
		if err != nil || len(headers) == 0 {
			return err
		}
		list := make([]string, len(headers))
		for i := range headers {
			list[i] = hex.EncodeToString(headers[i][:])
		}
		_, err = o.config.Ledger.Submit(ctx, "bitcoin:SubmitHeaders", string(ledger.Encode(list)))
		if err != nil && !errors.Is(err, spv.ErrNothingNew) {
			return fmt.Errorf("relay %d headers: %w", len(headers), err)
		}
		from = chainhash.DoubleHashH(headers[len(headers)-1][:])
	}
}

// tip reads the ledger's tip, and starts the ledger's chain where no partner has done so.
func (o *Oracle) tip(ctx context.Context) (spv.Block, error) {
	var t spv.TipView
	err := o.evaluate(ctx, &t, "bitcoin:Tip")
	if errors.Is(err, spv.ErrNotStarted) {
		if _, err := o.config.Ledger.Submit(ctx, "bitcoin:Start"); err != nil && !errors.Is(err, spv.ErrStarted) {
			return spv.Block{}, fmt.Errorf("start the ledger's chain: %w", err)
		}
		err = o.evaluate(ctx, &t, "bitcoin:Tip")
	}
	if err != nil {
		return spv.Block{}, err
	}
	hash, err := chainhash.NewHashFromStr(t.Hash)
	if err != nil {
		return spv.Block{}, fmt.Errorf("read the ledger's tip: %w", err)
	}
	return spv.Block{Height: spv.Height(t.Height), Hash: *hash}, nil
}

// common finds the highest block that node and ledger share, from the ledger's tip down.
func (o *Oracle) common(ctx context.Context, tip spv.Block) (chainhash.Hash, error) {
	for at := tip; ; {
		hash, ok, err := o.config.Node.HashAt(ctx, at.Height)
		if err != nil {
			return hash, err
		}
		if ok && hash == at.Hash {
			return hash, nil
		}
		if at.Height == 0 {
			return hash, errors.New("the node and the ledger have different first blocks; expected a node of " +
				"the ledger's Bitcoin network")
		}
		at.Height--
		text, err := o.config.Ledger.Evaluate(ctx, "bitcoin:Locate", decimal(at.Height))
		if err != nil {
			return hash, fmt.Errorf("find the last block that node and ledger share: %w", err)
		}
		named, err := chainhash.NewHashFromStr(text)
		if err != nil {
			return hash, fmt.Errorf("find the last block that node and ledger share: %w", err)
		}
		at.Hash = *named
	}
}
