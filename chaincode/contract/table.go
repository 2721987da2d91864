package contract

import (
	"fmt"
	"slices"

	"github.com/guildmark/guildmark/chaincode/contract/bitcoin"
	"github.com/guildmark/guildmark/chaincode/contract/catalogue"
	"github.com/guildmark/guildmark/chaincode/contract/governance"
	"github.com/guildmark/guildmark/chaincode/contract/licenses"
	"github.com/guildmark/guildmark/chaincode/contract/machines"
	"github.com/guildmark/guildmark/chaincode/contract/orders"
	"github.com/guildmark/guildmark/chaincode/contract/royalties"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Functions is the one table of what the ledger can be asked, and by whom. Nothing else can be reached.
func Functions() []state.Function {
	return slices.Concat(
		governance.Functions(), catalogue.Functions(), machines.Functions(), orders.Functions(), bitcoin.Functions(),
		licenses.Functions(), royalties.Functions(),
	)
}

// index finds functions by their names, of which no two may be the same.
func index(functions []state.Function) (map[string]state.Function, error) {
	byName := make(map[string]state.Function, len(functions))
	for _, f := range functions {
		if _, known := byName[f.Name]; known {
			return nil, fmt.Errorf("the table has two functions %s", f.Name)
		}
		byName[f.Name] = f
	}
	return byName, nil
}

// authorize judges the caller before each call: its role against the function's row and the role's homes and,
// where the row demands it, its key against its recorded party (T1).
func authorize(t *state.Transaction, f state.Function) error {
	if err := party.Authorize(t.Caller(), t.Config().Homes, f.Roles); err != nil {
		return err
	}
	if !f.Pinned {
		return nil
	}
	recorded, err := t.Party(t.Caller().Party)
	if err != nil {
		return err
	}
	return party.Pinned(t.Caller(), recorded)
}
