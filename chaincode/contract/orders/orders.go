package orders

import (
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Functions are the contract's rows of the one table.
func Functions() []state.Function {
	return []state.Function{
		{Name: "orders:Place", Call: state.Document(Place), Roles: []string{party.Buyer}, Writes: true},
		{
			Name: "orders:Settle", Call: state.Document(Settle), Roles: []string{party.Oracle, party.Buyer},
			Writes: true,
		},
		{Name: "orders:Get", Call: state.One(Get)},
		{Name: "orders:ByScript", Call: state.One(ByScript)},
		{Name: "orders:Sign", Call: state.Two(Sign)},
	}
}

// Get reads an order with its state.
func Get(t *state.Transaction, id string) (order.View, error) {
	o, err := t.Order(id)
	if err != nil {
		return order.View{}, err
	}
	credits, err := t.Credits(id)
	if err != nil {
		return order.View{}, err
	}
	epoch, err := t.Epoch()
	if err != nil {
		return order.View{}, err
	}
	settlement, _, err := t.FindSettlement(id)
	return order.ViewOf(o, credits, settlement.Licenses, epoch), err
}

// ByScript finds the id of the order that a script (hex) belongs to.
func ByScript(t *state.Transaction, script string) (string, error) { return t.OrderOfScript(script) }

// Sign returns an order with its state in a signed answer, so that a buyer can trust the payment script.
func Sign(t *state.Transaction, id, nonce string) (signed.Answer, error) {
	v, err := Get(t, id)
	if err != nil {
		return signed.Answer{}, err
	}
	return t.SignedAnswer(state.Question{
		Tag: signed.TagOrder, Function: signed.FunctionOrder, Subject: id, Nonce: nonce, Body: v,
	})
}
