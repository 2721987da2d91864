package order

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals about orders.
var (
	ErrRequest     = ledger.Refuse(ledger.Invalid, "order.invalid", "the request breaks a rule")
	ErrOneOffer    = ledger.Refuse(ledger.Invalid, "order.one_offer", "an order names exactly one offer")
	ErrAssurance   = ledger.Refuse(ledger.Forbidden, "order.assurance", "the offer does not admit a machine of this assurance")
	ErrDailyCap    = ledger.Refuse(ledger.Limit, "order.daily_cap", "the machine has ordered as much as it may today")
	ErrShardFull   = ledger.Refuse(ledger.Limit, "order.shard_full", "the machine has no payment script left")
	ErrKeyReused   = ledger.Refuse(ledger.Conflict, "order.key_reused", "the client's key names another order already")
	ErrUnknown     = ledger.Refuse(ledger.NotFound, "order.unknown", "no such order is on the ledger")
	ErrScript      = ledger.Refuse(ledger.Conflict, "order.script_taken", "the payment script belongs to another order")
	ErrOtherScript = ledger.Refuse(ledger.Invalid, "payment.other_script", "the transaction pays nothing to the order's script")
	ErrDust        = ledger.Refuse(ledger.Invalid, "payment.dust", "the transaction pays the order's script less than any node would relay")
	ErrKnown       = ledger.Refuse(ledger.Conflict, "payment.known", "the transaction's outputs are credited already")
	ErrForeignPay  = ledger.Refuse(ledger.Conflict, "payment.foreign", "the output is credited to another order")
	ErrDisputed    = ledger.Refuse(ledger.Conflict, "order.disputed", "a payment of the order is disputed")
)
