package offer

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of offers.
var (
	// ErrInvalid means that a field of an offer has a value that its rule excludes; Saw names the field, the
	// value and what is expected. Send the offer with that field corrected.
	ErrInvalid = ledger.Refuse(ledger.Invalid, "offer.invalid",
		"a field of the offer has a value that its rule excludes")
	// ErrPrice means that the price is zero, negative, or more than there are bitcoin. Ask another price.
	ErrPrice = ledger.Refuse(ledger.Invalid, "offer.price", "the price is not 1 to 2100000000000000 sat")
	// ErrMinPrice means that the price is under limits.minPrice of the configuration. Ask at least that.
	ErrMinPrice = ledger.Refuse(ledger.Invalid, "offer.min_price",
		"the price is under the least that the configuration allows")
	// ErrModel means that the license model is not a number of uses, the only model of this version. Offer 1
	// to 1000000 uses.
	ErrModel = ledger.Refuse(ledger.Invalid, "offer.model",
		"the license model is not 'uses' with 1 to 1000000 of them")
	// ErrKeyReused means that the licensor made another offer under the same key. Choose another key; to
	// repeat an offer, send exactly the same request.
	ErrKeyReused = ledger.Refuse(ledger.Conflict, "offer.key_reused",
		"the licensor made another offer under this key")
	// ErrUnknown means that no offer of this id is on the ledger. Check the id.
	ErrUnknown = ledger.Refuse(ledger.NotFound, "offer.unknown", "no offer of this id is on the ledger")
)
