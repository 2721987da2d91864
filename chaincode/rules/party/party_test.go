package party_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/ledger/ledgertest"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

const (
	home = "OperatorMSP"
	id   = home + ".0123456789abcdef"
)

// homes let the operator grant buyers and governors, the manufacturer registrars.
func homes(role string) []string {
	switch role {
	case party.Buyer, party.Governor:
		return []string{home}
	case party.Registrar:
		return []string{"ManufacturerMSP"}
	}
	return nil
}

func hash(text string) string { return ledger.Digest([]byte(text)) }

func buyer() party.Party {
	return party.Party{
		Format: party.Format, ID: id, Home: home, Roles: []string{party.Buyer},
		Keys: []party.Key{{Name: "office", Hash: hash("office")}, {Name: "shop", Hash: hash("shop")}},
	}
}

func TestCheck(t *testing.T) {
	keys := func(n int) []party.Key {
		var list []party.Key
		for i := range n {
			list = append(list, party.Key{Name: "k", Hash: hash(strings.Repeat("k", i))})
		}
		return list
	}
	for _, c := range []struct {
		name string
		edit func(*party.Party)
		want *ledger.Refusal
		saw  string
	}{
		{"as it is", func(*party.Party) {}, nil, ""},
		{"another format", func(p *party.Party) { p.Format = "guildmark/party/2" }, party.ErrInvalid, "format"},
		{"an id without hex", func(p *party.Party) { p.ID = home + ".0123456789abcdeg" }, party.ErrInvalid, "id"},
		{"an id of 15 digits", func(p *party.Party) { p.ID = id[:len(id)-1] }, party.ErrInvalid, "id"},
		{"another home than its id", func(p *party.Party) { p.Home = "AuditorMSP" }, party.ErrInvalid, "home"},
		{
			"a home that its id only begins with", func(p *party.Party) { p.Home = "Operator" }, party.ErrInvalid,
			"home",
		},
		{"no roles", func(p *party.Party) { p.Roles = nil }, party.ErrInvalid, "roles"},
		{"two roles", func(p *party.Party) { p.Roles = []string{party.Buyer, party.Reader} }, nil, ""},
		{
			"roles not sorted", func(p *party.Party) { p.Roles = []string{party.Reader, party.Buyer} },
			party.ErrInvalid, "roles",
		},
		{
			"a role twice", func(p *party.Party) { p.Roles = []string{party.Buyer, party.Buyer} },
			party.ErrInvalid, "roles",
		},
		{
			"a role that the ledger does not know", func(p *party.Party) { p.Roles = []string{"king"} },
			party.ErrInvalid, "king",
		},
		{"no keys", func(p *party.Party) { p.Keys = nil }, party.ErrInvalid, "keys 0"},
		{"five keys", func(p *party.Party) { p.Keys = keys(5) }, nil, ""},
		{"six keys", func(p *party.Party) { p.Keys = keys(6) }, party.ErrInvalid, "keys 6"},
		{"a key without a name", func(p *party.Party) { p.Keys[0].Name = "" }, party.ErrInvalid, "keys[0].name"},
		{"a name of 64 characters", func(p *party.Party) { p.Keys[0].Name = strings.Repeat("n", 64) }, nil, ""},
		{
			"a name of 65 characters", func(p *party.Party) { p.Keys[0].Name = strings.Repeat("n", 65) },
			party.ErrInvalid, "keys[0].name",
		},
		{
			"a hash in capitals", func(p *party.Party) { p.Keys[1].Hash = strings.ToUpper(p.Keys[1].Hash) },
			party.ErrInvalid, "keys[1].hash",
		},
		{
			"a key twice under two names", func(p *party.Party) { p.Keys[1].Hash = p.Keys[0].Hash },
			party.ErrInvalid, "keys[1].hash",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := buyer()
			c.edit(&p)
			ledgertest.Refused(t, party.Check(p), c.want, c.saw)
		})
	}
}

func TestCheckRegistration(t *testing.T) {
	for _, c := range []struct {
		name  string
		msp   string
		edit  func(*party.Party)
		known bool
		want  *ledger.Refusal
	}{
		{"a governor of its home", home, func(*party.Party) {}, false, nil},
		{"a governor of another home", "AuditorMSP", func(*party.Party) {}, false, party.ErrForeign},
		{
			"a role that its home may not grant", home,
			func(p *party.Party) { p.Roles = []string{party.Registrar} }, false, party.ErrForeignRole,
		},
		{
			"a second role that its home may not grant", home,
			func(p *party.Party) { p.Roles = []string{party.Buyer, party.Registrar} }, false, party.ErrForeignRole,
		},
		{"a party that is registered", home, func(*party.Party) {}, true, party.ErrKnown},
		{"a malformed party", home, func(p *party.Party) { p.Keys = nil }, false, party.ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := buyer()
			c.edit(&p)
			governor := party.Caller{MSP: c.msp, Role: party.Governor}
			ledgertest.Refused(t, party.CheckRegistration(governor, p, homes, c.known), c.want, "")
		})
	}
}

func TestRolesAreSorted(t *testing.T) {
	if all := party.Roles(); len(all) != 9 || !slices.IsSorted(all) {
		t.Errorf("got %v", all)
	}
}
