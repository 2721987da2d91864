package consortium_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/ledger/ledgertest"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// config is a good first configuration: four partners, three of them sign, two must.
func config() consortium.Config {
	all := consortium.BuiltInPartners()
	c := consortium.Config{
		Format: consortium.ConfigFormat, Version: 1, Channel: "market", Chaincode: "guildmark", Quorum: 2,
		Roles:    []consortium.RoleHomes{{Role: party.Governor, MSPs: all}, {Role: party.Oracle, MSPs: all[2:]}},
		Bitcoin:  consortium.Bitcoin{Network: "regtest", FinalDepth: 6, Attestations: 2},
		Treasury: consortium.Treasury{Version: 1, Descriptor: "wsh(...)"},
		Commission: consortium.Commission{
			Rate: royalty.Whole / 10, Min: 1, Max: 1000, Payee: "OperatorMSP.0123456789abcdef",
		},
		Limits: consortium.Limits{
			MinPrice: 2000, DailyCap: 100_000, OrderEpochs: 144, LeaseSeconds: 86_400, ClockSkew: 10,
			ClockAge: 180, EpochSeconds: 600,
		},
	}
	for i, msp := range all {
		c.Partners = append(c.Partners, consortium.Partner{
			MSP: msp, Name: "partner", Signs: i > 0, BundleKey: base64.StdEncoding.EncodeToString([]byte(msp)),
		})
	}
	return c
}

const tooMuch = ledger.MaxSatoshi + 1

