package meter

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/tpm"
)

// Grant is what two custodians answered: the limit they signed and, unless it closes the meter, their halves
// of the license share, sealed to this TPM.
type Grant struct {
	License    string
	Nonce      []byte
	Limit      int64  // uses in all; 0 closes the meter (T17)
	Pair       [2]int // places in the custodian set, ascending
	Signatures [2][]byte
	// the lower custodian's (it burns a use), then the upper's; none: the halves stay (T16, T17)
	Blobs []tpmpolicy.Blob
}

var errAnswer = errors.New("the grant is not answered by its pair")

// FromView reads a grant from the ledger's document; set are the custodians' MSPs in order.
func FromView(v grant.View, set []string) (Grant, error) {
	g := Grant{License: v.Grant.License, Limit: v.Grant.Limit}
	var err error
	if g.Nonce, err = ledger.Base64(v.Grant.Nonce); err != nil {
		return Grant{}, fmt.Errorf("%w: nonce: %w", errAnswer, err)
	}
	if len(v.Grant.Pair) != 2 {
		return Grant{}, errAnswer
	}
	for i, msp := range v.Grant.Pair {
		g.Pair[i] = slices.Index(set, msp)
		at := slices.IndexFunc(v.Answers,
			func(a grant.Answer) bool { return a.MSP == msp && a.Number == v.Grant.Number })
		if g.Pair[i] < 0 || at < 0 {
			return Grant{}, fmt.Errorf("%w: %s", errAnswer, msp)
		}
		blob, err := g.readAnswer(i, v.Answers[at])
		if err != nil {
			return Grant{}, err
		}
		if g.Limit > 0 { // a grant that closes a meter has no halves
			g.Blobs = append(g.Blobs, blob)
		}
	}
	return g, nil
}

func (g *Grant) readAnswer(i int, a grant.Answer) (b tpmpolicy.Blob, err error) {
	for _, f := range []struct {
		to   *[]byte
		from string
	}{{&g.Signatures[i], a.Signature}, {&b.Public, a.Public}, {&b.Duplicate, a.Duplicate}, {&b.Seed, a.Seed}} {
		if *f.to, err = ledger.Base64(f.from); err != nil {
			return b, fmt.Errorf("%w: %s: %w", errAnswer, a.MSP, err)
		}
	}
	return b, nil
}

// Apply takes the halves in, writes the signed limit in the session that waits for it, and arms the grant by
// incrementing the grant counter. Every step is remembered first: after a crash, Apply goes on with the same
// grant.
func (x *Meter) Apply(g Grant) error {
	p := x.state.Pending
	if p == nil {
		return ErrNoRequest
	}
	if p.License != g.License || !slices.Equal(p.Nonce, g.Nonce) {
		return ErrOpenRequest
	}
	if err := x.custodians.CheckPair(g.Pair[0], g.Pair[1]); err != nil {
		return err
	}
	if err := x.importHalves(g); err != nil {
		return err
	}
	if err := x.writeLimit(g); err != nil {
		return err
	}
	return x.arm()
}

// importHalves checks that the halves' policies are the ones of this meter and grant counter, and imports both.
func (x *Meter) importHalves(g Grant) error {
	p := x.state.Pending
	p.Limit, p.Halves = &g.Limit, nil
	if len(g.Blobs) == 0 {
		return x.save()
	}
	if len(g.Blobs) != 2 {
		return errAnswer
	}
	use, err := tpmpolicy.UsePolicy(tpmpolicy.CounterName(), p.Counter, x.index, x.id)
	if err != nil {
		return err
	}
	counter, err := tpmpolicy.CounterPolicy(tpmpolicy.CounterName(), p.Counter)
	if err != nil {
		return err
	}
	for i, policy := range []tpmpolicy.Digest{use, counter} {
		if _, err := tpmpolicy.CheckBlob(g.Blobs[i], policy); err != nil {
			return err
		}
		half, err := x.tpm.Import(g.Blobs[i])
		if err != nil {
			return err
		}
		p.Halves = append(p.Halves, half)
	}
	return x.save()
}

// writeLimit writes the limit unless a run before a crash did.
func (x *Meter) writeLimit(g Grant) error {
	done, err := x.limitStands(g.Limit)
	if err != nil || done {
		return err
	}
	is, err := x.tpm.IndexState(x.index)
	if err != nil {
		return err
	}
	kind := x.index.FirstLimit
	if is == tpm.IndexWritten {
		kind = x.index.NewLimit
	}
	write, err := kind(g.Limit)
	if err != nil {
		return err
	}
	branches, err := x.custodians.Branches(x.id)
	if err != nil {
		return err
	}
	session := tpm.ResumeSession(x.state.Pending.Session, x.state.Pending.Nonce)
	err = x.tpm.WriteLimit(session, tpm.SignedLimit{
		Write: write, Meter: x.id, Signatures: g.Signatures, Branches: branches,
		Keys: [2]*ecdsa.PublicKey{x.custodians[g.Pair[0]], x.custodians[g.Pair[1]]},
	})
	if isSessionGone(err) {
		return fmt.Errorf("%w: %w", ErrSessionLost, err)
	}
	return err
}

// limitStands reports whether the index holds this limit already: then a run before a crash wrote it.
func (x *Meter) limitStands(limit int64) (bool, error) {
	if is, err := x.tpm.IndexState(x.index); err != nil || is != tpm.IndexWritten {
		return false, err
	}
	pin, err := x.tpm.ReadIndex(x.index)
	return int64(pin.Limit) == limit, err
}

// isSessionGone recognizes the response codes for the handle of a session that has ended.
func isSessionGone(err error) bool {
	return errors.Is(err, tpm2.TPMRCReferenceH1) || errors.Is(err, tpm2.TPMRCReferenceH0) ||
		errors.Is(err, tpm2.TPMRCReferenceS0) || errors.Is(err, tpm2.TPMRCHandle)
}

// arm increments the grant counter, unless a run before a crash did, and puts the halves in force.
func (x *Meter) arm() error {
	p := x.state.Pending
	value, err := x.tpm.Counter()
	if err != nil {
		return err
	}
	if value <= p.Counter {
		if err := x.tpm.Increment(); err != nil {
			return err
		}
	}
	if len(p.Halves) == 2 {
		x.state.Counter, x.state.Halves = p.Counter, p.Halves
	}
	x.state.Pending = nil
	if err := x.save(); err != nil {
		return err
	}
	return x.keep()
}

// keep persists the halves in the TPM if it has room: a use then takes six commands instead of ten. Each
// meter has two places beside its index's number.
func (x *Meter) keep() error {
	first := tpm.FirstSealedHandle + 2*(x.index.Handle-tpmpolicy.FirstIndexHandle)
	for i := range x.state.Halves {
		kept, ok, err := x.tpm.Persist(x.state.Halves[i], first+uint32(i))
		if err != nil {
			return err
		}
		if ok {
			x.state.Halves[i] = kept
		}
	}
	return x.save()
}
