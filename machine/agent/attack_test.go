package agent

import (
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/order"
)

// A gateway that answers a new purchase with an order of an earlier one would have it paid a second time, for nothing:
// the order's id commits to the key that this machine drew (T21).
func TestGatewayAnswersWithAnOldOrder(t *testing.T) {
	w := newWorld(t, "sunrise.jsonl")
	s := newSite(t, w, "first").enrolled()
	first := s.bought()
	for range 3 {
		_, err := s.agent.Use(t.Context(), first.License.ID)
		must(t, err)
	}
	var old order.Order
	for _, o := range w.orders {
		old = o
	}
	w.crook = func(o *order.Order) { *o = old }
	s.agent.options.Payer = nil // somebody's phone would pay the request that the machine shows
	_, err := s.agent.Buy(t.Context(), offerID, 0)
	wantCode(t, err, "machine.order")

	w.crook, w.orders = nil, map[string]order.Order{"old": old}
	s.agent.options.Payer = w
	if second := s.bought(); second.License.ID == first.License.ID {
		t.Error("the same license again")
	}
}

// A licensor offers to everybody what is sealed for another product line; a gateway shows another manifest than was ordered.
// Both come out before anything is paid.
func TestUnusableDatasetIsNotPaid(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*world)
		code  string
	}{
		{"sealed for another line", func(w *world) { w.line = "ManufacturerMSP.runtime.printer.tpm"; w.seal() }, "machine.runtime"},
		{"another manifest", func(w *world) {
			item := w.item()
			w.crook = func(o *order.Order) { o.Items = []order.Item{item} }
			w.manifest.Title = "Another"
		}, "machine.content"},
		{"honest", func(*world) {}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "sunrise.jsonl")
			tt.spoil(w)
			s := newSite(t, w, "first").enrolled()
			_, err := s.agent.Buy(t.Context(), offerID, 0)
			if tt.code == "" {
				must(t, err)
				return
			}
			wantCode(t, err, tt.code)
			if len(w.paid) != 0 {
				t.Error("it was paid")
			}
		})
	}
}