func TestCheckConfig(t *testing.T) {
	const span = 100 * 366 * 24 * 3600
	for _, c := range []struct {
		name string
		edit func(*consortium.Config)
		want string // in what was seen; "" for a good configuration
	}{
		{"as it is", func(*consortium.Config) {}, ""},
		{"another format", func(c *consortium.Config) { c.Format = "guildmark/config/2" }, "format"},
		{"version 0", func(c *consortium.Config) { c.Version = 0 }, "version 0, expected 1 or more"},
		{"no channel", func(c *consortium.Config) { c.Channel = "" }, "channel"},
		{"the longest channel", func(c *consortium.Config) { c.Channel = strings.Repeat("c", 250) }, ""},
		{"a longer channel", func(c *consortium.Config) { c.Channel = strings.Repeat("c", 251) }, "channel"},
		{"a chaincode with a space", func(c *consortium.Config) { c.Chaincode = "guild mark" }, "chaincode"},

		{"an MSP with a dot", func(c *consortium.Config) { c.Partners[1].MSP = "A.B" }, "partners[1].msp"},
		{"partners not sorted", func(c *consortium.Config) { slices.Reverse(c.Partners) }, "partners[1].msp"},
		{"a partner twice", func(c *consortium.Config) { c.Partners[1].MSP = c.Partners[0].MSP }, "partners[1].msp"},
		{"a partner without a name", func(c *consortium.Config) { c.Partners[2].Name = "" }, "partners[2].name"},
		{
			"a bundle key that is not base64", func(c *consortium.Config) { c.Partners[0].BundleKey = "?" },
			"partners[0].bundleKey",
		},
		{
			"a bundle key of another form", func(c *consortium.Config) { c.Partners[0].BundleKey += "\n" },
			"partners[0].bundleKey",
		},
		{
			"a bundle key twice", func(c *consortium.Config) { c.Partners[3].BundleKey = c.Partners[0].BundleKey },
			"another key than AuditorMSP's",
		},
		{"one partner", func(c *consortium.Config) { c.Partners = c.Partners[:1] }, "partners 1, expected 2 or more"},

		{"a quorum of one", func(c *consortium.Config) { c.Quorum = 1 }, "quorum 1, expected 2 to 3"},
		{"a quorum of all that sign", func(c *consortium.Config) { c.Quorum = 3 }, ""},
		{"a quorum of more than sign", func(c *consortium.Config) { c.Quorum = 4 }, "quorum 4, expected 2 to 3"},

		{
			"a role that the ledger does not know", func(c *consortium.Config) { c.Roles[0].Role = "king" },
			"roles[0].role",
		},
		{"roles not sorted", func(c *consortium.Config) { slices.Reverse(c.Roles) }, "roles[1].role"},
		{"a role of nobody", func(c *consortium.Config) { c.Roles[1].MSPs = nil }, "roles[1].msps"},
		{"MSPs not sorted", func(c *consortium.Config) {
			c.Roles[1].MSPs = []string{
				"OperatorMSP",
				"ManufacturerMSP",
			}
		}, "roles[1].msps"},
		{
			"a stranger's role", func(c *consortium.Config) { c.Roles[1].MSPs = []string{"StrangerMSP"} },
			`"StrangerMSP", expected a partner's MSP`,
		},
		{"three governors", func(c *consortium.Config) { c.Roles[0].MSPs = c.Roles[0].MSPs[:3] }, ""},
		{
			"two governors", func(c *consortium.Config) { c.Roles[0].MSPs = c.Roles[0].MSPs[:2] },
			"role governor 2, expected 3 or more",
		},

		{"a depth of 0", func(c *consortium.Config) { c.Bitcoin.FinalDepth = 0 }, "bitcoin.finalDepth"},
		{"the greatest depth", func(c *consortium.Config) { c.Bitcoin.FinalDepth = 1000 }, ""},
		{"a greater depth", func(c *consortium.Config) { c.Bitcoin.FinalDepth = 1001 }, "bitcoin.finalDepth"},
		{"no attestations", func(c *consortium.Config) { c.Bitcoin.Attestations = 0 }, ""},
		{
			"a negative number of attestations", func(c *consortium.Config) { c.Bitcoin.Attestations = -1 },
			"bitcoin.attestations",
		},
		{
			"more attestations than oracles", func(c *consortium.Config) { c.Bitcoin.Attestations = 3 },
			"attestations 3, expected 0 to 2",
		},

		{"treasury 0", func(c *consortium.Config) { c.Treasury.Version = 0 }, "treasury.version"},
		{"no descriptor", func(c *consortium.Config) { c.Treasury.Descriptor = "" }, "treasury.descriptor"},

		{"a negative rate", func(c *consortium.Config) { c.Commission.Rate = -1 }, "commission.rate"},
		{"all of the price", func(c *consortium.Config) { c.Commission.Rate = royalty.Whole }, ""},
		{
			"more than the price", func(c *consortium.Config) { c.Commission.Rate = royalty.Whole + 1 },
			"commission.rate",
		},
		{
			"a greatest commission above what exists", func(c *consortium.Config) { c.Commission.Max = tooMuch },
			"commission.max",
		},
		{"a negative least commission", func(c *consortium.Config) { c.Commission.Min = -1 }, "commission.min"},
		{
			"a least commission above the greatest", func(c *consortium.Config) { c.Commission.Min = 1001 },
			"commission.min",
		},
		{
			"a commission for no party", func(c *consortium.Config) { c.Commission.Payee = "OperatorMSP" },
			"commission.payee",
		},

		{"a least price of 0", func(c *consortium.Config) { c.Limits.MinPrice = 0 }, "limits.minPrice"},
		{
			"a least price above what exists", func(c *consortium.Config) { c.Limits.MinPrice = tooMuch },
			"limits.minPrice",
		},
		{
			"a daily cap under the least price", func(c *consortium.Config) { c.Limits.DailyCap = 1999 },
			"limits.dailyCap",
		},
		{
			"a daily cap above what exists", func(c *consortium.Config) { c.Limits.DailyCap = tooMuch },
			"limits.dailyCap",
		},
		{"orders of no epoch", func(c *consortium.Config) { c.Limits.OrderEpochs = 0 }, "limits.orderEpochs"},
		{"no lease", func(c *consortium.Config) { c.Limits.LeaseSeconds = 0 }, ""},
		{"a negative lease", func(c *consortium.Config) { c.Limits.LeaseSeconds = -1 }, "limits.leaseSeconds"},
		{"the longest lease", func(c *consortium.Config) { c.Limits.LeaseSeconds = span }, ""},
		{"a longer lease", func(c *consortium.Config) { c.Limits.LeaseSeconds = span + 1 }, "limits.leaseSeconds"},
		{"no skew", func(c *consortium.Config) { c.Limits.ClockSkew = 0 }, "limits.clockSkew"},
		{"no age", func(c *consortium.Config) { c.Limits.ClockAge = 0 }, "limits.clockAge"},
		{"epochs of no time", func(c *consortium.Config) { c.Limits.EpochSeconds = 0 }, "limits.epochSeconds"},
	} {
		t.Run(c.name, func(t *testing.T) {
			good := config()
			c.edit(&good)
			want := consortium.ErrConfig
			if c.want == "" {
				want = nil
			}
			ledgertest.Refused(t, good.Check(), want, c.want)
		})
	}
}

