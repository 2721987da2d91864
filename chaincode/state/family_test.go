package state_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/chaincode/state"
)

const (
	id    = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	other = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	payee = "LicensorsMSP.0123456789abcdef"
)

// everyKey is one of each family, as the contract between processes spells it (chaincode/docs/ledger.md). The
// bytes on the right are frozen: ledgers hold them.
func everyKey() map[string]string {
	return map[string]string{
		consortium.ConfigInForceKey(): "config", consortium.NewestBundleKey(): "bundle",
		consortium.ClockKey(): "clock", consortium.EpochKey(): "epoch", spv.TipKey(): "tip", spv.AlarmKey(): "alarm",
		consortium.ConfigKey(12):                         "config/0000000012",
		consortium.ProposalKey(id):                       "proposal/" + id,
		consortium.ApprovalKey(id, "AuditorMSP"):         "approval/" + id + "/AuditorMSP",
		party.RecordKey(payee):                           "party/" + payee,
		consortium.RecipientKey("M.runtime.mixer-2.tpm"): "recipient/M.runtime.mixer-2.tpm",
		consortium.BundleKey(0):                          "bundle/0000000000",
		dataset.ManifestKey(id, 3):                       "manifest/" + id + "/0000000003",
		dataset.PublicationKey(id, 3):                    "published/" + id + "/0000000003",
		dataset.ConfirmationKey(id, 3, "OperatorMSP"):    "confirm/" + id + "/0000000003/OperatorMSP",
		dataset.FinalKey(id, 3):                          "final/" + id + "/0000000003",
		offer.Key(id):                                    "offer/" + id,
		machine.Key(id):                                  "machine/" + id,
		machine.ShardKey(1<<31 - 1):                      "shard/2147483647",
		order.Key(id):                                    "order/" + id,
		order.ScriptKey(id):                              "script/" + id,
		order.PaymentKey(id, 1<<32-1):                    "pay/" + id + ":4294967295",
		order.CreditKey(other, id, 0):                    "credit/" + other + "/" + id + ":0",
		order.SettlementKey(id):                          "settled/" + id,
		license.Key(id):                                  "license/" + id,
		license.HeldKey(id, other):                       "held/" + id + "/" + other,
		grant.Key(id, 1):                                 "grant/" + id + "/0000000001",
		grant.AnswerKey(id, 1, "OperatorMSP"):            "answer/" + id + "/0000000001/OperatorMSP",
		grant.OpenKey(id):                                "granting/" + id,
		grant.ReceiptKey(id, 3):                          "receipt/" + id + "/0000000003",
		royalty.AccrualKey(payee, 5, id, 0, "contributor"): "acc/" + payee + "/0000000005/" + id +
			"/0000000000/contributor",
		spv.HeaderKey(id):                    "h/" + id,
		spv.ActiveKey(1<<32 - 1):             "n/4294967295",
		spv.FinalKey(7):                      "f/0000000007",
		spv.AttestationKey(7, "OperatorMSP"): "attest/0000000007/OperatorMSP",
	}
}

func TestKeysRoundTrip(t *testing.T) {
	seen := map[string]bool{}
	for got, want := range everyKey() {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		f, err := state.FamilyOf(got)
		if err != nil {
			t.Errorf("%s: %v", got, err)
			continue
		}
		seen[f.Name()] = true
		if parts, err := f.Parse(got); err != nil || f.Key(parts...) != got {
			t.Errorf("%s: got %v, %v", got, parts, err)
		}
	}
	for _, f := range state.Families() {
		if !seen[f.Name()] {
			t.Errorf("no key of family %s was tried", f.Name())
		}
	}
}

// TestFamiliesAreApart: no two families have one name, and no key of one lies in the range of another.
func TestFamiliesAreApart(t *testing.T) {
	names := map[string]bool{}
	for _, f := range state.Families() {
		if names[f.Name()] || strings.Contains(f.Name(), "/") || f.Name() == "" {
			t.Errorf("family %q: its name is another's, empty or holds a slash", f.Name())
		}
		names[f.Name()] = true
		start, end := f.Range()
		for key := range everyKey() {
			_, err := f.Parse(key)
			if inside := key >= start && key < end; inside && err != nil {
				t.Errorf("%s lies in the range of family %s", key, f.Name())
			}
		}
	}
}

func TestParsedKeys(t *testing.T) {
	if txid, vout, err := order.ParseCreditKey(order.CreditKey(other, id, 7)); txid != id || vout != 7 || err != nil {
		t.Errorf("credit: got %s:%d, %v", txid, vout, err)
	}
	if held, err := license.ParseHeldKey(license.HeldKey(id, other)); held != other || err != nil {
		t.Errorf("held: got %s, %v", held, err)
	}
	if h, err := spv.ParseFinalKey(spv.FinalKey(1<<32 - 1)); h != 1<<32-1 || err != nil {
		t.Errorf("final block: got %d, %v", h, err)
	}
	for _, bad := range []string{"f/4294967296", "f/1", "n/0000000007", "f"} {
		if h, err := spv.ParseFinalKey(bad); !errors.Is(err, ledger.ErrKey) {
			t.Errorf("%s: got %d, %v", bad, h, err)
		}
	}
}

func TestFamilyOfRefuses(t *testing.T) {
	for _, bad := range []string{
		"", "/", "config/", "config/1", "config/00000000012", "order/", "order/" + id[1:], "order/" +
			strings.ToUpper(id),
		"order/" + id + "/", "order/" + id + "/x", "party/bob", "party/" + payee + "0",
		"party/a.b.0123456789abcdef", "pay/" + id,
		"pay/" + id + ":01", "pay/" + id + ":4294967296", "pay/" + id + ":-1", "unknown/" + id, "approval/" +
			id + "/a b",
		"recipient/a/b", "clock/1", "receipt/" + id + "/99999999999999999999", "acc/" + payee + "/0000000005/" +
			id + "/0000000000",
		"acc/" + payee + "/0000000005/" + id + "/0000000000/Role", "order", "acc", "h",
	} {
		if f, err := state.FamilyOf(bad); !errors.Is(err, ledger.ErrKey) {
			t.Errorf("%q: got %s, %v", bad, f.Name(), err)
		}
	}
}

func FuzzFamilyOf(f *testing.F) {
	for k := range everyKey() {
		f.Add(k)
	}
	f.Fuzz(func(t *testing.T, text string) {
		family, err := state.FamilyOf(text)
		if err != nil {
			return
		}
		parts, err := family.Parse(text)
		if err != nil || family.Key(parts...) != text {
			t.Errorf("%q became %v, %v", text, parts, err)
		}
	})
}

// TestRangeHoldsItsFamilyAlone: the bounds take every key under the parts and no neighbor.
func TestRangeHoldsItsFamilyAlone(t *testing.T) {
	start, end := order.CreditFamily.Range(id)
	inside := []string{order.CreditKey(id, id, 0), order.CreditKey(id, other, 1<<32-1)}
	outside := []string{
		order.CreditKey(other, id, 0), "credit/" + id, "credit/" + id + "0", "credits/x",
		order.Key(id),
	}
	for _, k := range inside {
		if k < start || k >= end {
			t.Errorf("%s is not in the range", k)
		}
	}
	for _, k := range outside {
		if k >= start && k < end {
			t.Errorf("%s is in the range", k)
		}
	}
	numbers := []string{grant.Key(id, 2), grant.Key(id, 10), grant.Key(id, 9)}
	slices.Sort(numbers)
	if numbers[1] != grant.Key(id, 9) {
		t.Errorf("numbers are not in order: %v", numbers)
	}
}
