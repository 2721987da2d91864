package royalty

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals about splits.
var (
	ErrAmount     = ledger.Refuse(ledger.Invalid, "split.amount", "the amount to split is not a positive amount of satoshi")
	ErrCommission = ledger.Refuse(ledger.Invalid, "split.commission", "the commission does not fit the price")
	ErrWeights    = ledger.Refuse(ledger.Invalid, "split.weights", "a contributor's weight is not between 1 and 1,000,000")
	ErrTooMany    = ledger.Refuse(ledger.Invalid, "split.too_many", "more contributors than a split takes")
	ErrDuplicate  = ledger.Refuse(ledger.Invalid, "split.duplicate_payee", "a payee stands twice among the contributors")
	ErrPayee      = ledger.Refuse(ledger.Invalid, "split.payee", "the payee is not a party id")
	ErrResidual   = ledger.Refuse(ledger.Invalid, "split.residual", "either contributors take what the commission leaves, or one residual payee")
)
