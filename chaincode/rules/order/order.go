package order

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// Format is the format of an order.
const Format = "guildmark/order/1"

// Order is a buyer's request for one machine; key order/<id>; never rewritten after it is placed.
type Order struct {
	Format     string         `json:"format"` // "guildmark/order/1"
	ID         string         `json:"id"`     // ID(channel, buyer MSP, buyer party, client's key)
	Buyer      string         `json:"buyer"`  // party id
	Machine    string         `json:"machine"`
	Items      []Item         `json:"items"` // exactly one in this version
	Price      ledger.Satoshi `json:"price"`
	Descriptor int            `json:"descriptor"` // treasury descriptor version
	Shard      uint32         `json:"shard"`      // the machine's 31-bit number
	Number     uint32         `json:"number"`     // the machine's own counter
	Script     string         `json:"script"`     // hex of the collect script, 0/<shard>/<number> (T21)
	Address    string         `json:"address"`
	Created    int64          `json:"created"` // epoch
	Expires    int64          `json:"expires"` // first epoch in which it can't be paid any more
}

// CustodianSets are the custodian sets of the order's items: of each, one partner must sign an answer
// about the order.
func (o Order) CustodianSets() consortium.CustodianSets {
	var sets consortium.CustodianSets
	for _, item := range o.Items {
		sets = append(sets, item.Custodians)
	}
	return sets
}

// Item is one offer in an order, with its terms copied at order time.
type Item struct {
	Offer      string         `json:"offer"`
	Dataset    string         `json:"dataset"`
	Version    int            `json:"version"`
	Manifest   string         `json:"manifest"` // SHA-256 of the manifest's bytes
	Custodians []string       `json:"custodians"`
	Model      offer.Model    `json:"model"`
	Price      ledger.Satoshi `json:"price"`
	Split      royalty.Terms  `json:"split"`
}

// Payment is a Bitcoin output credited to an order; key pay/<txid>:<vout>, create-only; indexed by
// credit/<order>/<txid>:<vout>.
type Payment struct {
	TxID   string         `json:"txid"`
	Vout   uint32         `json:"vout"`
	Order  string         `json:"order"`
	Amount ledger.Satoshi `json:"amount"`
	Height uint32         `json:"height"`
	Block  string         `json:"block"`
	Epoch  int64          `json:"epoch"`
}

// Settlement marks that an order's license and accruals were booked; key settled/<order>, create-only.
type Settlement struct {
	Order    string         `json:"order"`
	Paid     ledger.Satoshi `json:"paid"`
	Licenses []string       `json:"licenses"`
	Epoch    int64          `json:"epoch"`
	Height   uint32         `json:"height"`
	Block    string         `json:"block"`
	TxID     string         `json:"txid"` // the Fabric transaction
}

// View is an order with its state, as orders:Get answers and orders:Sign signs.
type View struct {
	Order    Order          `json:"order"`
	State    string         `json:"state"` // open, partially-paid, paid, expired, late, disputed
	Paid     ledger.Satoshi `json:"paid"`
	Payments []Payment      `json:"payments"`
	Licenses []string       `json:"licenses"`
}

// ID is the order's name: never chosen freely (T21).
func ID(channel, buyerMSP, buyerParty, key string) string {
	return ledger.Hash("guildmark/order/1", channel, buyerMSP, buyerParty, key)
}
