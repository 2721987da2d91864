package machine

import "github.com/guildmark/guildmark/chaincode/ledger"

// The key families of machines.
var (
	Family      = ledger.NewFamily("machine", ledger.IsHash) // Machine by id
	ShardFamily = ledger.NewFamily("shard", ledger.IsNumber) // Shard by number
)

// Families lists them.
func Families() []ledger.Family { return []ledger.Family{Family, ShardFamily} }

// Key names a machine.
func Key(id string) string { return Family.Key(id) }

// ShardKey names a machine's own counter of payment scripts.
func ShardKey(shard uint32) string { return ShardFamily.Key(ledger.Number(shard)) }
