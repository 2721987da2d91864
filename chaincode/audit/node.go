package audit

import (
	"context"
	"encoding/hex"

	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
)

// headersAtOnce is what btcd and Bitcoin Core's peers give in one answer (MAX_HEADERS_RESULTS).
const headersAtOnce = 2000

// Headers exports a Bitcoin node's best chain from height 1 on.
func Headers(ctx context.Context, node *rpc.Node, network string) (HeaderFile, error) {
	f := HeaderFile{Network: network, Start: 1, Headers: []string{}}
	last, err := spv.Genesis(network)
	if err != nil {
		return f, err
	}
	if err := node.Check(ctx); err != nil {
		return f, err
	}
	for at := last.Hash; ; {
		headers, err := node.Headers(ctx, at, headersAtOnce)
		if err != nil || len(headers) == 0 {
			return f, err
		}
		for i := range headers {
			f.Headers = append(f.Headers, hex.EncodeToString(headers[i][:]))
		}
		at = chainhash.DoubleHashH(headers[len(headers)-1][:])
	}
}
