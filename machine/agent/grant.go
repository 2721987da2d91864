package agent

import (
	"context"
	"errors"
	"slices"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/meter"
)

// Refusals of grants.
var (
	ErrNoPair     = ledger.Refuse(ledger.Forbidden, "machine.no_pair", "fewer than two of the dataset's custodians have activated this machine: run `machine enroll`")
	ErrOtherGrant = ledger.Refuse(ledger.Conflict, "machine.other_grant", "the ledger holds another open grant of this machine")
	ErrReset      = ledger.Refuse(ledger.Conflict, "machine.restart", "the TPM's session ended while a grant was open: restart the machine, then run the same command again")
)

// meterOf is the meter that a license's uses are counted by; licenses of the same dataset and
// terms share one (T16).
func (d *desk) meterOf(l license.License, custodians tpmpolicy.Custodians) (*meter.Meter, error) {
	id := tpmpolicy.Meter(d.enrolled.Machine.ID, l.Dataset, l.Terms)
	if err := d.store.Make("meters"); err != nil {
		return nil, err
	}
	return meter.Create(d.tpm, d.store.Path(meterFile(id)), id, custodians)
}

// countOf opens the meter of a purchase with the custodians' keys as the partners sign them now.
func (d *desk) countOf(ctx context.Context, p *Purchase) (*meter.Meter, error) {
	h, err := findHolding(d.store, p.License)
	if err != nil {
		return nil, err
	}
	all, err := d.recipients(ctx, d.enrolled)
	if err != nil {
		return nil, err
	}
	keys, err := grantKeys(all, h.License.Custodians)
	if err != nil {
		return nil, err
	}
	return d.meterOf(h.License, keys)
}

// askGrant defines the meter's index, opens the session whose nonce the custodians will sign, and attests counter and
// time for it (T15). An earlier request that never reached the ledger ends.
func (d *desk) askGrant(ctx context.Context, p *Purchase) error {
	d.say("grant", "asking two custodians for the license share")
	h, err := findHolding(d.store, p.License)
	if err != nil {
		return err
	}
	if err := d.retire(h.License); err != nil {
		return err
	}
	count, err := d.countOf(ctx, p)
	if err != nil {
		return err
	}
	pair, err := d.pair(p)
	if err != nil {
		return err
	}
	request, err := count.Request(p.License)
	if err != nil {
		return err
	}
	doc := request.Document(pair)
	p.Request = &doc
	return d.step(p, Asked)
}

// pair is the first two of the dataset's custodians that activated this machine.
func (d *desk) pair(p *Purchase) ([]string, error) {
	var pair []string
	for _, msp := range slices.Sorted(slices.Values(p.Order.Items[0].Custodians)) {
		if slices.Contains(d.enrolled.Custodians, msp) && len(pair) < 2 {
			pair = append(pair, msp)
		}
	}
	if len(pair) < 2 {
		return nil, ErrNoPair
	}
	return pair, nil
}

// recordGrant has the ledger record the request. When the answer to the first try was lost, the grant with our nonce
// stands there already.
func (d *desk) recordGrant(ctx context.Context, p *Purchase) error {
	var grant license.Grant
	err := d.caughtUp(ctx, func() error {
		return d.gateway.call(ctx, "POST", "/v1/licenses/"+p.License+"/grants", p.Request, &grant)
	})
	if isConflict(err) {
		if grant, err = d.recorded(ctx, p, err); isConflict(err) {
			// Another grant is in the way. Whatever is done about it, a later try needs new attestations.
			return errors.Join(err, d.step(p, Fetched))
		}
	}
	if err != nil {
		return err
	}
	if grant.License != p.License || grant.Nonce != p.Request.Nonce {
		return ErrOtherGrant.With(grant.License)
	}
	p.Number = grant.Number
	return d.step(p, Recorded)
}

// recorded looks for our own grant behind a conflict.
func (d *desk) recorded(ctx context.Context, p *Purchase, conflict error) (license.Grant, error) {
	var view license.GrantView
	if err := d.gateway.call(ctx, "GET", "/v1/licenses/"+p.License+"/grants/newest", nil, &view); err != nil {
		return license.Grant{}, errors.Join(conflict, err)
	}
	if view.Grant.Nonce != p.Request.Nonce {
		return license.Grant{}, conflict
	}
	return view.Grant, nil
}

// arm waits for both custodians, and gives their answers to the TPM: halves in, two signatures over our nonce, limit
// written, epoch counter raised.
func (d *desk) arm(ctx context.Context, p *Purchase) error {
	count, err := d.countOf(ctx, p)
	if err != nil {
		return err
	}
	view, err := d.answers(ctx, p)
	if err != nil {
		return err
	}
	grant, err := meter.FromView(view, slices.Sorted(slices.Values(p.Order.Items[0].Custodians)))
	if err != nil {
		return err
	}
	err = count.Apply(grant)
	switch {
	case errors.Is(err, meter.ErrNoRequest):
		// A run before a crash applied it and had no time to journal, or the state folder is an old copy.
		err = d.applied(count, grant)
	case errors.Is(err, meter.ErrSessionLost):
		d.say("grant", "the TPM was reset meanwhile; asking again")
		return d.step(p, Fetched)
	}
	if err != nil {
		return err
	}
	return d.step(p, Armed)
}

// answers polls until both custodians of the pair have answered.
func (d *desk) answers(ctx context.Context, p *Purchase) (view license.GrantView, err error) {
	path := "/v1/licenses/" + p.License + "/grants/" + number(p.Number)
	err = d.poll(ctx, func() (bool, error) {
		view = license.GrantView{}
		if err := d.gateway.call(ctx, "GET", path, nil, &view); err != nil {
			return false, err
		}
		if view.Grant.Nonce != p.Request.Nonce {
			return false, ErrOtherGrant.With(view.Grant.License)
		}
		return len(view.Answers) >= len(p.Request.Pair), nil
	})
	return view, err
}

// applied tells whether the meter stands at the grant's limit.
func (d *desk) applied(count *meter.Meter, grant meter.Grant) error {
	pin, err := count.Read()
	if err != nil {
		return err
	}
	if int64(pin.Limit) != grant.Limit {
		return ErrReset
	}
	return nil
}

// enable lets the license be used.
func (d *desk) enable(_ context.Context, p *Purchase) error {
	h, err := findHolding(d.store, p.License)
	if err != nil {
		return err
	}
	h.Meter = meterFile(tpmpolicy.Meter(d.enrolled.Machine.ID, h.License.Dataset, h.License.Terms))
	h.Pair = p.Request.Pair
	if err := d.store.Save(holdingFile(p.License, "holding.json"), h); err != nil {
		return err
	}
	d.say("ready", h.Title+" can be made offline now")
	return d.step(p, Finished)
}

// isConflict says that the ledger holds the thing already, or excludes the step.
func isConflict(err error) bool {
	var r *ledger.Refusal
	return errors.As(err, &r) && r.Kind == ledger.Conflict
}
