package api

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/order"
)

const signedFile = `{"format":"guildmark/signed/1","payload":"","endorsements":[],"channelHeader":"","signatureHeader":"","proposalPayload":""}`

// Who is asked: k of the partners that sign, of each custodian set one. An order has a set for each of its
// items.
func TestWhoSigns(t *testing.T) {
	sets := func(list ...[]string) consortium.CustodianSets { return list }
	tests := []struct {
		name string
		path string
		want consortium.CustodianSets
	}{
		{"a license", "/v1/licenses/" + id("license") + "/sign", sets([]string{"LicensorsMSP", "ManufacturerMSP"})},
		{
			"an order of two items", "/v1/orders/" + id("order") + "/sign",
			sets([]string{"LicensorsMSP", "ManufacturerMSP"}, []string{"OperatorMSP"}),
		},
		{"recipients", "/v1/recipients/sign", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			view := order.View{Order: theOrder(), State: "open", Payments: []order.Payment{}, Licenses: []string{}}
			view.Order.Items = append(view.Order.Items, order.Item{Custodians: []string{"OperatorMSP"}})
			w.reader.answers["orders:Get"] = doc(id("order"), view)
			w.reader.sign = func(by Quorum, _ string, _ []string) ([]byte, error) {
				if by.K != 2 || !slices.Equal(by.Signing,
					[]string{"LicensorsMSP", "ManufacturerMSP", "OperatorMSP"}) ||
					fmt.Sprint(by.Custodians) != fmt.Sprint(tt.want) {
					t.Errorf("asked %+v, want 2 of the three that sign, of each of %v one", by, tt.want)
				}
				return []byte(signedFile), nil
			}
			wants(t, w.do("POST", tt.path, `{"nonce":"`+id("nonce")+`"}`, w.machineToken()), 200, "")
		})
	}
}

func TestSign(t *testing.T) {
	tests := []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"signed", nil, 200, ""},
		{"all lag", ledger.Refuse(ledger.Unavailable, "clock.stale", "x"), 503, "clock.stale"},
		{"refused by the ledger", ledger.Refuse(ledger.Conflict, "license.disputed", "x"), 409, "license.disputed"},
		{"anything else", errors.New("connection refused"), 500, "internal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.reader.sign = func(_ Quorum, function string, args []string) ([]byte, error) {
				if function != "licenses:Sign" || !slices.Equal(args, []string{id("license"), id("nonce")}) {
					t.Errorf("asked for %s %v", function, args)
				}
				return []byte(signedFile), tt.err
			}
			rec := w.do("POST", "/v1/licenses/"+id("license")+"/sign", `{"nonce":"`+id("nonce")+`"}`,
				w.machineToken())
			wants(t, rec, tt.status, tt.code)
		})
	}
}

func TestSignedFileIsPassedOnByteForByte(t *testing.T) {
	w := newWorld(t)
	w.reader.sign = func(Quorum, string, []string) ([]byte, error) { return []byte(signedFile), nil }
	rec := w.do("POST", "/v1/recipients/sign", `{"nonce":"`+id("nonce")+`"}`)
	wants(t, rec, 200, "")
	if rec.Body.String() != signedFile {
		t.Fatalf("got %s", rec.Body)
	}
	wants(t, w.do("POST", "/v1/recipients/sign", `{"nonce":"`+strings.Repeat("0", 63)+`"}`), 422, "request.schema")
	rec = w.do("POST", "/v1/orders/"+id("order")+"/sign", `{"nonce":"`+id("nonce")+`"}`, w.machineToken())
	wants(t, rec, 200, "")
}
