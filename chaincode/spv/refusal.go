package spv

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of records and of network rules.
var (
	// ErrRecord means that a trusted start, or a stored record, is not what Record.Encode writes for a block.
	// Make the checkpoint again from a node.
	ErrRecord = ledger.Refuse(ledger.Invalid, "bitcoin.record",
		"the header record is not the 196 bytes that a chain can produce")
	// ErrNetwork means that a configuration names a network that has no rules here. Choose one of the six.
	ErrNetwork = ledger.Refuse(ledger.Invalid, "bitcoin.network",
		"the Bitcoin network must be mainnet, testnet3, testnet4, signet, simnet or regtest")
	// ErrRules means that under these settings a payment would not be protected. Propose a configuration with
	// the values that the sentence names.
	ErrRules = ledger.Refuse(ledger.Invalid, "bitcoin.rules",
		"unsafe Bitcoin settings: regtest, simnet and signet need at least two attestations, the final depth "+
			"must be 1 to 1000")
)

// Refusals of headers.
var (
	// ErrHeader means that text is not a header. Send the header as the node returns it.
	ErrHeader = ledger.Refuse(ledger.Invalid, "bitcoin.header", "a block header is exactly 80 bytes in hex")
	// ErrTooMany means that a call holds no header or more than 500. Send several calls.
	ErrTooMany = ledger.Refuse(ledger.Invalid, "bitcoin.too_many_headers", "one call takes 1 to 500 headers")
	// ErrUnknownParent means that the headers do not connect to the ledger's chain. Send earlier headers
	// first, oldest first.
	ErrUnknownParent = ledger.Refuse(ledger.NotFound, "bitcoin.unknown_parent",
		"the header's parent is not on the ledger; send it first")
	// ErrParent means that the headers of a call are not a chain. Send them oldest first, without gaps.
	ErrParent = ledger.Refuse(ledger.Invalid, "bitcoin.parent",
		"the header names another parent than the header before it")
	// ErrBits means that the header claims another difficulty than consensus demands. The bytes stay wrong:
	// do not send them again.
	ErrBits = ledger.Refuse(ledger.Invalid, "bitcoin.bits",
		"the header's bits are not the difficulty that the network's rules give after its parent")
	// ErrWork means that the header has no proof of work, or its chain more work than fits. The bytes stay
	// wrong: do not send them again.
	ErrWork = ledger.Refuse(ledger.Invalid, "bitcoin.work", "the header's hash is above its target")
	// ErrTimeOld means that the header breaks Bitcoin's rule of median time. The bytes stay wrong: do not
	// send them again.
	ErrTimeOld = ledger.Refuse(ledger.Invalid, "bitcoin.time_old",
		"the header's time is not later than the median time of the eleven blocks before it")
	// ErrTimeWarp means that the header breaks the rule against time warps. The bytes stay wrong: do not send
	// them again.
	ErrTimeWarp = ledger.Refuse(ledger.Invalid, "bitcoin.time_warp",
		"the first header of a period is more than 600 seconds before its parent (BIP-94)")
	// ErrTimeNew means that the header is too far in the future for now. Check the clock of the submitter,
	// and send it later.
	ErrTimeNew = ledger.Refuse(ledger.Invalid, "bitcoin.time_new",
		"the header's time is more than two hours after the transaction's")
	// ErrVersion means that the header breaks BIP-34, BIP-65 or BIP-66. The bytes stay wrong: do not send
	// them again.
	ErrVersion = ledger.Refuse(ledger.Invalid, "bitcoin.version",
		"the header's version is lower than the network accepts at this height")
	// ErrNothingNew means that another oracle was faster. Nothing is left to do.
	ErrNothingNew = ledger.Refuse(ledger.Conflict, "bitcoin.nothing_new",
		"the ledger has all of these headers already")
	// ErrUnknownBlock means that a block was asked for that the ledger does not know. Wait for an oracle to
	// bring its header, or bring it.
	ErrUnknownBlock = ledger.Refuse(ledger.NotFound, "bitcoin.unknown_block",
		"the ledger has no header of this hash, or none at this height on the chain of most work")
	// ErrNotStarted means that the ledger follows no chain yet. An oracle calls bitcoin:Start.
	ErrNotStarted = ledger.Refuse(ledger.NotFound, "bitcoin.not_started",
		"the chain has no trusted start yet: an oracle calls bitcoin:Start first")
	// ErrStarted means that bitcoin:Start was called before. Nothing is left to do.
	ErrStarted = ledger.Refuse(ledger.Conflict, "bitcoin.started", "the chain has its trusted start already")
	// ErrAlarm means that a final block left the chain, or partners attested different blocks (T22). An
	// operator must decide.
	ErrAlarm = ledger.Refuse(ledger.Conflict, "bitcoin.alarm",
		"a final block was contradicted: no payment is credited until an operator decides")
)

