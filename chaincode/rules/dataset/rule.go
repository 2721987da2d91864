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

// Refusals about datasets.
var (
	ErrManifest     = ledger.Refuse(ledger.Invalid, "dataset.manifest", "the manifest breaks a rule")
	ErrID           = ledger.Refuse(ledger.Invalid, "dataset.id", "the dataset's id does not commit to this licensor, custodian set and salt")
	ErrForeign      = ledger.Refuse(ledger.Forbidden, "dataset.foreign", "the dataset belongs to another licensor")
	ErrCommitments  = ledger.Refuse(ledger.Invalid, "dataset.commitments", "the commitments are not one for the runtime share and one for each half of each pair")
	ErrSignature    = ledger.Refuse(ledger.Invalid, "dataset.signature", "the signature over the manifest is not the licensor's")
	ErrPublished    = ledger.Refuse(ledger.Conflict, "dataset.published", "this version of the dataset is published already")
	ErrVersion      = ledger.Refuse(ledger.Conflict, "dataset.version", "the version before this one is not published")
	ErrUnknown      = ledger.Refuse(ledger.NotFound, "dataset.unknown", "no such version of a dataset is published")
	ErrNotCustodian = ledger.Refuse(ledger.Forbidden, "dataset.not_custodian", "the caller is not a custodian of this dataset")
	ErrEnvelope     = ledger.Refuse(ledger.Conflict, "dataset.envelope", "the key envelope is not the one that was published")
	ErrConfirmed    = ledger.Refuse(ledger.Conflict, "dataset.confirmed", "this custodian has confirmed the version already")
	ErrNotAnnounced = ledger.Refuse(ledger.Forbidden, "content.not_announced", "no published dataset announced bytes of this hash")
	ErrNotFinal     = ledger.Refuse(ledger.Conflict, "dataset.not_final", "not all custodians have confirmed this version: it can't be sold yet")
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

// CheckConfirmation judges a custodian's word about a version. confirmed are the MSPs that confirmed before; it
// reports whether this one makes the version final.
func CheckConfirmation(m *Manifest, p Publication, msp, envelope string, confirmed []string) (final bool, err error) {
	switch {
	case !slices.Contains(m.Custodians, msp):
		return false, ErrNotCustodian.With(msp)
	case envelope != p.Envelope:
		return false, ErrEnvelope.With(envelope)
	case slices.Contains(confirmed, msp):
		return false, ErrConfirmed.With(msp)
	}
	return len(confirmed)+1 == len(m.Custodians), nil
}
