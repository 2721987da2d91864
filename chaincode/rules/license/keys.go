package license

import "github.com/guildmark/guildmark/chaincode/ledger"

// The key families of licenses, of their grants and of what a machine reports.
var (
	Family          = ledger.NewFamily("license", ledger.IsHash)                               // License by id
	HeldFamily      = ledger.NewFamily("held", ledger.IsHash, ledger.IsHash)                   // marker: which licenses a machine has
	GrantFamily     = ledger.NewFamily("grant", ledger.IsHash, ledger.IsNumber)                // Grant by license and number, from 1
	AnswerFamily    = ledger.NewFamily("answer", ledger.IsHash, ledger.IsNumber, ledger.IsMSP) // Answer by license, grant's number and custodian
	OpenGrantFamily = ledger.NewFamily("granting", ledger.IsHash)                              // OpenGrant by machine
	ReceiptFamily   = ledger.NewFamily("receipt", ledger.IsHash, ledger.IsNumber)              // Receipt by license and count
)

// Families lists them.
func Families() []ledger.Family {
	return []ledger.Family{Family, HeldFamily, GrantFamily, AnswerFamily, OpenGrantFamily, ReceiptFamily}
}

// Key names a license.
func Key(id string) string { return Family.Key(id) }

// HeldKey lists a license under its machine.
func HeldKey(machine, license string) string { return HeldFamily.Key(machine, license) }

// ParseHeldKey gives the license that a machine's entry names.
func ParseHeldKey(key string) (license string, err error) {
	parts, err := HeldFamily.Parse(key)
	if err != nil {
		return "", err
	}
	return parts[1], nil
}

// GrantKey names the n-th grant of a license, from 1.
func GrantKey(license string, n int) string { return GrantFamily.Key(license, ledger.Number(n)) }

// AnswerKey names a custodian's answer to a grant.
func AnswerKey(license string, n int, msp string) string {
	return AnswerFamily.Key(license, ledger.Number(n), msp)
}

// OpenGrantKey names a machine's newest grant.
func OpenGrantKey(machine string) string { return OpenGrantFamily.Key(machine) }

// ReceiptKey names the receipt that attests a count.
func ReceiptKey(license string, count int64) string {
	return ReceiptFamily.Key(license, ledger.Number(count))
}
