package payment

import "github.com/guildmark/guildmark/chaincode/ledger"

// What this package refuses.
var (
	ErrNetwork    = ledger.Refuse(ledger.Invalid, "payment.network", "no Bitcoin network of that name is known")
	ErrChecksum   = ledger.Refuse(ledger.Invalid, "payment.checksum", "the descriptor's BIP-380 checksum does not fit its text")
	ErrDescriptor = ledger.Refuse(ledger.Invalid, "payment.descriptor", "the descriptor is not wsh(sortedmulti(2,A/0/*/*,B/0/*/*,C/0/*/*))#checksum")
	ErrKey        = ledger.Refuse(ledger.Invalid, "payment.key", "the descriptor's key is not an extended public key of this network")
	ErrPrivate    = ledger.Refuse(ledger.Invalid, "payment.private_key", "a descriptor on the ledger never holds a private key")
	ErrTwice      = ledger.Refuse(ledger.Invalid, "payment.key_twice", "the descriptor names a key twice")
	ErrIndex      = ledger.Refuse(ledger.Invalid, "payment.index", "a shard or number is at most 2^31 - 1")
	ErrAddress    = ledger.Refuse(ledger.Invalid, "payment.address", "the text is not an address of this network")
	ErrAmount     = ledger.Refuse(ledger.Invalid, "payment.amount", "the amount can't be paid")
)
