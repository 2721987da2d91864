package audit

import "fmt"

// The checks that can fail, in the order in which a block meets them.
const (
	CheckFormat      = "block.format"            // not the form in which blocks are copied
	CheckNumber      = "block.number"            // blocks are missing or out of order
	CheckPrevious    = "block.previous"          // does not follow the block before
	CheckData        = "block.data"              // transactions don't hash to the header
	CheckOrderers    = "block.orderers"          // too few of the channel's orderers signed the header
	CheckConfig      = "block.configuration"     // a configuration that can't be read
	CheckCreator     = "transaction.creator"     // not signed by whoever claims to have made it
	CheckEndorsement = "transaction.endorsement" // an endorsement doesn't fit
	CheckFlag        = "transaction.flag"        // stored as valid, or invalid, for another reason than it has
	CheckResult      = "transaction.result"      // the contracts answer otherwise
	CheckWrites      = "transaction.writes"      // the contracts write otherwise
	CheckHeaders     = "bitcoin.headers"         // headers don't form a chain under the network's rules
	CheckPayment     = "bitcoin.payment"         // a payment's block isn't on that chain
	CheckBooks       = "books"                   // sums that don't agree
)

// Finding is one thing that is wrong.
//
//nolint:errname // it is a line of a report first, and an error only on its way there
type Finding struct {
	Check  string `json:"check"`
	Block  uint64 `json:"block"`
	Tx     int    `json:"tx"`             // place in the block; -1 = the block as a whole
	TxID   string `json:"txid,omitempty"` // where it could be read
	Detail string `json:"detail"`
}

// Error reads for a person.
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
