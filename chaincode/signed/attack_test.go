package signed_test

import (
	"errors"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
)

// Two partners outside the custodian set sign an order that is to be paid: neither with the set's names left
// in, nor with no items at all, which would name no set (T6).
func TestOrderWithoutItsCustodians(t *testing.T) {
	c, sale := newConsortium(t)
	v := verifier(t, c.Bundle)
	custodians := sale.Order.Items[0].Custodians
	empty := sale
	empty.Order.Items = []order.Item{}
	foreign := sale
	foreign.Order.Items = append([]order.Item{}, sale.Order.Items...)
	foreign.Order.Items[0].Custodians = []string{signedtest.Licensors, "NobodyMSP"}
	for _, tt := range []struct {
		name    string
		sale    signedtest.Sale
		wantErr error
	}{
		{"honest", sale, nil},
		{"another set", foreign, signed.ErrCustodian},
		{"nothing ordered", empty, signed.ErrAnswer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			peers, err := c.Peers(signedtest.Manufacturer, signedtest.Operator)
			if err != nil {
				t.Fatal(err)
			}
			file, err := c.File(signedtest.Deed{Answer: tt.sale.OrderAnswer(c.Bundle, signedtest.Nonce,
				start.Unix()), Signers: peers})
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = v.Order(file, signed.OrderExpectation{
				Nonce: signedtest.Nonce, Script: func(o order.Order) (string, error) { return o.Script, nil },
			})
			if !errors.Is(err, tt.wantErr) {
				t.Errorf("set %v: got %v, want %v", custodians, err, tt.wantErr)
			}
		})
	}
}
