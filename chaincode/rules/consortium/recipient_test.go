package consortium_test

import (
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/ledger/ledgertest"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

const custodianParty = "OperatorMSP.0123456789abcdef"

func custodian() consortium.Recipient {
	return consortium.Recipient{
		Format: consortium.RecipientFormat, ID: custodianParty, Role: consortium.CustodianRecipient,
		MSP:   "OperatorMSP",
		Party: custodianParty, Version: 1, HPKE: "AAAA", GrantKey: "AAAA",
	}
}

func runtime() consortium.Recipient {
	return consortium.Recipient{
		Format: consortium.RecipientFormat, ID: "OperatorMSP.runtime.mixer-1.tpm", Role: consortium.RuntimeRecipient,
		MSP: "OperatorMSP", Party: custodianParty, Version: 1, HPKE: "AAAA", Line: "mixer-1", Assurance: "tpm",
	}
}

func TestCheckRecipient(t *testing.T) {
	type edit = func(*consortium.Recipient)
	long := strings.Repeat("A", 2052)
	for _, c := range []struct {
		name    string
		good    consortium.Recipient
		role    string
		edit    edit
		last    int
		wantErr *ledger.Refusal
		want    string
	}{
		{"a custodian's", custodian(), party.Custodian, func(*consortium.Recipient) {}, 0, nil, ""},
		{"a runtime's", runtime(), party.Registrar, func(*consortium.Recipient) {}, 0, nil, ""},
		{
			"its second version", runtime(), party.Registrar, func(r *consortium.Recipient) { r.Version = 2 }, 1,
			nil, "",
		},
		{
			"another format", custodian(), party.Custodian, func(r *consortium.Recipient) { r.Format = "x" }, 0,
			consortium.ErrRecipient, "format",
		},
		{
			"an id with a slash", custodian(), party.Custodian, func(r *consortium.Recipient) { r.ID = "a/b" }, 0,
			consortium.ErrRecipient, "id",
		},
		{
			"no HPKE key", custodian(), party.Custodian, func(r *consortium.Recipient) { r.HPKE = "" }, 0,
			consortium.ErrRecipient, "hpke",
		},
		{
			"an HPKE key that is too long", custodian(), party.Custodian,
			func(r *consortium.Recipient) { r.HPKE = long }, 0, consortium.ErrRecipient, "hpke",
		},
		{
			"another partner's", custodian(), party.Custodian,
			func(r *consortium.Recipient) { r.MSP = "AuditorMSP" }, 0, consortium.ErrRecipientOf, "msp",
		},
		{
			"another party's", custodian(), party.Custodian,
			func(r *consortium.Recipient) { r.Party = "OperatorMSP.ffffffffffffffff" }, 0,
			consortium.ErrRecipientOf, "party",
		},
		{
			"the version that stands", custodian(), party.Custodian, func(*consortium.Recipient) {}, 1,
			consortium.ErrRecipientOld, "version 1, expected 2",
		},
		{
			"a version left out", custodian(), party.Custodian, func(r *consortium.Recipient) { r.Version = 2 }, 0,
			consortium.ErrRecipientOld, "version 2, expected 1",
		},

		{
			"a custodian's runtime", runtime(), party.Custodian, func(*consortium.Recipient) {}, 0,
			consortium.ErrRecipientOf, "role",
		},
		{
			"a custodian's under another id", custodian(), party.Custodian,
			func(r *consortium.Recipient) { r.ID += "0" }, 0, consortium.ErrRecipientOf, "id",
		},
		{
			"a custodian's without a grant key", custodian(), party.Custodian,
			func(r *consortium.Recipient) { r.GrantKey = "" }, 0, consortium.ErrRecipient, "grantKey",
		},
		{
			"a custodian's with a grant key that is too long", custodian(), party.Custodian,
			func(r *consortium.Recipient) { r.GrantKey = long }, 0, consortium.ErrRecipient, "grantKey",
		},
		{
			"a custodian's with a line", custodian(), party.Custodian,
			func(r *consortium.Recipient) { r.Line = "mixer-1" }, 0, consortium.ErrRecipient, "line",
		},
		{
			"a custodian's with an assurance", custodian(), party.Custodian,
			func(r *consortium.Recipient) { r.Assurance = "tpm" }, 0, consortium.ErrRecipient, "assurance",
		},

		{
			"a registrar's custodian", custodian(), party.Registrar, func(*consortium.Recipient) {}, 0,
			consortium.ErrRecipientOf, "role",
		},
		{
			"a runtime's under another id", runtime(), party.Registrar,
			func(r *consortium.Recipient) { r.ID += "0" }, 0, consortium.ErrRecipientOf, "id",
		},
		{
			"a runtime's with a grant key", runtime(), party.Registrar,
			func(r *consortium.Recipient) { r.GrantKey = "AAAA" }, 0, consortium.ErrRecipient, "grantKey",
		},
		{"a runtime's line with a dot", runtime(), party.Registrar, func(r *consortium.Recipient) {
			r.Line, r.ID = "mixer.1", "OperatorMSP.runtime.mixer.1.tpm"
		}, 0, consortium.ErrRecipient, "line"},
		{"a runtime's of another class", runtime(), party.Registrar, func(r *consortium.Recipient) {
			r.Assurance, r.ID = "gold", "OperatorMSP.runtime.mixer-1.gold"
		}, 0, consortium.ErrRecipient, "assurance"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.edit(&c.good)
			caller := party.Caller{MSP: "OperatorMSP", Party: custodianParty, Role: c.role}
			ledgertest.Refused(t, consortium.CheckRecipient(c.good, caller, c.last), c.wantErr, c.want)
		})
	}
}