// Refusals of attestations, and of blocks that are not final.
var (
	// ErrNotAttested means that an attestation came where work decides. Send none.
	ErrNotAttested = ledger.Refuse(ledger.Invalid, "bitcoin.not_attested",
		"this network's final blocks follow from work alone: attestations are not taken")
	// ErrAttester means that the caller's partner may not attest. Leave it to the others.
	ErrAttester = ledger.Refuse(ledger.Forbidden, "bitcoin.attester",
		"only partners that are homes of the role oracle attest blocks")
	// ErrAttested means that the attestation is on the ledger. Nothing is left to do.
	ErrAttested = ledger.Refuse(ledger.Conflict, "bitcoin.attested", "this partner has attested this block already")
	// ErrNotActive means that the ledger does not know the block, or knows a heavier branch. Send the node's
	// headers, then attest again.
	ErrNotActive = ledger.Refuse(ledger.Conflict, "bitcoin.not_active",
		"the block is not on the chain of most work that the ledger knows; send its headers first")
	// ErrNotFinal means that a payment's block is not deep enough, or not attested by enough partners. Prove
	// the payment later.
	ErrNotFinal = ledger.Refuse(ledger.NotFound, "bitcoin.not_final",
		"no block of this height is final on the ledger yet; ask again when more blocks are known")
	// ErrOtherFinal means that the payment was proven in a block that is not the ledger's final one. Look the
	// transaction up again: it may be in another block.
	ErrOtherFinal = ledger.Refuse(ledger.Conflict, "payment.not_final",
		"the block is not the final one at its height")
	// ErrNotDeep means that a block was attested too early. Attest it when more blocks are on top of it.
	ErrNotDeep = ledger.Refuse(ledger.Unavailable, "bitcoin.not_deep",
		"the block is not at its final depth yet; ask again when more blocks are known")
)

// Refusals of proofs. The bytes of a proof stay wrong: make it again from the node's block.
var (
	// ErrTransaction means that the transaction or the coinbase does not parse. Serialize it without witness.
	ErrTransaction = ledger.Refuse(ledger.Invalid, "bitcoin.transaction",
		"the bytes are not exactly one Bitcoin transaction without witness")
	// ErrTrailing means that the transaction is longer than it says. Cut nothing off and add nothing.
	ErrTrailing = ledger.Refuse(ledger.Invalid, "bitcoin.trailing", "bytes follow the transaction")
	// ErrSixtyFour means that the transaction has a size for which proofs are ambiguous. It can never be
	// credited.
	ErrSixtyFour = ledger.Refuse(ledger.Invalid, "bitcoin.sixty_four",
		"a transaction of 64 bytes could be an inner node of the tree (CVE-2017-12842)")
	// ErrCoinbase means that a payment was made by mining. It can never be credited.
	ErrCoinbase = ledger.Refuse(ledger.Invalid, "bitcoin.coinbase", "a coinbase transaction can't be a payment")
	// ErrNotCoinbase means that the proof holds another transaction in place of the block's first.
	// Make the proof from the block again.
	ErrNotCoinbase = ledger.Refuse(ledger.Invalid, "bitcoin.not_coinbase",
		"the proof's coinbase is not a coinbase transaction")
	// ErrBranch means that the branch has a length that no block's tree has. Make the proof from the
	// block again.
	ErrBranch = ledger.Refuse(ledger.Invalid, "bitcoin.branch", "a branch must be 0 to 17 hashes of 32 bytes")
	// ErrIndex means that the transaction's place in the block is larger than the tree. Make the
	// proof from the block again.
	ErrIndex = ledger.Refuse(ledger.Invalid, "bitcoin.index", "the index does not fit the depth of the tree")
	// ErrDepthDiffers means that the two branches do not belong to one tree. Make the
	// proof from the block again.
	ErrDepthDiffers = ledger.Refuse(ledger.Invalid, "bitcoin.depth_differs",
		"the transaction's depth in the tree differs from the coinbase's")
	// ErrTwin means that the branch is one that a forged block can have. Do not believe the proof.
	ErrTwin = ledger.Refuse(ledger.Invalid, "bitcoin.twin",
		"a right child of the Merkle tree equals its sibling, so the tree could have been grown (CVE-2012-2459)")
	// ErrRoot means that the transaction is not in this block. Look it up again: it may be in another block.
	ErrRoot = ledger.Refuse(ledger.Invalid, "bitcoin.root", "the proof does not lead to the block's Merkle root")
	// ErrCoinbaseRoot means that the coinbase is not in this block. Make the proof from the block again.
	ErrCoinbaseRoot = ledger.Refuse(ledger.Invalid, "bitcoin.coinbase_root",
		"the coinbase's branch does not lead to the block's Merkle root")
	// ErrAmount means that the transaction could not be in a valid block. Do not believe the proof.
	ErrAmount = ledger.Refuse(ledger.Invalid, "bitcoin.amount",
		"an output's amount, or their sum, is negative or more than 21 million bitcoin")
)
