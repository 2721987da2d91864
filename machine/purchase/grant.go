package purchase

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/folder"
	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/market"
	"github.com/guildmark/guildmark/machine/meter"
)

// Refusals of grants.
var (
	// ErrNoPair means that fewer than two custodians of the dataset have activated this machine, and a grant
	// takes two. Enroll again: that asks those that are missing.
	ErrNoPair = ledger.Refuse(ledger.Forbidden, "machine.no_pair",
		"fewer than two of the dataset's custodians have activated this machine: run `machine enroll`")
	// ErrOtherGrant means that the ledger holds an open grant that this purchase did not ask for. Ask another
	// gateway, or wait.
	ErrOtherGrant = ledger.Refuse(ledger.Conflict, "machine.other_grant",
		"the ledger holds another open grant of this machine")
	// ErrRestart means that the TPM's session ended between request and answer, and the meter doesn't stand
	// at the grant's limit. A reset of the TPM ends the request, so that another can be made.
	ErrRestart = ledger.Refuse(ledger.Conflict, "machine.restart",
		"the TPM's session ended while a grant was open: restart the machine, then run the same command again")
)

// meterOf is the meter that a license's uses are counted by; licenses of the same dataset and
// terms share one (T16).
func (b *Buyer) meterOf(l license.License, custodians tpmpolicy.Custodians) (*meter.Meter, error) {
	id := tpmpolicy.Meter(b.Machine.ID, l.Dataset, l.Terms)
	files := b.Machine.Store.Folder
	if err := files.Make("meters"); err != nil {
		return nil, err
	}
	return meter.Create(b.Machine.TPM, files.Path(meterFile(id)), id, custodians)
}

// basis is what a purchase's grant rests on: the license, this machine, and the custodians' keys as the
// partners sign them now.
func (b *Buyer) basis(ctx context.Context, p *Purchase) (grant.Basis, error) {
	h, err := b.Machine.Store.Find(p.License)
	if err != nil {
		return grant.Basis{}, err
	}
	all, err := b.Machine.Trust.Recipients(ctx, b.Machine.Gateway)
	if err != nil {
		return grant.Basis{}, err
	}
	custodians, err := holding.Custodians(all, h.License)
	return grant.Basis{License: h.License, Machine: b.Enrolled.Machine, Custodians: custodians}, err
}

// countOf opens the meter of a license.
func (b *Buyer) countOf(rests grant.Basis) (*meter.Meter, error) {
	keys, err := grant.SigningKeys(rests.Custodians)
	if err != nil {
		return nil, holding.ErrRecipients.With(err.Error())
	}
	return b.meterOf(rests.License, keys)
}

// askGrant defines the meter's index, opens the session whose nonce the custodians will sign, and attests
// counter and time for it (T15). An earlier request that never reached the ledger ends.
func (b *Buyer) askGrant(ctx context.Context, p *Purchase) error {
	b.say("grant", "asking two custodians for the license share")
	rests, err := b.basis(ctx, p)
	if err != nil {
		return err
	}
	if err := b.retire(rests.License); err != nil {
		return err
	}
	count, err := b.countOf(rests)
	if err != nil {
		return err
	}
	pair, err := b.pair(p)
	if err != nil {
		return err
	}
	request, err := count.Request(p.License)
	if err != nil {
		return err
	}
	doc := request.Document(pair)
	p.Request = &doc
	return b.save(p, Asked)
}

// pair is the first two of the dataset's custodians that activated this machine.
func (b *Buyer) pair(p *Purchase) ([]string, error) {
	var pair []string
	for _, msp := range slices.Sorted(slices.Values(p.item().Custodians)) {
		if slices.Contains(b.Enrolled.Custodians, msp) && len(pair) < 2 {
			pair = append(pair, msp)
		}
	}
	if len(pair) < 2 {
		return nil, ErrNoPair
	}
	return pair, nil
}

