package audit

import "fmt"

// The checks that can fail, in the order in which a block meets them.
const (
	CheckFormat   = "block.format"        // not the form in which blocks are copied
	CheckNumber   = "block.number"        // a block is missing or out of order
	CheckGenesis  = "block.genesis"       // block 0 is not the one that the auditor knows
	CheckPrevious = "block.previous"      // its previous hash is not that of the block before
	CheckData     = "block.data"          // its transactions do not hash to its header's data hash
	CheckOrderers = "block.orderers"      // too few of the channel's orderers signed the header
	CheckConfig   = "block.configuration" // a channel configuration that can't be read or is out of sequence
	CheckCreator  = "transaction.creator" // not signed by the identity that it names as its creator
	// stored as valid although its endorsements do not satisfy the policy
	CheckEndorsement = "transaction.endorsement"
	CheckFlag        = "transaction.flag" // the stored flag is not the one that its reads and its id give
	// the contracts return another status, result or event than was endorsed
	CheckResult  = "transaction.result"
	CheckWrites  = "transaction.writes" // the contracts write other keys or values than were endorsed
	CheckHeaders = "bitcoin.headers"    // the headers do not form a chain under the network's rules
	CheckPayment = "bitcoin.payment"    // the block of a payment or of a final height is not on that chain
	CheckBooks   = "books"              // sums that do not agree
)

// Finding is one thing that is wrong with the ledger or its copy.
//
//nolint:errname // it is a line of a report first, and an error only on its way there
type Finding struct {
	Check  string `json:"check"`
	Block  uint64 `json:"block"`
	Tx     int    `json:"tx"`             // place in the block; -1 = the block as a whole
	TxID   string `json:"txid,omitempty"` // where it could be read
	Detail string `json:"detail"`
}

// Error is the finding in one line: check, place, detail.
func (f *Finding) Error() string {
	where := fmt.Sprintf("block %d", f.Block)
	if f.Tx >= 0 {
		where += fmt.Sprintf(", transaction %d", f.Tx)
	}
	if f.TxID != "" {
		where += " " + f.TxID
	}
	return f.Check + ": " + where + ": " + f.Detail
}

func inBlock(check string, block uint64, format string, args ...any) *Finding {
	return &Finding{Check: check, Block: block, Tx: -1, Detail: fmt.Sprintf(format, args...)}
}
