package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/machine/agent"
	"github.com/guildmark/guildmark/tests/stage"
)

// TestOneOracleSettlesNothing is T22: where work is free a block is final only when k partners' own nodes say so. The
// payment is mined as deep as one likes, one oracle attests, and the order stays open; the second oracle makes
// it paid.
func TestOneOracleSettlesNothing(t *testing.T) {
	ctx := t.Context()
	recipe := stage.Recipe{
		Data: "fixtures/beverage/sunrise.jsonl", Title: "Sunrise T22", Licensor: "licensor2",
		Folder: "t22", Price: price, Uses: 1,
	}
	if _, err := on.Seal(ctx, recipe); err != nil {
		t.Fatal(err)
	}
	var published struct {
		Offer offer.Offer `json:"offer"`
	}
	if err := on.Ask(ctx, &published, "guildmark", on.Publishing(recipe, patience)...); err != nil {
		t.Fatal(err)
	}
	if err := on.Control.Stop(ctx, "oracle.manufacturer"); err != nil {
		t.Fatal(err)
	}
	id, bought := startBuying(ctx, published.Offer.ID)
	order := <-id
	if order == "" {
		t.Fatal(<-bought)
	}
	if _, err := on.Bitcoin.Generate(ctx, 12); err != nil {
		t.Fatal(err)
	}
	paid := on.outputsTo(t, on.order(t, order).Order.Script)
	if len(paid) != 1 {
		t.Fatalf("the chain pays the order by %+v, want one output", paid)
	}
	final := func() (f spv.FinalView, err error) {
		return f, on.Read(ctx, &f, "bitcoin:Final", strconv.FormatInt(paid[0].height, 10))
	}
	if err := on.follow(ctx); err != nil {
		t.Fatal(err)
	}
	err := stage.Wait(ctx, patience, "the operator's oracle to attest", func() (bool, error) {
		f, err := final()
		return slices.Equal(f.Attested, []string{"OperatorMSP"}), err
	})
	if err != nil {
		t.Fatal(err)
	}
	// Everything that one oracle can do is done when the ledger follows beyond its attestation.
	if _, err := on.Bitcoin.Generate(ctx, 3); err != nil {
		t.Fatal(err)
	}
	if err := on.follow(ctx); err != nil {
		t.Fatal(err)
	}
	if f, err := final(); err != nil || f.Hash != "" {
		t.Errorf("one oracle alone made block %d final: %+v, %v", paid[0].height, f, err)
	}
	if view := on.order(t, order); view.State != "open" || view.Paid != 0 || len(view.Licenses) != 0 {
		t.Errorf("one oracle alone settled: order is %s, %d sat proven, licenses %v", view.State, view.Paid,
			view.Licenses)
	}
	if err := on.Control.Start(ctx, "oracle.manufacturer"); err != nil {
		t.Fatal(err)
	}
	if err := <-bought; err != nil {
		t.Fatal(err)
	}
	if f, err := final(); err != nil || f.Hash == "" || len(f.Attested) != 2 {
		t.Errorf("two oracles made block %d %+v, %v", paid[0].height, f, err)
	}
	view := on.order(t, order)
	if view.State != "paid" || len(view.Licenses) != 1 || view.Order.Number != on.orders {
		t.Errorf("order %d is %s with licenses %v, want number %d paid with one", view.Order.Number, view.State,
			view.Licenses, on.orders)
	}
	on.orders = view.Order.Number + 1
}

// startBuying lets the mixer buy. The order's id comes as soon as its payment is sent; "" when it came to an
// end before.
func startBuying(ctx context.Context, offer string) (<-chan string, <-chan error) {
	id, end := make(chan string, 1), make(chan error, 1)
	go func() {
		order := ""
		c := on.MachineCommand(ctx, on.mixer, "buy", "--offer", offer, "--at-most", fmt.Sprint(price), "--wait",
			patience.String())
		answer, err := stage.Follow(c, func(line json.RawMessage) {
			var p agent.Progress
			if json.Unmarshal(line, &p) != nil {
				return
			}
			switch {
			case p.Step == "check":
				_, _ = fmt.Sscanf(p.Detail, "checking the signed order %s", &order)
			case p.Step == "settle" && order != "":
				select {
				case id <- order:
				default: // it is told already
				}
			}
		})
		if answer.Refusal != nil {
			err = errors.Join(err, answer.Refusal)
		}
		end <- err
		close(id)
	}()
	return id, end
}
