package fabric

import (
	"context"
	"fmt"
	"strings"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/hash"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/topology"
)

// unknownFunction is a function that no chaincode has. A refusal by a chaincode proves that the peer reached
// it over mutual TLS.
const unknownFunction = "network:Probe"

// Reach has each partner's peer call its chaincode, through this partner's own gateway, until all have
// answered. After it the partner's first transactions are endorsed in any combination: without it they fail
// now and then with "failed to find any endorsing peers", until gossip has introduced everybody.
func Reach(ctx context.Context, h *home.Home, channel string, c topology.Installed) error {
	conn, admin, err := asAdmin(h)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	gateway, err := client.Connect(admin, client.WithClientConnection(conn), client.WithHash(hash.NONE),
		client.WithSign(admin.Sign))
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	defer func() { _ = gateway.Close() }()
	contract := gateway.GetNetwork(channel).GetContract(c.Name)
	for _, target := range h.Topology.Partners {
		err := retry(ctx, func(ctx context.Context) error {
			_, err := contract.EvaluateWithContext(ctx, unknownFunction,
				client.WithEndorsingOrganizations(target.MSP))
			if answeredByChaincode(err) {
				return nil
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("call the chaincode of %s: %w", target.Name, err)
		}
	}
	return nil
}

// answeredByChaincode distinguishes a chaincode's own error from the peer's: the gateway reports it as
// "chaincode response <status>, <message>".
func answeredByChaincode(err error) bool {
	if err == nil {
		return true
	}
	return strings.Contains(detailed(err), "chaincode response")
}
