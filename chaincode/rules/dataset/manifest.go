package dataset

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

// ManifestFormat is the manifest's.
const ManifestFormat = "guildmark/manifest/1"

// Manifest says what a sealed dataset version is; canonical bytes, signed by the licensor's ledger key, immutable.
// Stored under manifest/<dataset>/<version>.
type Manifest struct {
	Format      string       `json:"format"`  // "guildmark/manifest/1"
	Dataset     string       `json:"dataset"` // ID(licensor, custodians, salt)
	Version     int          `json:"version"`
	Licensor    Licensor     `json:"licensor"`
	Salt        string       `json:"salt"`       // 32 random bytes, hex; fixed before sealing
	Custodians  []string     `json:"custodians"` // MSPs, sorted, two or more
	Title       string       `json:"title"`
	Technology  string       `json:"technology"` // "beverage"
	Profile     string       `json:"profile"`    // "beverage/1"
	Size        int64        `json:"size"`       // plain bytes
	BodySize    int64        `json:"bodySize"`   // sealed bytes
	BodyHash    string       `json:"bodyHash"`   // SHA-256 of the sealed body
	Cipher      string       `json:"cipher"`     // "DARE-2.0 AES-256-GCM"
	Commitments []Commitment `json:"commitments"`
}

// Licensor is the selling party and its home.
type Licensor struct {
	MSP   string `json:"msp"`
	Party string `json:"party"`
}

// Commitment binds one half of the license share (or the runtime share) to the manifest: SHA-256 of the bytes with
// a domain tag. Halves carry the pair and its holder; the runtime share has neither.
type Commitment struct {
	Share  string   `json:"share"`  // "half" or "runtime"
	Pair   []string `json:"pair"`   // two MSPs, sorted; empty for runtime
	Holder string   `json:"holder"` // MSP of the custodian that holds it; "" for runtime
	Hash   string   `json:"hash"`
}

// ID is the dataset's name: it commits to licensor and custodian set, so that forgers can't name themselves (T6, T11).
func ID(l Licensor, custodians []string, salt string) string {
	parts := append([]string{"guildmark/dataset/1", l.MSP, l.Party, salt}, custodians...)
	return ledger.Hash(parts...)
}

// The values that fields of a manifest, and of the envelope beside it, can have.
const (
	Cipher       = "DARE-2.0 AES-256-GCM" // of the body
	ShareHalf    = "half"                 // a custodian's half of the license share
	ShareRuntime = "runtime"              // the runtime share
)

// Bounds of a manifest, far above what is real.
const (
	maxSize       = 1 << 40 // bytes of a body: 1 TiB
	maxTitle      = 200
	maxCustodians = 4 // as many as a meter's policy has room for (package tpmpolicy): more could be sold, but never granted
	maxVersion    = 1_000_000
)

// Check judges a manifest that caller publishes; homes are the MSPs that may hold custodians.
func Check(m *Manifest, caller party.Caller, homes party.Homes) error {
	if m.Format != ManifestFormat || m.Version < 1 || m.Version > maxVersion || ledger.CheckID(m.Salt) != nil {
		return ErrManifest.With("format, version or salt")
	}
	if m.Licensor.MSP != caller.MSP || m.Licensor.Party != caller.Party {
		return ErrForeign.With(m.Licensor.Party)
	}
	for _, check := range []func() error{
		func() error { return m.checkCustodians(homes) }, m.checkContent, m.checkCommitments,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if m.Dataset != ID(m.Licensor, m.Custodians, m.Salt) {
		return ErrID.With(m.Dataset)
	}
	return nil
}

func (m *Manifest) checkCustodians(homes party.Homes) error {
	n := len(m.Custodians)
	if n < 2 || n > maxCustodians || !ledger.Ascending(m.Custodians) {
		return ErrManifest.With(strconv.Itoa(n) + " custodians, or not sorted")
	}
	for _, msp := range m.Custodians {
		if !slices.Contains(homes(party.Custodian), msp) {
			return ErrManifest.With("custodian " + msp)
		}
	}
	return nil
}

func (m *Manifest) checkContent() error {
	switch {
	case !isTitle(m.Title), !ledger.IsName(m.Technology), !isProfile(m.Profile, m.Technology):
		return ErrManifest.With("title, technology or profile")
	case m.Size < 1, m.Size > maxSize, m.BodySize < m.Size, m.BodySize > 2*maxSize:
		return ErrManifest.With("size " + strconv.FormatInt(m.Size, 10) + ", body " + strconv.FormatInt(m.BodySize, 10))
	case ledger.CheckID(m.BodyHash) != nil, m.Cipher != Cipher:
		return ErrManifest.With("body hash or cipher")
	}
	return nil
}

// checkCommitments demands the runtime share's commitment and, for every pair of custodians, each one's half.
func (m *Manifest) checkCommitments() error {
	n := len(m.Custodians)
	if len(m.Commitments) != n*(n-1)+1 {
		return ErrCommitments.With(strconv.Itoa(len(m.Commitments)))
	}
	seen := map[string]bool{}
	for _, c := range m.Commitments {
		name := strings.Join(append([]string{c.Share, c.Holder}, c.Pair...), " ")
		if seen[name] || ledger.CheckID(c.Hash) != nil || !m.fits(c) {
			return ErrCommitments.With(name)
		}
		seen[name] = true
	}
	return nil
}

func (m *Manifest) fits(c Commitment) bool {
	if c.Share == ShareRuntime {
		return len(c.Pair) == 0 && c.Holder == ""
	}
	return c.Share == ShareHalf && len(c.Pair) == 2 && ledger.Ascending(c.Pair) && slices.Contains(c.Pair, c.Holder) &&
		slices.Contains(m.Custodians, c.Pair[0]) && slices.Contains(m.Custodians, c.Pair[1])
}

func isTitle(s string) bool {
	if s == "" || len(s) > maxTitle {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// isProfile takes "<technology>/<number>".
func isProfile(profile, technology string) bool {
	number, ok := strings.CutPrefix(profile, technology+"/")
	n, err := strconv.Atoi(number)
	return ok && err == nil && n > 0 && strconv.Itoa(n) == number
}
