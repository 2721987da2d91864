package oracle

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// Known reads, as a partner's oracle, the height of the Bitcoin chain that the ledger knows on a channel.
func Known(ctx context.Context, connection, identity, channel string) (spv.Height, error) {
	c, err := client.Open(connection, identity, client.Config{Channel: channel})
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }() // one question was asked
	raw, err := c.Evaluate(ctx, "bitcoin:Tip")
	if err != nil {
		return 0, err
	}
	var tip spv.TipView
	if err := json.Unmarshal(raw, &tip); err != nil {
		return 0, fmt.Errorf("read the result of bitcoin:Tip: %w", err)
	}
	return spv.Height(tip.Height), nil
}
