package signed

import (
	"errors"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/order"
)

// LicenseBody is the body of a signed license.
type LicenseBody struct {
	License license.License `json:"license"`
	Machine machine.Machine `json:"machine"`
	State   string          `json:"state"` // StateActive or StateSuspended
	Paid    []Paid          `json:"paid"`
}

// States of a license in a signed answer.
const (
	StateActive    = "active"
	StateSuspended = "suspended" // its order is disputed: a credited block left the chain
)

// Paid is a Bitcoin output that paid for the license, so that its holder can judge the payment for itself.
type Paid struct {
	TxID   string         `json:"txid"`
	Vout   uint32         `json:"vout"`
	Amount ledger.Satoshi `json:"amount"`
	Height uint32         `json:"height"`
	Block  string         `json:"block"`
}

// NewLicenseBody composes the body of a signed license: it is active unless a payment of its order is
// disputed.
func NewLicenseBody(l license.License, m machine.Machine, credits order.Credits) LicenseBody {
	body := LicenseBody{License: l, Machine: m, State: StateActive, Paid: []Paid{}}
	if credits.Disputed() {
		body.State = StateSuspended
	}
	for _, p := range credits.Payments {
		body.Paid = append(body.Paid, Paid{
			TxID: p.TxID, Vout: p.Vout, Amount: p.Amount, Height: p.Height,
			Block: p.Block,
		})
	}
	return body
}

// RecipientsBody is the body of the signed recipients' keys (T3), sorted by id.
type RecipientsBody struct {
	Recipients []consortium.Recipient `json:"recipients"`
}

// custodianSets decodes the body as what the tag says, and names the sets of which each must have signed
// (T6).
func (c *check) custodianSets() (consortium.CustodianSets, error) {
	switch c.answer.Tag {
	case TagRecipients:
		return nil, decodeCanonical(c.answer.Body, &c.recipients)
	case TagNoop:
		if string(c.answer.Body) != "{}" {
			return nil, errors.New("body, expected {}")
		}
		return nil, nil
	case TagLicense:
		if err := decodeCanonical(c.answer.Body, &c.license); err != nil {
			return nil, err
		}
		if c.license.License.ID != c.answer.Subject {
			return nil, errors.New("the license in the body, expected the subject")
		}
		return c.license.License.CustodianSets(), nil
	case TagOrder:
		if err := decodeCanonical(c.answer.Body, &c.order); err != nil {
			return nil, err
		}
		if c.order.Order.ID != c.answer.Subject {
			return nil, errors.New("the order in the body, expected the subject")
		}
		if len(c.order.Order.Items) == 0 { // no item would need no custodian
			return nil, errors.New("the order's items, expected one or more")
		}
		return c.order.Order.CustodianSets(), nil
	}
	return nil, nil
}
