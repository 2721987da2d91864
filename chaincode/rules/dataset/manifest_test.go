package dataset_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/ledger/ledgertest"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
)

func TestCheckManifest(t *testing.T) {
	const most = 1 << 40
	for _, c := range []struct {
		name string
		edit func(*dataset.Manifest)
		want *ledger.Refusal
		saw  string
	}{
		{"as it is", func(*dataset.Manifest) {}, nil, ""},
		{
			"another format", func(m *dataset.Manifest) { m.Format = "guildmark/manifest/2" }, dataset.ErrManifest,
			"format",
		},
		{"version 0", func(m *dataset.Manifest) { m.Version = 0 }, dataset.ErrManifest, "version 0"},
		{"version 1000000", func(m *dataset.Manifest) { m.Version = 1_000_000 }, nil, ""},
		{
			"version 1000001", func(m *dataset.Manifest) { m.Version = 1_000_001 }, dataset.ErrManifest,
			"version 1000001",
		},
		{"a short salt", func(m *dataset.Manifest) { m.Salt = m.Salt[2:] }, dataset.ErrManifest, "salt"},
		{"another salt than the id's", func(m *dataset.Manifest) { m.Salt = ledger.Hash("salt") }, dataset.ErrID, ""},
		{
			"another licensor's", func(m *dataset.Manifest) { m.Licensor.Party = "Licensors.ffffffffffffffff" },
			dataset.ErrForeign, "",
		},
		{"another partner's", func(m *dataset.Manifest) { m.Licensor.MSP = "Other" }, dataset.ErrForeign, ""},
		{
			"one custodian", func(m *dataset.Manifest) { m.Custodians = m.Custodians[:1] }, dataset.ErrManifest,
			"custodians 1, expected 2 to 4",
		},
		{
			"five custodians", func(m *dataset.Manifest) { m.Custodians = []string{"A", "B", "C", "D", "E"} },
			dataset.ErrManifest, "custodians 5",
		},
		{
			"custodians not sorted", func(m *dataset.Manifest) { slices.Reverse(m.Custodians) },
			dataset.ErrManifest, "custodians",
		},
		{
			"a custodian at no home", func(m *dataset.Manifest) { m.Custodians[2] = "Stranger" },
			dataset.ErrManifest, "Stranger",
		},
		{"no title", func(m *dataset.Manifest) { m.Title = "" }, dataset.ErrManifest, "title"},
		{"a title with a line end", func(m *dataset.Manifest) { m.Title = "a\nb" }, dataset.ErrManifest, "title"},
		{"a title of 200 bytes", func(m *dataset.Manifest) { m.Title = strings.Repeat("ü", 100) }, nil, ""},
		{
			"a title of 201 bytes", func(m *dataset.Manifest) { m.Title = strings.Repeat("ü", 100) + "x" },
			dataset.ErrManifest, "title",
		},
		{
			"a technology with a slash", func(m *dataset.Manifest) { m.Technology, m.Profile = "a/b", "a/b/1" },
			dataset.ErrManifest, "technology",
		},
		{
			"a profile of another technology", func(m *dataset.Manifest) { m.Profile = "laser/1" },
			dataset.ErrManifest, "profile",
		},
		{
			"a profile without a number", func(m *dataset.Manifest) { m.Profile = "beverage/" },
			dataset.ErrManifest, "profile",
		},
		{"a profile 01", func(m *dataset.Manifest) { m.Profile = "beverage/01" }, dataset.ErrManifest, "profile"},
		{
			"a hash in capitals", func(m *dataset.Manifest) { m.BodyHash = strings.Repeat("A", 64) },
			dataset.ErrManifest, "bodyHash",
		},
		{"another cipher", func(m *dataset.Manifest) { m.Cipher = "none" }, dataset.ErrManifest, "cipher"},
		{"no plain bytes", func(m *dataset.Manifest) { m.Size = 0 }, dataset.ErrManifest, "size 0"},
		{"the largest body", func(m *dataset.Manifest) { m.Size, m.BodySize = most, 2*most }, nil, ""},
		{
			"more plain bytes", func(m *dataset.Manifest) { m.Size, m.BodySize = most+1, most+1 },
			dataset.ErrManifest, "size",
		},
		{
			"a larger body", func(m *dataset.Manifest) { m.Size, m.BodySize = most, 2*most+1 },
			dataset.ErrManifest, "bodySize",
		},
		{
			"a body smaller than its contents", func(m *dataset.Manifest) { m.Size, m.BodySize = 3, 2 },
			dataset.ErrManifest, "bodySize",
		},
		{
			"a commitment left out", func(m *dataset.Manifest) { m.Commitments = m.Commitments[1:] },
			dataset.ErrCommitments, "commitments 6, expected 7",
		},
		{
			"a commitment twice", func(m *dataset.Manifest) { m.Commitments[2] = m.Commitments[1] },
			dataset.ErrCommitments, "commitments[2]",
		},
		{
			"a malformed hash", func(m *dataset.Manifest) { m.Commitments[1].Hash = "x" }, dataset.ErrCommitments,
			"commitments[1].hash",
		},
		{
			"another share", func(m *dataset.Manifest) { m.Commitments[1].Share = "third" },
			dataset.ErrCommitments, "commitments[1]",
		},
		{
			"a holder outside of the pair", func(m *dataset.Manifest) { m.Commitments[1].Holder = "Partner2" },
			dataset.ErrCommitments, "commitments[1]",
		},
		{"a pair outside of the set", func(m *dataset.Manifest) {
			m.Commitments[1].Pair = []string{
				"Partner0",
				"Stranger",
			}
		}, dataset.ErrCommitments, "commitments[1]"},
		{
			"a pair not sorted", func(m *dataset.Manifest) { slices.Reverse(m.Commitments[1].Pair) },
			dataset.ErrCommitments, "commitments[1]",
		},
		{
			"a runtime share with a holder", func(m *dataset.Manifest) { m.Commitments[0].Holder = "Partner0" },
			dataset.ErrCommitments, "commitments[0]",
		},
		{"another id", func(m *dataset.Manifest) { m.Dataset = ledger.Hash("dataset") }, dataset.ErrID, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, caller, _ := manifest(3)
			known := slices.Clone(m.Custodians)
			c.edit(m)
			homes := func(string) []string { return known }
			ledgertest.Refused(t, dataset.Check(m, caller, homes), c.want, c.saw)
		})
	}
}

func TestCheckConfirmation(t *testing.T) {
	envelope := ledger.Hash("envelope")
	for _, c := range []struct {
		name      string
		msp, hash string
		confirmed []string
		final     bool
		want      *ledger.Refusal
	}{
		{"the first", "Partner0", envelope, nil, false, nil},
		{"the last", "Partner1", envelope, []string{"Partner0", "Partner2"}, true, nil},
		{"not a custodian", "Stranger", envelope, nil, false, dataset.ErrNotCustodian},
		{"another envelope", "Partner0", ledger.Hash("other"), nil, false, dataset.ErrEnvelope},
		{"a second time", "Partner0", envelope, []string{"Partner0"}, false, dataset.ErrConfirmed},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, _, _ := manifest(3)
			final, err := dataset.CheckConfirmation(m, dataset.Publication{Envelope: envelope}, c.msp, c.hash,
				c.confirmed)
			ledgertest.Refused(t, err, c.want, "")
			if final != c.final {
				t.Errorf("final: got %v, want %v", final, c.final)
			}
		})
	}
}
