package agent

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/folder"
	"github.com/guildmark/guildmark/machine/meter"
)

// Step is where a purchase stands: what is done and journaled. The next thing to do follows from it.
type Step string

// The steps of a purchase, in their order.
const (
	Started  Step = "started"  // the idempotency key is drawn
	Ordered  Step = "ordered"  // the order stands on the ledger
	Checked  Step = "checked"  // the signed order was verified and its script derived again
	Paid     Step = "paid"     // the wallet sent the payment
	Licensed Step = "licensed" // the ledger settled it and issued a license
	Fetched  Step = "fetched"  // manifest, envelope, sealed body and signed license are stored and verified
	Asked    Step = "asked"    // index defined, session open, grant request ready
	Recorded Step = "recorded" // the ledger recorded the grant
	Armed    Step = "armed"    // both custodians answered; the TPM took limit and halves, and the epoch counter rose
	Finished Step = "finished" // the license can be used offline

	Abandoned Step = "abandoned" // the order expired before it was paid: nothing was lost, and nothing goes on
)

// Purchase is the journal of one order of one offer; purchases/<key>.json.
type Purchase struct {
	Format  string                `json:"format"` // "guildmark/purchase/1"
	Key     string                `json:"key"`    // idempotency key of the order
	Offer   string                `json:"offer"`
	AtMost  ledger.Satoshi        `json:"atMost,omitempty"`
	Step    Step                  `json:"step"`
	Order   *order.Order          `json:"order,omitempty"`
	TxID    string                `json:"txid,omitempty"`
	License string                `json:"license,omitempty"`
	Request *license.GrantRequest `json:"request,omitempty"`
	Number  int                   `json:"number,omitempty"` // of the grant
}

// Holding is what the machine keeps of a license; licenses/<id>/holding.json, beside license.signed.json,
// manifest.json, envelope.json and body.sealed.
type Holding struct {
	Format    string          `json:"format"` // "guildmark/holding/1"
	License   license.License `json:"license"`
	Title     string          `json:"title"`
	Recipient string          `json:"recipient"`       // the runtime's recipient id
	Meter     string          `json:"meter,omitempty"` // file of the meter's state; "" until the grant is finished
	Pair      []string        `json:"pair,omitempty"`  // custodians of its halves
	Spent     bool            `json:"spent,omitempty"` // used up, its meter is a newer license\'s
}

func purchaseFile(key string) string { return "purchases/" + key + ".json" }

func holdingFile(id, name string) string { return "licenses/" + id + "/" + name }

// ErrLicense says that the machine holds no such license.
var ErrLicense = ledger.Refuse(ledger.NotFound, "machine.license", "this machine holds no such license")

// ended says that nothing is left to do.
func (p *Purchase) ended() bool { return p.Step == Finished || p.Step == Abandoned }

// step journals that a step is done.
func (d *desk) step(p *Purchase, to Step) error {
	p.Step = to
	return d.store.Save(purchaseFile(p.Key), p)
}

// unfinished finds the purchase of an offer that a crash or a lost network interrupted.
func unfinished(s *folder.Folder, offer string) (*Purchase, error) {
	all, err := purchasesIn(s)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.Offer == offer && !p.ended() {
			return &p, nil
		}
	}
	return nil, nil
}

func purchasesIn(s *folder.Folder) ([]Purchase, error) {
	names, err := s.List("purchases")
	if err != nil {
		return nil, err
	}
	var all []Purchase
	for _, name := range names {
		var p Purchase
		if err := s.Load("purchases/"+name, &p); err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// openSessions are the TPM sessions in which meters wait for a grant.
func (a *Agent) openSessions() ([]uint32, error) {
	names, err := a.store.List("meters")
	if err != nil {
		return nil, err
	}
	var keep []uint32
	for _, name := range names {
		var s meter.State
		if err := a.store.Load("meters/"+name, &s); err != nil {
			return nil, err
		}
		if s.Pending != nil {
			keep = append(keep, s.Pending.Session)
		}
	}
	return keep, nil
}

// holding reads what is kept of a license; the id may be shortened to a beginning that is its own.
func findHolding(s *folder.Folder, id string) (Holding, error) {
	var h Holding
	names, err := s.List("licenses")
	if err != nil {
		return h, err
	}
	found := ""
	for _, name := range names {
		if id == "" || !strings.HasPrefix(name, id) {
			continue
		}
		if found != "" {
			return h, ErrLicense.With(id + " begins more than one")
		}
		found = name
	}
	if found == "" {
		return h, ErrLicense.With(id)
	}
	err = s.Load(holdingFile(found, "holding.json"), &h)
	if errors.Is(err, fs.ErrNotExist) {
		return h, ErrLicense.With(fmt.Sprintf("%s is not fetched yet: run `machine sync`", id))
	}
	return h, err
}

func meterFile(id tpmpolicy.MeterID) string { return "meters/" + hex.EncodeToString(id[:]) + ".json" }

func number(n int) string { return strconv.Itoa(n) }
