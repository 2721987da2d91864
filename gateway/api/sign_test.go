package api

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

const signedFile = `{"format":"guildmark/signed/1","payload":"","endorsements":[],"channelHeader":"","signatureHeader":"","proposalPayload":""}`

func TestListsHaveACustodian(t *testing.T) {
	for _, custodians := range [][]string{{"LicensorsMSP", "ManufacturerMSP"}, {"OperatorMSP", "LicensorsMSP"}, {"OperatorMSP"}} {
		got := lists(theConfig(), custodians)
		if len(got) == 0 {
			t.Fatalf("no list for %v", custodians)
		}
		for _, list := range got {
			if len(list) != 2 || list[0] == list[1] || slices.Contains(list, "AuditorMSP") ||
				!slices.ContainsFunc(list, func(m string) bool { return slices.Contains(custodians, m) }) {
				t.Errorf("custodians %v: bad list %v", custodians, list)
			}
		}
	}
	if got := lists(theConfig(), []string{"AuditorMSP"}); len(got) != 0 {
		t.Errorf("a set that doesn't sign: got %v", got)
	}
}

func TestSignRotates(t *testing.T) {
	down := errors.New("connection refused")
	tests := []struct {
		name   string
		fails  func(orgs []string) error
		status int
		code   string
		tries  int
	}{
		{"first list", func([]string) error { return nil }, 200, "", 1},
		{"a partner is down", func(o []string) error {
			if slices.Contains(o, "LicensorsMSP") {
				return down
			}
			return nil
		}, 200, "", 3},
		{"all lag", func([]string) error { return ledger.Refuse(ledger.Unavailable, "clock.stale", "x") }, 503, "clock.stale", 3},
		{"refused by the ledger", func([]string) error { return ledger.Refuse(ledger.Conflict, "license.disputed", "x") }, 409, "license.disputed", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tries := 0
			w.reader.sign = func(orgs []string, function string, args []string) ([]byte, error) {
				tries++
				if function != "licenses:Sign" || !slices.Equal(args, []string{id("license"), id("nonce")}) {
					t.Errorf("asked for %s %v", function, args)
				}
				return []byte(signedFile), tt.fails(orgs)
			}
			rec := w.do("POST", "/v1/licenses/"+id("license")+"/sign", `{"nonce":"`+id("nonce")+`"}`, w.machineToken())
			wants(t, rec, tt.status, tt.code)
			if tries != tt.tries {
				t.Fatalf("tries: got %d, want %d", tries, tt.tries)
			}
		})
	}
}

func TestSignedFileIsPassedOnByteForByte(t *testing.T) {
	w := newWorld(t)
	w.reader.sign = func([]string, string, []string) ([]byte, error) { return []byte(signedFile), nil }
	rec := w.do("POST", "/v1/recipients/sign", `{"nonce":"`+id("nonce")+`"}`)
	wants(t, rec, 200, "")
	if rec.Body.String() != signedFile {
		t.Fatalf("got %s", rec.Body)
	}
	wants(t, w.do("POST", "/v1/recipients/sign", `{"nonce":"`+strings.Repeat("0", 63)+`"}`), 422, "request.schema")
	rec = w.do("POST", "/v1/orders/"+id("order")+"/sign", `{"nonce":"`+id("nonce")+`"}`, w.machineToken())
	wants(t, rec, 200, "")
}
