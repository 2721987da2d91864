package party_test

import (
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/ledger/ledgertest"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

func caller() party.Caller {
	return party.Caller{MSP: home, Party: id, Role: party.Buyer, KeyHash: hash("shop")}
}

func TestAuthorize(t *testing.T) {
	for _, c := range []struct {
		name     string
		edit     func(*party.Caller)
		admitted []string
		want     *ledger.Refusal
		saw      string
	}{
		{"a role that the function admits", func(*party.Caller) {}, []string{party.Buyer}, nil, ""},
		{"one of two roles", func(*party.Caller) {}, []string{party.Licensor, party.Buyer}, nil, ""},
		{"a function for everybody", func(*party.Caller) {}, nil, nil, ""},
		{
			"another role than the function admits", func(*party.Caller) {},
			[]string{party.Licensor},
			party.ErrNotAllowed, `"buyer", expected licensor`,
		},
		{"no party", func(c *party.Caller) { c.Party = "" }, nil, party.ErrForeign, ""},
		{"a malformed party", func(c *party.Caller) { c.Party = home + ".x" }, nil, party.ErrForeign, ""},
		{
			"a party of another home", func(c *party.Caller) { c.MSP = "AuditorMSP" }, nil, party.ErrForeign,
			"MSP AuditorMSP",
		},
		{
			"an MSP that the party's only begins with", func(c *party.Caller) { c.MSP = "Operator" }, nil,
			party.ErrForeign, "",
		},
		{"no role", func(c *party.Caller) { c.Role = "" }, nil, party.ErrUnknownRole, ""},
		{
			"a role that the ledger does not know", func(c *party.Caller) { c.Role = "king" }, nil,
			party.ErrUnknownRole, "king",
		},
		{
			"a role that its home may not grant", func(c *party.Caller) { c.Role = party.Registrar }, nil,
			party.ErrForeignRole, "role registrar",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			who := caller()
			c.edit(&who)
			ledgertest.Refused(t, party.Authorize(who, homes, c.admitted), c.want, c.saw)
		})
	}
}

func TestPinned(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*party.Caller, *party.Party)
		want *ledger.Refusal
	}{
		{"its second key", func(*party.Caller, *party.Party) {}, nil},
		{"its first key", func(c *party.Caller, _ *party.Party) { c.KeyHash = hash("office") }, nil},
		{
			"a key that is not pinned", func(c *party.Caller, _ *party.Party) { c.KeyHash = hash("thief") },
			party.ErrNotPinned,
		},
		{"no key", func(c *party.Caller, _ *party.Party) { c.KeyHash = "" }, party.ErrNotPinned},
		{
			"a role that is not recorded", func(c *party.Caller, _ *party.Party) { c.Role = party.Governor },
			party.ErrNotAllowed,
		},
		{
			"another party's record", func(_ *party.Caller, p *party.Party) { p.ID = home + ".ffffffffffffffff" },
			party.ErrForeign,
		},
		{
			"a record of another home", func(_ *party.Caller, p *party.Party) { p.Home = "AuditorMSP" },
			party.ErrForeign,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			who, p := caller(), buyer()
			c.edit(&who, &p)
			ledgertest.Refused(t, party.Pinned(who, p), c.want, "")
		})
	}
}
