package party

import "github.com/guildmark/guildmark/chaincode/ledger"

// Family is the key family of parties.
var Family = ledger.NewFamily("party", ledger.IsParty)

// Families lists it.
func Families() []ledger.Family { return []ledger.Family{Family} }

// RecordKey names a party's record. (A [Key] is a signing key that the record pins.)
func RecordKey(id string) string { return Family.Key(id) }
