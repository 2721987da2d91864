package spv

import "github.com/guildmark/guildmark/chaincode/ledger"

// What a record or the rules can be refused for.
var (
	ErrRecord  = ledger.Refuse(ledger.Invalid, "bitcoin.record", "the header record is not well formed")
	ErrNetwork = ledger.Refuse(ledger.Invalid, "bitcoin.network", "no Bitcoin network of that name has rules here")
	ErrRules   = ledger.Refuse(ledger.Invalid, "bitcoin.rules", "the network rules can't protect a payment")
)

// What a header can be refused for.
var (
	ErrHeader        = ledger.Refuse(ledger.Invalid, "bitcoin.header", "a block header is exactly 80 bytes")
	ErrTooMany       = ledger.Refuse(ledger.Invalid, "bitcoin.too_many_headers", "more headers than one step takes")
	ErrUnknownParent = ledger.Refuse(ledger.NotFound, "bitcoin.unknown_parent", "the header's parent is not on the ledger; send it first")
	ErrParent        = ledger.Refuse(ledger.Invalid, "bitcoin.parent", "the header does not name the parent it was checked against")
	ErrBits          = ledger.Refuse(ledger.Invalid, "bitcoin.bits", "the header does not claim the difficulty that the rules demand")
	ErrWork          = ledger.Refuse(ledger.Invalid, "bitcoin.work", "the header's hash is above its target")
	ErrTimeOld       = ledger.Refuse(ledger.Invalid, "bitcoin.time_old", "the header is not later than the median of the eleven before it")
	ErrTimeWarp      = ledger.Refuse(ledger.Invalid, "bitcoin.time_warp", "the first header of a period is too far before its parent (BIP-94)")
	ErrTimeNew       = ledger.Refuse(ledger.Invalid, "bitcoin.time_new", "the header is more than two hours ahead of the transaction")
	ErrVersion       = ledger.Refuse(ledger.Invalid, "bitcoin.version", "the header's version is below the network's floor")
	ErrNothingNew    = ledger.Refuse(ledger.Conflict, "bitcoin.nothing_new", "the ledger has all of these headers already")
	ErrUnknownBlock  = ledger.Refuse(ledger.NotFound, "bitcoin.unknown_block", "the ledger has no header of this hash, or none at this height on the chain of most work")
	ErrNotStarted    = ledger.Refuse(ledger.NotFound, "bitcoin.not_started", "no trusted start of the chain is on the ledger")
	ErrStarted       = ledger.Refuse(ledger.Conflict, "bitcoin.started", "the chain already has its trusted start")
	ErrAlarm         = ledger.Refuse(ledger.Conflict, "bitcoin.alarm", "a final block was contradicted; an operator must decide")
)

// What an attestation can be refused for.
var (
	ErrNotAttested = ledger.Refuse(ledger.Invalid, "bitcoin.not_attested", "this network's final blocks follow from work alone")
	ErrAttester    = ledger.Refuse(ledger.Forbidden, "bitcoin.attester", "only a partner's node can attest a block")
	ErrAttested    = ledger.Refuse(ledger.Conflict, "bitcoin.attested", "this partner already attested that block")
	ErrNotActive   = ledger.Refuse(ledger.Conflict, "bitcoin.not_active", "the block is not on the chain of most work that the ledger knows; send its headers first")
	ErrNotFinal    = ledger.Refuse(ledger.NotFound, "bitcoin.not_final", "no block of that height is final on the ledger yet")
	ErrOtherFinal  = ledger.Refuse(ledger.Conflict, "payment.not_final", "the block is not the final one at its height")
	ErrNotDeep     = ledger.Refuse(ledger.Unavailable, "bitcoin.not_deep", "the block is not deep enough yet; ask again when more blocks are known")
)

// What a proof can be refused for.
var (
	ErrTransaction  = ledger.Refuse(ledger.Invalid, "bitcoin.transaction", "the transaction is not one witness-less Bitcoin transaction")
	ErrTrailing     = ledger.Refuse(ledger.Invalid, "bitcoin.trailing", "bytes follow the transaction")
	ErrSixtyFour    = ledger.Refuse(ledger.Invalid, "bitcoin.sixty_four", "a transaction of 64 bytes could be an inner node of the tree (CVE-2017-12842)")
	ErrCoinbase     = ledger.Refuse(ledger.Invalid, "bitcoin.coinbase", "a coinbase transaction can't be a payment")
	ErrNotCoinbase  = ledger.Refuse(ledger.Invalid, "bitcoin.not_coinbase", "the proof's coinbase is not a coinbase transaction")
	ErrBranch       = ledger.Refuse(ledger.Invalid, "bitcoin.branch", "the branch is not up to 17 hashes of 32 bytes")
	ErrIndex        = ledger.Refuse(ledger.Invalid, "bitcoin.index", "the index does not fit the depth of the tree")
	ErrDepthDiffers = ledger.Refuse(ledger.Invalid, "bitcoin.depth_differs", "the transaction's depth in the tree differs from the coinbase's")
	ErrTwin         = ledger.Refuse(ledger.Invalid, "bitcoin.twin", "a right child equals its sibling: a phantom twin (CVE-2012-2459)")
	ErrRoot         = ledger.Refuse(ledger.Invalid, "bitcoin.root", "the proof does not lead to the block's Merkle root")
	ErrCoinbaseRoot = ledger.Refuse(ledger.Invalid, "bitcoin.coinbase_root", "the coinbase's branch does not lead to the block's Merkle root")
	ErrAmount       = ledger.Refuse(ledger.Invalid, "bitcoin.amount", "an output's amount can't exist")
)
