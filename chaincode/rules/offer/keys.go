package offer

import "github.com/guildmark/guildmark/chaincode/ledger"

// Family is the key family of offers, by id.
var Family = ledger.NewFamily("offer", ledger.IsHash)

// Families lists it.
func Families() []ledger.Family { return []ledger.Family{Family} }

// Key names an offer.
func Key(id string) string { return Family.Key(id) }
