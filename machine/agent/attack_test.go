package agent

import (
	"context"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/profile/beverage"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/runtime"
)

// A gateway that answers a new purchase with an order of an earlier one would have it paid a second time, for
// nothing: the order's id commits to the key that this machine drew (T21).
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

// A licensor offers to everybody what is sealed for another product line; a gateway shows another manifest
// than was ordered. Both come out before anything is paid.
func TestUnusableDatasetIsNotPaid(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*world)
		code  string
	}{
		{
			"sealed for another line", func(w *world) { w.line = "ManufacturerMSP.runtime.printer.tpm"; w.seal() },
			"machine.runtime",
		},
		{"of a profile that no device here makes", func(w *world) { w.sellLaser() }, "device.none"},
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

// sellLaser makes the dataset a laser's, sealed for the mixer's line all the same.
func (w *world) sellLaser() {
	w.profile, w.plain = "laser/1", []byte(`{"format":"laser/1"}`+"\n")
	w.seal()
}

// A machine holds a license of laser data, bought while it had a laser, and has only its mixer left. Neither
// the agent nor the runtime, which doesn't rely on the agent, burns a use for it.
func TestForeignProfileBurnsNothing(t *testing.T) {
	tests := []struct {
		name   string
		change func(*site)
	}{
		{"the machine has a mixer only", func(*site) {}},
		{"its configuration names a laser that no driver knows", func(s *site) {
			s.agent.config.Devices = append(s.agent.config.Devices,
				Device{Profile: "laser/1", Setup: s.agent.config.Devices[0].Setup})
		}},
		{"the agent gives the runtime the mixer", func(s *site) {
			s.agent.config.Devices = append(s.agent.config.Devices,
				Device{Profile: "laser/1", Setup: s.agent.config.Devices[0].Setup})
			s.agent.options.Start = func(ctx context.Context, job runtime.Job, report func(runtime.Event)) error {
				job.Profile = beverage.Profile
				return startSelf(ctx, job, report)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "sunrise.jsonl")
			w.sellLaser()
			s := newSite(t, w, "first").enrolled()
			h := s.boughtUnchecked()
			tt.change(s)
			_, err := s.agent.Use(t.Context(), h.License.ID)
			wantCode(t, err, "device.none")
			for _, e := range s.events {
				if e.Kind == runtime.Burnt {
					t.Error("a use was burnt")
				}
			}
		})
	}
}

// boughtUnchecked buys as a machine that could make anything.
func (s *site) boughtUnchecked() holding.Holding {
	s.t.Helper()
	session, err := s.agent.open(s.t.Context())
	must(s.t, err)
	defer func() { must(s.t, session.close()) }()
	b := s.agent.buyer(session)
	b.CanMake = func(dataset.Manifest) error { return nil }
	p, err := b.Begin(offerID, 0)
	must(s.t, err)
	must(s.t, b.Finish(s.t.Context(), p))
	h, err := session.machine.Store.Find(p.License)
	must(s.t, err)
	return h
}

// A grant that a crooked gateway or partner altered is found out before the TPM takes anything of it.
func TestForgedGrants(t *testing.T) {
	tests := []struct {
		name  string
		forge func(*grant.Grant)
		code  string
	}{
		{"more uses than were sold", func(g *grant.Grant) { g.Limit++ }, "grant.differs"},
		{"another storage key", func(g *grant.Grant) { g.SRKName = "000b" + ledger.Hash("other") }, "grant.differs"},
		{"an older reset of the TPM", func(g *grant.Grant) { g.ResetCount-- }, "grant.differs"},
		{"another request inside", func(g *grant.Grant) { g.Request.Counter = g.Request.Time }, "tpm.attest_type"},
		{"another session's", func(g *grant.Grant) { g.Nonce = g.Nonce[1:] + g.Nonce[:1] }, "machine.other_grant"},
		{"honest", func(*grant.Grant) {}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "sunrise.jsonl")
			s := newSite(t, w, "first").enrolled()
			w.forge = tt.forge
			_, err := s.agent.Buy(t.Context(), offerID, 0)
			if tt.code == "" {
				must(t, err)
				return
			}
			wantCode(t, err, tt.code)
		})
	}
}
