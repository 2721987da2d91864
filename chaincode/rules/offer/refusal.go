package offer

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals about offers.
var (
	ErrInvalid   = ledger.Refuse(ledger.Invalid, "offer.invalid", "the offer breaks a rule")
	ErrPrice     = ledger.Refuse(ledger.Invalid, "offer.price", "the price is not an amount that an offer can ask")
	ErrMinPrice  = ledger.Refuse(ledger.Invalid, "offer.min_price", "the price is under the governed minimum")
	ErrModel     = ledger.Refuse(ledger.Invalid, "offer.model", "the license model is not one that this version sells")
	ErrKeyReused = ledger.Refuse(ledger.Conflict, "offer.key_reused", "the licensor's key names another offer already")
	ErrUnknown   = ledger.Refuse(ledger.NotFound, "offer.unknown", "no such offer is on the ledger")
)
