package order

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of orders.
var (
	// ErrRequest means that the idempotency key of a request is not 1 to 64 printable characters. Send the
	// request with another key.
	ErrRequest = ledger.Refuse(ledger.Invalid, "order.invalid",
		"the key of the request is not 1 to 64 printable characters")
	// ErrOneOffer means that a request names none or several offers. Place one order for each offer.
	ErrOneOffer = ledger.Refuse(ledger.Invalid, "order.one_offer", "an order names exactly one offer")
	// ErrAssurance means that the machine's class is not among those that the offer admits. Buy for a machine
	// of such a class, or another offer.
	ErrAssurance = ledger.Refuse(ledger.Forbidden, "order.assurance",
		"the offer does not admit a machine of this assurance")
	// ErrDailyCap means that the order would bring what the machine orders in a day above limits.dailyCap.
	// Order again tomorrow.
	ErrDailyCap = ledger.Refuse(ledger.Limit, "order.daily_cap",
		"the order would exceed what a machine may order in a day")
	// ErrShardFull means that the machine has used all 2^31 numbers of its payment scripts. Enroll the
	// machine anew.
	ErrShardFull = ledger.Refuse(ledger.Limit, "order.shard_full", "the machine has no payment script left")
	// ErrKeyReused means that the buyer placed another order under the same key. Choose another key; to
	// repeat an order, send exactly the same request.
	ErrKeyReused = ledger.Refuse(ledger.Conflict, "order.key_reused", "the buyer placed another order under this key")
	// ErrUnknown means that no order of this id is on the ledger. Check the id.
	ErrUnknown = ledger.Refuse(ledger.NotFound, "order.unknown", "no order of this id is on the ledger")
	// ErrScript means that the payment script of the new order belongs to another order. Don't pay; report
	// it, since numbers of a shard never repeat.
	ErrScript = ledger.Refuse(ledger.Conflict, "order.script_taken", "the payment script belongs to another order")
	// ErrDisputed means that the block of a payment is no longer the final one of its height. Wait until the
	// chain settles; a payment that came into another block is credited again by its proof.
	ErrDisputed = ledger.Refuse(ledger.Conflict, "order.disputed",
		"the block of a payment of the order left the chain")
)

// Refusals of payments.
var (
	// ErrOtherScript means that no output of the transaction pays the order's script. Prove the transaction
	// that does.
	ErrOtherScript = ledger.Refuse(ledger.Invalid, "payment.other_script",
		"the transaction pays nothing to the order's script")
	// ErrDust means that the outputs to the order's script are below 330 sat each. Pay the rest of the price
	// by a larger output.
	ErrDust = ledger.Refuse(ledger.Invalid, "payment.dust",
		"the transaction pays the order's script less than 330 sat an output")
	// ErrKnown means that all outputs of the transaction to this order are recorded. Nothing is left to do.
	ErrKnown = ledger.Refuse(ledger.Conflict, "payment.known", "the transaction's outputs are credited already")
	// ErrForeignPay means that the output is recorded for another order. Don't retry; report it, since one
	// script belongs to one order.
	ErrForeignPay = ledger.Refuse(ledger.Conflict, "payment.foreign", "the output is credited to another order")
)