func TestSucceeds(t *testing.T) {
	first := config()
	for _, c := range []struct {
		name    string
		inForce *consortium.Config
		edit    func(*consortium.Config)
		wantErr *ledger.Refusal
		want    string
	}{
		{"the first", &consortium.Config{}, func(c *consortium.Config) { c.Version, c.Previous = 1, "" }, nil, ""},
		{
			"the first with a version before", &consortium.Config{}, func(c *consortium.Config) { c.Version = 1 },
			consortium.ErrVersion, "previous",
		},
		{"the next", &first, func(*consortium.Config) {}, nil, ""},
		{"a bad one", &first, func(c *consortium.Config) { c.Quorum = 1 }, consortium.ErrConfig, "quorum"},
		{
			"the same version again", &first, func(c *consortium.Config) { c.Version = 1 }, consortium.ErrVersion,
			"version 1, expected 2",
		},
		{
			"a version left out", &first, func(c *consortium.Config) { c.Version = 3 }, consortium.ErrVersion,
			"version 3, expected 2",
		},
		{
			"of another one before", &first, func(c *consortium.Config) { c.Previous = ledger.Hash("x") },
			consortium.ErrVersion, "previous",
		},
		{
			"another channel", &first, func(c *consortium.Config) { c.Channel = "other" }, consortium.ErrConfig,
			"channel",
		},
		{
			"another network", &first, func(c *consortium.Config) { c.Bitcoin.Network = "mainnet" },
			consortium.ErrConfig, "bitcoin.network",
		},
		{
			"longer epochs", &first, func(c *consortium.Config) { c.Limits.EpochSeconds++ }, consortium.ErrConfig,
			"limits.epochSeconds",
		},
		{
			"another treasury of the same version", &first,
			func(c *consortium.Config) { c.Treasury.Descriptor = "wsh(x)" }, consortium.ErrConfig,
			"treasury.version",
		},
		{"another treasury", &first, func(c *consortium.Config) {
			c.Treasury = consortium.Treasury{Version: 2, Descriptor: "wsh(x)"}
		}, nil, ""},
		{"everything that may change", &first, func(c *consortium.Config) {
			c.Quorum, c.Commission.Rate, c.Limits.MinPrice = 3, 0, 1
		}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			next := config()
			next.Version, next.Previous = 2, first.Hash()
			c.edit(&next)
			ledgertest.Refused(t, c.inForce.Succeeds(&next, c.inForce.Hash()), c.wantErr, c.want)
		})
	}
}

func TestMayApprove(t *testing.T) {
	c := config()
	for _, tt := range []struct {
		name     string
		config   *consortium.Config
		approved []string
		want     bool
		wantErr  error
	}{
		{"the second of four", &c, []string{"AuditorMSP"}, false, nil},
		{"the third of four", &c, []string{"AuditorMSP", "LicensorsMSP"}, true, nil},
		{
			"the third of the first configuration", &consortium.Config{},
			[]string{"AuditorMSP", "LicensorsMSP"},
			true, nil,
		},
		{"the same partner again", &c, []string{"AuditorMSP", "OperatorMSP"}, false, consortium.ErrApproved},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := tt.config.MayApprove("OperatorMSP", tt.approved)
			if got != tt.want || !errors.Is(err, tt.wantErr) {
				t.Errorf("got %v, %v; want %v, %v", got, err, tt.want, tt.wantErr)
			}
		})
	}
}

// TestHomes: who may grant a role under a configuration, and before there is one.
func TestHomes(t *testing.T) {
	c, none := config(), consortium.Config{}
	if got := none.Homes(party.Governor); !slices.Equal(got, consortium.BuiltInPartners()) {
		t.Errorf("governors before the first configuration: %v", got)
	}
	if got := none.Homes(party.Buyer); got != nil {
		t.Errorf("buyers before the first configuration: %v", got)
	}
	if got := c.Homes(party.Oracle); !slices.Equal(got, []string{"ManufacturerMSP", "OperatorMSP"}) ||
		c.Homes(party.Buyer) != nil {
		t.Errorf("oracles: %v, buyers: %v", got, c.Homes(party.Buyer))
	}
	if keys := c.BundleKeys(); len(keys) != 4 || keys["OperatorMSP"] != c.Partners[3].BundleKey {
		t.Errorf("bundle keys: %v", keys)
	}
}
