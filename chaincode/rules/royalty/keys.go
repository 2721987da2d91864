package royalty

import "github.com/guildmark/guildmark/chaincode/ledger"

// AccrualFamily is the key family of accruals: payee, epoch, order, item, role.
var AccrualFamily = ledger.NewFamily("acc", ledger.IsParty, ledger.IsNumber, ledger.IsHash, ledger.IsNumber,
	ledger.IsWord)

// Families lists it.
func Families() []ledger.Family { return []ledger.Family{AccrualFamily} }

// AccrualKey names what one settlement owes a payee in one role. One payee can hold two roles of one item.
func AccrualKey(payee string, epoch int64, order string, item int, role string) string {
	return AccrualFamily.Key(payee, ledger.Number(epoch), order, ledger.Number(item), role)
}
