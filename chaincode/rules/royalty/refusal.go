package royalty

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of splits.
var (
	// ErrAmount means that the amount to divide is zero, negative, or more than there are bitcoin. Ask
	// another price.
	ErrAmount = ledger.Refuse(ledger.Invalid, "split.amount", "the amount to divide is not 1 to 2100000000000000 sat")
	// ErrCommission means that a bound of the governed commission does not fit the price; Saw names it. Ask a
	// price of at least the least commission.
	ErrCommission = ledger.Refuse(ledger.Invalid, "split.commission", "the commission does not fit the price")
	// ErrWeights means that a contributor's weight is outside its bounds. Choose weights from 1 to 1000000.
	ErrWeights = ledger.Refuse(ledger.Invalid, "split.weights",
		"a contributor's weight is not between 1 and 1,000,000")
	// ErrTooMany means that there are more contributors than one split divides among. Name 64 at most.
	ErrTooMany = ledger.Refuse(ledger.Invalid, "split.too_many", "a split has 64 contributors at most")
	// ErrDuplicate means that two contributors have one payee. Add their weights up.
	ErrDuplicate = ledger.Refuse(ledger.Invalid, "split.duplicate_payee", "two contributors have the same payee")
	// ErrPayee means that a payee is not a party id, or its home is not a partner. Name parties of the
	// consortium's partners.
	ErrPayee = ledger.Refuse(ledger.Invalid, "split.payee", "the payee is not a party at home with a partner")
	// ErrResidual means that an offer names both contributors and a residual payee, or neither: one of them
	// gets what the commission leaves. Name one of the two.
	ErrResidual = ledger.Refuse(ledger.Invalid, "split.residual",
		"name contributors or one residual payee: not both, not neither")
)
