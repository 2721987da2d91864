package payment

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of descriptors, addresses and amounts. None goes away by sending the same again.
var (
	// ErrNetwork means that a network is named that has no parameters here. Choose one of the six.
	ErrNetwork = ledger.Refuse(ledger.Invalid, "payment.network",
		"the Bitcoin network must be mainnet, testnet3, testnet4, signet, simnet or regtest")
	// ErrChecksum means that the descriptor was changed or mistyped. Copy it again from where it was made.
	ErrChecksum = ledger.Refuse(ledger.Invalid, "payment.checksum",
		"the descriptor's BIP-380 checksum does not fit its text")
	// ErrDescriptor means that the treasury's descriptor has another form than the one that the ledger takes
	// (T21). Compose it with payment.New.
	ErrDescriptor = ledger.Refuse(ledger.Invalid, "payment.descriptor",
		"the descriptor is not wsh(sortedmulti(2,A/0/*/*,B/0/*/*,C/0/*/*))#checksum")
	// ErrKey means that a key does not parse, or belongs to another network. Take the cosigner's extended
	// public key for this network.
	ErrKey = ledger.Refuse(ledger.Invalid, "payment.key",
		"the descriptor's key is not an extended public key of this network")
	// ErrPrivate means that a private key was about to become public. Treat it as stolen, and use the key's
	// public form.
	ErrPrivate = ledger.Refuse(ledger.Invalid, "payment.private_key",
		"a descriptor on the ledger never holds a private key")
	// ErrTwice means that two of the three cosigners are one. Each partner gives a key of its own.
	ErrTwice = ledger.Refuse(ledger.Invalid, "payment.key_twice", "the descriptor names a key twice")
	// ErrIndex means that a step of the derivation is outside BIP-32's unhardened range, or has no key. The
	// next number has one.
	ErrIndex = ledger.Refuse(ledger.Invalid, "payment.index", "a shard or number is at most 2^31 - 1")
	// ErrAddress means that an address does not parse, or belongs to another network. Copy it again, and
	// compare the network.
	ErrAddress = ledger.Refuse(ledger.Invalid, "payment.address", "the text is not an address of this network")
	// ErrAmount means that a payment request asks for nothing, or for more than exists. Ask for another
	// amount.
	ErrAmount = ledger.Refuse(ledger.Invalid, "payment.amount",
		"the amount to pay must be 1 satoshi to 21 million bitcoin")
)
