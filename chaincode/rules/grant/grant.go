package grant

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// Format is the grant's.
const Format = "guildmark/grant/1"

// Grant is the committed record; key grant/<license>/<n>, create-only (T15).
type Grant struct {
	Format     string   `json:"format"` // "guildmark/grant/1"
	License    string   `json:"license"`
	Number     int      `json:"number"`
	Machine    string   `json:"machine"`
	Meter      string   `json:"meter"`  // hex MeterID: policyRef of the index
	Policy     string   `json:"policy"` // hex digest of the index's write policy, any two custodians' signatures
	SRKName    string   `json:"srkName"`
	IndexName  string   `json:"indexName"` // unwritten
	Nonce      string   `json:"nonce"`
	Counter    uint64   `json:"counter"` // c
	ResetCount uint32   `json:"resetCount"`
	Limit      int64    `json:"limit"` // cumulative pinLimit
	Pair       []string `json:"pair"`
	Request    Request  `json:"request"`
	Epoch      int64    `json:"epoch"`
}

// Request is what a machine asks for; attestations are by its AK (T15). Binary fields are base64.
type Request struct {
	License   string              `json:"license"`
	Pair      []string            `json:"pair"`      // two custodian MSPs, sorted
	Index     uint32              `json:"index"`     // NV handle of the PIN index, 0x018002xx
	Nonce     string              `json:"nonce"`     // nonceTPM of the open policy session
	Counter   machine.Attestation `json:"counter"`   // NV_Certify of the grant counter, extraData = GrantDigest
	Time      machine.Attestation `json:"time"`      // GetTime, extraData = GrantDigest
	IndexName string              `json:"indexName"` // hex Name of the PIN index, WRITTEN clear
}

// View is a grant with the answers so far.
type View struct {
	Grant   Grant    `json:"grant"`
	Answers []Answer `json:"answers"`
}

// Basis is what the ledger holds that a grant rests on.
type Basis struct {
	License    license.License
	Machine    machine.Machine
	Custodians []consortium.Recipient // of the license's custodian set, in its order
}

// From is the one rule by which a grant is made (T15): meter, write policy and Name of the index come from
// the license's terms and the custodians' keys, counter and reset count from what the machine's TPM attests,
// the number from the grants before. epoch is the ledger's.
func From(r Request, b Basis, h History, epoch int64) (Grant, error) {
	g, err := attested(r, b)
	if err != nil {
		return Grant{}, err
	}
	if g.Number, err = next(g, h); err != nil {
		return Grant{}, err
	}
	g.Epoch = epoch
	return g, nil
}

// Check recomputes a committed grant from its request and compares the whole, so that nothing in it has to be
// believed but what only the ledger can give: its number and its epoch.
func (g Grant) Check(b Basis) error {
	want, err := attested(g.Request, b)
	if err != nil {
		return err
	}
	want.Number, want.Epoch = g.Number, g.Epoch
	if got, want := ledger.Encode(g), ledger.Encode(want); !bytes.Equal(got, want) {
		return ErrDiffers.With(difference(got, want))
	}
	return nil
}

// difference shows the first key of which two documents have other values.
func difference(got, want []byte) string {
	n := 0
	for n < len(got) && n < len(want) && got[n] == want[n] {
		n++
	}
	at := max(bytes.LastIndexByte(got[:n], ','), bytes.LastIndexByte(got[:n], '{')) + 1
	value := func(doc []byte) []byte {
		if end := bytes.IndexAny(doc[n:], ",}]"); end >= 0 {
			return doc[at : n+end]
		}
		return doc[at:]
	}
	return fmt.Sprintf("%.48s, expected %.48s", value(got), value(want))
}

// attested makes the grant of a request but for its number and epoch.
func attested(r Request, b Basis) (Grant, error) {
	if err := b.check(r); err != nil {
		return Grant{}, err
	}
	m, err := meterOf(b.License, b.Custodians, r.Index)
	if err != nil {
		return Grant{}, err
	}
	name := m.index.Name(false)
	if name.Hex() != r.IndexName {
		return Grant{}, ErrIndexName.Field("indexName", r.IndexName, name.Hex())
	}
	signer, err := Signer(b.Machine)
	if err != nil {
		return Grant{}, err
	}
	counter, resets, err := r.read(signer, name)
	if err != nil {
		return Grant{}, err
	}
	if _, err := m.index.FirstLimit(b.License.Model.Uses); err != nil {
		return Grant{}, err
	}
	return Grant{
		Format: Format, License: b.License.ID, Machine: b.Machine.ID, Meter: hex.EncodeToString(m.id[:]),
		Policy:  m.policy(),
		SRKName: signer.SRK().Name().Hex(), IndexName: r.IndexName, Nonce: r.Nonce, Counter: counter,
		ResetCount: resets,
		Limit:      b.License.Model.Uses, Pair: r.Pair, Request: r,
	}, nil
}

// check demands that request, license and machine belong together and that the pair is of the license's
// custodian set.
func (b Basis) check(r Request) error {
	l := b.License
	switch {
	case r.License != l.ID:
		return ErrBasis.Field("license", r.License, l.ID)
	case l.Machine != b.Machine.ID:
		return ErrBasis.Field("machine", b.Machine.ID, l.Machine)
	}
	if terms := license.TermsHash(l.Dataset, l.Version, l.Model); l.Terms != terms {
		return ErrBasis.Field("terms", l.Terms, terms)
	}
	return CheckPair(l, r.Pair)
}

// CheckPair demands two different custodians of the license's set, sorted.
func CheckPair(l license.License, pair []string) error {
	if len(pair) != 2 || !ledger.Ascending(pair) || !slices.Contains(l.Custodians, pair[0]) ||
		!slices.Contains(l.Custodians, pair[1]) {
		return ErrPair.With(strings.Join(pair, ", ") + " of " + strings.Join(l.Custodians, ", "))
	}
	return nil
}

// read takes the counter of grants and the reset count from the request's attestations, which answer this
// license, this session and this index.
func (r Request) read(signer *tpmpolicy.Signer, index tpmpolicy.Name) (counter uint64, resets uint32, err error) {
	nonce, err := nonceOf(r.Nonce)
	if err != nil {
		return 0, 0, err
	}
	extra := tpmpolicy.GrantDigest(r.License, nonce, index)
	attestation, err := Decode(r.Counter)
	if err != nil {
		return 0, 0, err
	}
	if counter, err = signer.Counter(attestation, tpmpolicy.CounterName(), extra[:]); err != nil {
		return 0, 0, err
	}
	if attestation, err = Decode(r.Time); err != nil {
		return 0, 0, err
	}
	at, err := signer.Time(attestation, extra[:])
	return counter, at.ResetCount, err
}
