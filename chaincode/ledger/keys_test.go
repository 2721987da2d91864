package ledger_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

const (
	id    = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	other = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	payee = "LicensorsMSP.0123456789abcdef"
)

// everyKey is one of each family, as the contract between processes spells it (chaincode/docs/ledger.md).
func everyKey() map[string]string {
	return map[string]string{
		ledger.KeyConfig: "config", ledger.KeyClock: "clock", ledger.KeyEpoch: "epoch", ledger.KeyBundle: "bundle",
		ledger.KeyTip: "tip", ledger.KeyAlarm: "alarm",
		ledger.ConfigKey(12):                              "config/0000000012",
		ledger.ProposalKey(id):                            "proposal/" + id,
		ledger.ApprovalKey(id, "AuditorMSP"):              "approval/" + id + "/AuditorMSP",
		ledger.PartyKey(payee):                            "party/" + payee,
		ledger.RecipientKey("M.runtime.mixer-2.tpm"):      "recipient/M.runtime.mixer-2.tpm",
		ledger.BundleKey(0):                               "bundle/0000000000",
		ledger.ManifestKey(id, 3):                         "manifest/" + id + "/0000000003",
		ledger.PublishedKey(id, 3):                        "published/" + id + "/0000000003",
		ledger.ConfirmKey(id, 3, "OperatorMSP"):           "confirm/" + id + "/0000000003/OperatorMSP",
		ledger.FinalKey(id, 3):                            "final/" + id + "/0000000003",
		ledger.OfferKey(id):                               "offer/" + id,
		ledger.MachineKey(id):                             "machine/" + id,
		ledger.ShardKey(1<<31 - 1):                        "shard/2147483647",
		ledger.OrderKey(id):                               "order/" + id,
		ledger.ScriptKey(id):                              "script/" + id,
		ledger.PayKey(id, 1<<32-1):                        "pay/" + id + ":4294967295",
		ledger.CreditKey(other, id, 0):                    "credit/" + other + "/" + id + ":0",
		ledger.SettledKey(id):                             "settled/" + id,
		ledger.LicenseKey(id):                             "license/" + id,
		ledger.HeldKey(id, other):                         "held/" + id + "/" + other,
		ledger.GrantKey(id, 1):                            "grant/" + id + "/0000000001",
		ledger.AnswerKey(id, 1, "OperatorMSP"):            "answer/" + id + "/0000000001/OperatorMSP",
		ledger.GrantingKey(id):                            "granting/" + id,
		ledger.ReceiptKey(id, 3):                          "receipt/" + id + "/0000000003",
		ledger.AccrualKey(payee, 5, id, 0, "contributor"): "acc/" + payee + "/0000000005/" + id + "/0000000000/contributor",
		ledger.HeaderKey(id):                              "h/" + id,
		ledger.ActiveKey(1<<32 - 1):                       "n/4294967295",
		ledger.DepthKey(7):                                "f/0000000007",
		ledger.AttestKey(7, "OperatorMSP"):                "attest/0000000007/OperatorMSP",
	}
}

func TestKeysRoundTrip(t *testing.T) {
	for got, want := range everyKey() {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		k, err := ledger.ParseKey(got)
		if err != nil || k.String() != got {
			t.Errorf("%s: got %v, %v", got, k, err)
		}
	}
}

func TestParseKeyRefuses(t *testing.T) {
	for _, bad := range []string{
		"", "/", "config/", "config/1", "config/00000000012", "order/", "order/" + id[1:], "order/" + strings.ToUpper(id),
		"order/" + id + "/", "order/" + id + "/x", "party/bob", "party/" + payee + "0", "party/a.b.0123456789abcdef", "pay/" + id,
		"pay/" + id + ":01", "pay/" + id + ":4294967296", "pay/" + id + ":-1", "unknown/" + id, "approval/" + id + "/a b",
		"recipient/a/b", "clock/1", "receipt/" + id + "/99999999999999999999", "acc/" + payee + "/0000000005/" + id + "/0000000000",
		"acc/" + payee + "/0000000005/" + id + "/0000000000/Role",
	} {
		if k, err := ledger.ParseKey(bad); !errors.Is(err, ledger.ErrKey) {
			t.Errorf("%q: got %v, %v", bad, k, err)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	for k := range everyKey() {
		f.Add(k)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := ledger.ParseKey(text)
		if err == nil && k.String() != text {
			t.Errorf("%q became %q", text, k)
		}
		txid, vout, err := ledger.ParseOutpoint(text)
		if err == nil && ledger.Outpoint(txid, vout) != text {
			t.Errorf("outpoint %q became %s:%d", text, txid, vout)
		}
	})
}

// TestRangeHoldsItsFamilyAlone: the bounds take every key under the parts and no neighbor.
func TestRangeHoldsItsFamilyAlone(t *testing.T) {
	start, end := ledger.Range("credit", id)
	inside := []string{ledger.CreditKey(id, id, 0), ledger.CreditKey(id, other, 1<<32-1)}
	outside := []string{ledger.CreditKey(other, id, 0), "credit/" + id, "credit/" + id + "0", "credits/x", ledger.OrderKey(id)}
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
	numbers := []string{ledger.GrantKey(id, 2), ledger.GrantKey(id, 10), ledger.GrantKey(id, 9)}
	slices.Sort(numbers)
	if numbers[1] != ledger.GrantKey(id, 9) {
		t.Errorf("numbers are not in order: %v", numbers)
	}
}
