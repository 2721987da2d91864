package signed_test

import (
	"errors"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
)

func TestOrderAndRecipients(t *testing.T) {
	c, sale := newConsortium(t)
	v := verifier(t, c.Bundle)
	peers, err := c.Peers(signedtest.Licensors, signedtest.Operator)
	if err != nil {
		t.Fatal(err)
	}
	file, err := c.File(signedtest.Deed{
		Answer:  sale.OrderAnswer(c.Bundle, signedtest.Nonce, start.Unix()),
		Signers: peers,
	})
	if err != nil {
		t.Fatal(err)
	}
	derive := func(script string, err error) func(order.Order) (string, error) {
		return func(order.Order) (string, error) { return script, err }
	}
	for _, tt := range []struct {
		name    string
		want    signed.OrderExpectation
		wantErr error
	}{
		{"good", signed.OrderExpectation{
			Order: sale.Order.ID, Nonce: signedtest.Nonce,
			Script: derive(sale.Order.Script, nil),
		}, nil},
		{"another script", signed.OrderExpectation{Script: derive("0020ff", nil)}, signed.ErrScript},
		{"no derivation", signed.OrderExpectation{Script: derive("", errors.New("no such path"))}, signed.ErrScript},
		{"another order", signed.OrderExpectation{
			Order:  sale.License.ID,
			Script: derive(sale.Order.Script, nil),
		}, signed.ErrFunction},
	} {
		t.Run(tt.name, func(t *testing.T) {
			view, _, err := v.Order(file, tt.want)
			if !errors.Is(err, tt.wantErr) {
				t.Fatalf("got %v, want %v", err, tt.wantErr)
			}
			if err == nil && view.Order.ID != sale.Order.ID {
				t.Errorf("got order %s", view.Order.ID)
			}
		})
	}
	if _, _, err := v.License(file, wanted(sale)); !errors.Is(err, signed.ErrFunction) {
		t.Errorf("an order as a license: got %v, want %v", err, signed.ErrFunction)
	}
	body := signed.RecipientsBody{Recipients: []consortium.Recipient{{
		Format: "guildmark/recipient/1",
		ID:     "OperatorMSP.x", Role: "custodian",
	}}}
	file, err = c.File(signedtest.Deed{Answer: signedtest.RecipientsAnswer(c.Bundle, signedtest.Nonce,
		start.Unix(), body), Signers: peers})
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := v.Recipients(file, signedtest.Nonce)
	if err != nil || len(got) != 1 || got[0].ID != "OperatorMSP.x" {
		t.Errorf("recipients: got %v, %v", got, err)
	}
}

func TestRevokedPeer(t *testing.T) {
	c, sale := newConsortium(t)
	peers, err := c.Peers(signedtest.Operator, signedtest.Manufacturer)
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Revoke(signedtest.Manufacturer, peers[1].Certificate.SerialNumber)
	if err != nil {
		t.Fatal(err)
	}
	file, err := c.File(signedtest.Deed{
		Answer:  sale.LicenseAnswer(b, signedtest.Nonce, start.Unix()),
		Signers: peers,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := verifier(t, b).License(file, wanted(sale)); !errors.Is(err, signed.ErrChain) {
		t.Errorf("got %v, want %v", err, signed.ErrChain)
	}
}