// recordGrant has the ledger record the request. When the answer to the first try was lost, the grant with
// our nonce stands there already.
func (b *Buyer) recordGrant(ctx context.Context, p *Purchase) error {
	var g grant.Grant
	err := market.CaughtUp(ctx, b.Machine.Every, func() (err error) {
		g, err = b.Machine.Gateway.RecordGrant(ctx, *p.Request)
		return err
	})
	if isConflict(err) {
		if g, err = b.recorded(ctx, p, err); isConflict(err) {
			// Another grant is in the way. Whatever is done about it, a later try needs new attestations.
			return errors.Join(err, b.save(p, Fetched))
		}
	}
	if err != nil {
		return err
	}
	if g.License != p.License || g.Nonce != p.Request.Nonce {
		return ErrOtherGrant.With(g.License)
	}
	p.Number = g.Number
	return b.save(p, Recorded)
}

// newest asks the gateway for a license's last grant.
const newest = 0

// recorded looks for our own grant behind a conflict.
func (b *Buyer) recorded(ctx context.Context, p *Purchase, conflict error) (grant.Grant, error) {
	view, err := b.Machine.Gateway.Grant(ctx, p.License, newest)
	if err != nil {
		return grant.Grant{}, errors.Join(conflict, err)
	}
	if view.Grant.Nonce != p.Request.Nonce {
		return grant.Grant{}, conflict
	}
	return view.Grant, nil
}

// arm waits for both custodians, checks that the ledger's grant is the one that the license gives, and gives
// the answers to the TPM: halves in, two signatures over our nonce, limit written, grant counter raised.
func (b *Buyer) arm(ctx context.Context, p *Purchase) error {
	rests, err := b.basis(ctx, p)
	if err != nil {
		return err
	}
	count, err := b.countOf(rests)
	if err != nil {
		return err
	}
	view, err := b.answers(ctx, p)
	if err != nil {
		return err
	}
	if err := view.Grant.Check(rests); err != nil {
		return err
	}
	g, err := meter.FromView(view, slices.Sorted(slices.Values(p.item().Custodians)))
	if err != nil {
		return err
	}
	err = count.Apply(g)
	switch {
	case errors.Is(err, meter.ErrNoRequest):
		// A run before a crash applied it and had no time to journal, or the state folder is an old copy.
		err = applied(count, g)
	case errors.Is(err, meter.ErrSessionLost):
		b.say("grant", "the TPM was reset meanwhile; asking again")
		return b.save(p, Fetched)
	}
	if err != nil {
		return err
	}
	return b.save(p, Armed)
}

// answers polls until both custodians of the pair have answered.
func (b *Buyer) answers(ctx context.Context, p *Purchase) (view grant.View, err error) {
	seen := func(context.Context) string {
		return fmt.Sprintf("%d of %d custodians have answered: %v", len(view.Answers), len(p.Request.Pair),
			p.Request.Pair)
	}
	err = market.Poll(ctx, b.Machine.Every, seen, func() (bool, error) {
		if view, err = b.Machine.Gateway.Grant(ctx, p.License, p.Number); err != nil {
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
func applied(count *meter.Meter, g meter.Grant) error {
	pin, err := count.Read()
	if err != nil {
		return err
	}
	if int64(pin.Limit) != g.Limit {
		return ErrRestart
	}
	return nil
}

func meterFile(id tpmpolicy.MeterID) string { return "meters/" + hex.EncodeToString(id[:]) + ".json" }

// OpenSessions are the TPM sessions in which meters wait for a grant: they must be spared when the TPM is
// swept.
func OpenSessions(f *folder.Folder) ([]uint32, error) {
	names, err := f.List("meters")
	if err != nil {
		return nil, err
	}
	var keep []uint32
	for _, name := range names {
		var s meter.State
		if err := f.Load("meters/"+name, &s); err != nil {
			return nil, err
		}
		if s.Pending != nil {
			keep = append(keep, s.Pending.Session)
		}
	}
	return keep, nil
}

// enable lets the license be used.
func (b *Buyer) enable(_ context.Context, p *Purchase) error {
	h, err := b.Machine.Store.Find(p.License)
	if err != nil {
		return err
	}
	h.Meter = meterFile(tpmpolicy.Meter(b.Machine.ID, h.License.Dataset, h.License.Terms))
	h.Pair = p.Request.Pair
	if err := b.Machine.Store.Save(h); err != nil {
		return err
	}
	b.say("ready", h.Title+" can be made offline now")
	return b.save(p, Finished)
}

// isConflict says that the ledger holds the thing already, or excludes the step.
func isConflict(err error) bool {
	var r *ledger.Refusal
	return errors.As(err, &r) && r.Kind == ledger.Conflict
}
