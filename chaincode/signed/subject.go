package signed

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/order"
)

// maxManifests bounds the cache of manifests: a machine holds a few thousand licenses at most.
const maxManifests = 4096

// LicenseExpectation is what must hold of a license beside its signatures.
type LicenseExpectation struct {
	License  string // id; "" accepts any
	Nonce    string // as in Expectation
	Machine  string // the holder's id; required
	Manifest []byte // the manifest's exact bytes; required
	Floor    int64  // the holder's floor of time, Unix seconds; never the system clock alone
}

// License verifies a signed license for its holder.
func (v *Verifier) License(file []byte, want LicenseExpectation) (LicenseBody, Answer, error) {
	c, err := v.run(file, Expectation{Function: FunctionLicense, Subject: want.License, Nonce: want.Nonce})
	if err != nil {
		return LicenseBody{}, Answer{}, err
	}
	b, a := &c.license, &c.answer
	if want.Machine == "" || b.License.Machine != want.Machine || b.Machine.ID != want.Machine {
		return LicenseBody{}, Answer{}, ErrMachine.With(b.License.Machine)
	}
	if err := v.checkManifest(want.Manifest, b.License.Manifest, b.License.Dataset, b.License.Version, b.License.Custodians); err != nil {
		return LicenseBody{}, Answer{}, err
	}
	if b.State != StateActive {
		return LicenseBody{}, Answer{}, ErrState.With(b.State)
	}
	if a.Lease != 0 && max(want.Floor, a.Clock) > a.Lease {
		return LicenseBody{}, Answer{}, ErrLease.With(strconv.FormatInt(a.Lease, 10))
	}
	return *b, *a, nil
}

// OrderExpectation is what must hold of an order beside its signatures.
type OrderExpectation struct {
	Order  string // id; "" accepts any
	Nonce  string
	Script func(order.Order) (string, error) // derives the collect script (hex) from the bundle's descriptor (T21); required
}

// Order verifies a signed order for whoever is about to pay it.
func (v *Verifier) Order(file []byte, want OrderExpectation) (order.View, Answer, error) {
	c, err := v.run(file, Expectation{Function: FunctionOrder, Subject: want.Order, Nonce: want.Nonce})
	if err != nil {
		return order.View{}, Answer{}, err
	}
	o := c.order.Order
	if o.Descriptor != v.bundle.Treasury.Version {
		return order.View{}, Answer{}, ErrDescriptor
	}
	script, err := want.Script(o)
	if err != nil {
		return order.View{}, Answer{}, ErrScript.With(err.Error())
	}
	if script == "" || script != o.Script {
		return order.View{}, Answer{}, ErrScript.With(o.Script)
	}
	return c.order, c.answer, nil
}

// Recipients verifies the signed list of recipients' keys (T3).
func (v *Verifier) Recipients(file []byte, nonce string) ([]consortium.Recipient, Answer, error) {
	c, err := v.run(file, Expectation{Function: FunctionRecipients, Nonce: nonce})
	if err != nil {
		return nil, Answer{}, err
	}
	return c.recipients.Recipients, c.answer, nil
}

// custodianSets decodes the body as what the tag says, and names the sets of which each must have signed (T6).
func (c *check) custodianSets() (consortium.CustodianSets, error) {
	switch c.answer.Tag {
	case TagRecipients:
		return nil, decodeCanonical(c.answer.Body, &c.recipients)
	case TagNoop:
		if string(c.answer.Body) != "{}" {
			return nil, errors.New("a body where none is due")
		}
		return nil, nil
	case TagLicense:
		if err := decodeCanonical(c.answer.Body, &c.license); err != nil {
			return nil, err
		}
		if c.license.License.ID != c.answer.Subject {
			return nil, errors.New("another license in the body")
		}
		return c.license.License.CustodianSets(), nil
	case TagOrder:
		if err := decodeCanonical(c.answer.Body, &c.order); err != nil {
			return nil, err
		}
		if c.order.Order.ID != c.answer.Subject {
			return nil, errors.New("another order in the body")
		}
		if len(c.order.Order.Items) == 0 { // no item would need no custodian
			return nil, errors.New("an order of nothing")
		}
		return c.order.Order.CustodianSets(), nil
	}
	return nil, nil
}

// checkedManifest is a manifest of which everything was recomputed once.
type checkedManifest struct {
	dataset    string
	version    int
	custodians []string
}

// checkManifest demands that the bytes are the licensed manifest, and that its dataset id commits to the licensor and to
// the custodian set by which the file was judged: so forgers can't name themselves (T6).
func (v *Verifier) checkManifest(doc []byte, hash, id string, version int, custodians []string) error {
	sum := sha256.Sum256(doc)
	if hex.EncodeToString(sum[:]) != hash {
		return ErrManifest.With("its hash differs")
	}
	v.mu.Lock()
	m, ok := v.manifests[sum]
	v.mu.Unlock()
	if !ok {
		var err error
		if m, err = readManifest(doc); err != nil {
			return ErrManifest.With(err.Error())
		}
		v.mu.Lock()
		if len(v.manifests) >= maxManifests {
			clear(v.manifests)
		}
		v.manifests[sum] = m
		v.mu.Unlock()
	}
	if m.dataset != id || m.version != version || !slices.Equal(m.custodians, custodians) {
		return ErrManifest.With("dataset, version or custodians differ")
	}
	return nil
}

func readManifest(doc []byte) (checkedManifest, error) {
	var m dataset.Manifest
	if err := decodeCanonical(doc, &m); err != nil {
		return checkedManifest{}, err
	}
	if dataset.ID(m.Licensor, m.Custodians, m.Salt) != m.Dataset {
		return checkedManifest{}, errors.New("its id does not commit to its licensor and custodians")
	}
	return checkedManifest{dataset: m.Dataset, version: m.Version, custodians: m.Custodians}, nil
}
