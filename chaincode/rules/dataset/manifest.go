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

// Manifest says what a sealed dataset version is; canonical bytes, signed by the licensor's ledger key,
// immutable. Stored under manifest/<dataset>/<version>.
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

// Commitment binds one half of the license share (or the runtime share) to the manifest: SHA-256 of the bytes
// with a domain tag. Halves carry the pair and its holder; the runtime share has neither.
type Commitment struct {
	Share  string   `json:"share"`  // "half" or "runtime"
	Pair   []string `json:"pair"`   // two MSPs, sorted; empty for runtime
	Holder string   `json:"holder"` // MSP of the custodian that holds it; "" for runtime
	Hash   string   `json:"hash"`
}

// ID is the dataset's name: it commits to licensor and custodian set, so that forgers can't name themselves
// (T6, T11).
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
	maxSize  = 1 << 40 // bytes of a body: 1 TiB
	maxTitle = 200
	// as many as a meter's policy has room for (package tpmpolicy): more could be sold, but never granted
	maxCustodians = 4
	maxVersion    = 1_000_000
)

// Check judges a manifest that caller publishes; homes are the MSPs that may hold custodians.
func Check(m *Manifest, caller party.Caller, homes party.Homes) error {
	if err := m.checkHead(); err != nil {
		return err
	}
	if m.Licensor.MSP != caller.MSP || m.Licensor.Party != caller.Party {
		return ErrForeign.Field("licensor", m.Licensor.Party, caller.Party)
	}
	for _, check := range []func() error{
		func() error { return m.checkCustodians(homes) }, m.checkContent, m.checkSizes, m.checkCommitments,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	if id := ID(m.Licensor, m.Custodians, m.Salt); m.Dataset != id {
		return ErrID.Field("dataset", m.Dataset, id)
	}
	return nil
}

func (m *Manifest) checkHead() error {
	switch {
	case m.Format != ManifestFormat:
		return ErrManifest.Field("format", m.Format, ManifestFormat)
	case m.Version < 1 || m.Version > maxVersion:
		return ErrManifest.Field("version", m.Version, "1 to 1000000")
	case ledger.CheckID(m.Salt) != nil:
		return ErrManifest.Field("salt", m.Salt, "64 lower-case hex digits")
	}
	return nil
}

func (m *Manifest) checkCustodians(homes party.Homes) error {
	if n := len(m.Custodians); n < 2 || n > maxCustodians {
		return ErrManifest.Field("custodians", n, "2 to 4")
	}
	if !ledger.Ascending(m.Custodians) {
		return ErrManifest.Field("custodians", m.Custodians, "sorted, each once")
	}
	for _, msp := range m.Custodians {
		if !slices.Contains(homes(party.Custodian), msp) {
			return ErrManifest.Field("custodians", msp, "an MSP with a custodian")
		}
	}
	return nil
}

func (m *Manifest) checkContent() error {
	switch {
	case !isTitle(m.Title):
		return ErrManifest.Field("title", m.Title, "1 to 200 bytes of printable text")
	case !ledger.IsName(m.Technology):
		return ErrManifest.Field("technology", m.Technology,
			"1 to 128 letters, digits, dots, hyphens and underscores")
	case !isProfile(m.Profile, m.Technology):
		return ErrManifest.Field("profile", m.Profile, m.Technology+"/<number>")
	case ledger.CheckID(m.BodyHash) != nil:
		return ErrManifest.Field("bodyHash", m.BodyHash, "64 lower-case hex digits")
	case m.Cipher != Cipher:
		return ErrManifest.Field("cipher", m.Cipher, Cipher)
	}
	return nil
}

func (m *Manifest) checkSizes() error {
	switch {
	case m.Size < 1 || m.Size > maxSize:
		return ErrManifest.Field("size", m.Size, "1 to "+strconv.Itoa(maxSize))
	case m.BodySize < m.Size || m.BodySize > 2*maxSize:
		return ErrManifest.Field("bodySize", m.BodySize, "size, "+strconv.FormatInt(m.Size, 10)+", to "+
			strconv.Itoa(2*maxSize))
	}
	return nil
}

// checkCommitments demands the runtime share's commitment and, for every pair of custodians, each one's half.
func (m *Manifest) checkCommitments() error {
	n := len(m.Custodians)
	if want := n*(n-1) + 1; len(m.Commitments) != want {
		return ErrCommitments.Field("commitments", len(m.Commitments), strconv.Itoa(want)+" for "+
			strconv.Itoa(n)+" custodians")
	}
	seen := map[string]bool{}
	for i, c := range m.Commitments {
		at, name := "commitments["+strconv.Itoa(i)+"]",
			strings.Join(append([]string{c.Share, c.Holder}, c.Pair...), " ")
		switch {
		case ledger.CheckID(c.Hash) != nil:
			return ErrCommitments.Field(at+".hash", c.Hash, "64 lower-case hex digits")
		case !m.fits(c):
			return ErrCommitments.Field(at, name,
				"the runtime share, or the half of a holder in a pair of custodians")
		case seen[name]:
			return ErrCommitments.Field(at, name, "another one than before")
		}
		seen[name] = true
	}
	return nil
}

func (m *Manifest) fits(c Commitment) bool {
	if c.Share == ShareRuntime {
		return len(c.Pair) == 0 && c.Holder == ""
	}
	return c.Share == ShareHalf && len(c.Pair) == 2 && ledger.Ascending(c.Pair) &&
		slices.Contains(c.Pair, c.Holder) &&
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
