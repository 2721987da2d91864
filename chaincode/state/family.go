package state

import (
	"slices"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// Families lists every family of keys on the ledger, sorted by name. The package of the rules declares each.
func Families() []ledger.Family {
	all := slices.Concat(
		consortium.Families(), party.Families(), dataset.Families(), offer.Families(), machine.Families(),
		order.Families(),
		license.Families(), grant.Families(), royalty.Families(), spv.Families(),
	)
	slices.SortFunc(all, func(a, b ledger.Family) int { return strings.Compare(a.Name(), b.Name()) })
	return all
}

// FamilyOf finds the family that a key belongs to, and [ledger.ErrKey] where no family has such a key.
func FamilyOf(key string) (ledger.Family, error) {
	for _, f := range Families() {
		if _, err := f.Parse(key); err == nil {
			return f, nil
		}
	}
	return ledger.Family{}, ledger.ErrKey.With(key)
}
