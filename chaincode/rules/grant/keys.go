package grant

import "github.com/guildmark/guildmark/chaincode/ledger"

// The key families of grants and of what a machine reports.
var (
	// Grant by license and number, from 1
	Family = ledger.NewFamily("grant", ledger.IsHash, ledger.IsNumber)
	// Answer by license, grant's number and custodian
	AnswerFamily = ledger.NewFamily("answer", ledger.IsHash, ledger.IsNumber, ledger.IsMSP)
	OpenFamily   = ledger.NewFamily("granting", ledger.IsHash) // Open by machine
	// Receipt by license and count
	ReceiptFamily = ledger.NewFamily("receipt", ledger.IsHash, ledger.IsNumber)
)

// Families lists them.
func Families() []ledger.Family {
	return []ledger.Family{Family, AnswerFamily, OpenFamily, ReceiptFamily}
}

// Key names the n-th grant of a license, from 1.
func Key(license string, n int) string { return Family.Key(license, ledger.Number(n)) }

// AnswerKey names a custodian's answer to a grant.
func AnswerKey(license string, n int, msp string) string {
	return AnswerFamily.Key(license, ledger.Number(n), msp)
}

// OpenKey names a machine's newest grant.
func OpenKey(machine string) string { return OpenFamily.Key(machine) }

// ReceiptKey names the receipt that attests a count.
func ReceiptKey(license string, count int64) string {
	return ReceiptFamily.Key(license, ledger.Number(count))
}
