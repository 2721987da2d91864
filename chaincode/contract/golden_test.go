package contract_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
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
)

// update rewrites the golden files: go test ./chaincode/contract -run Golden -update. A changed file means
// that documents written before can't be read any more: that is a new format version beside the old one,
// never a change.
var update = flag.Bool("update", false, "rewrite testdata/golden")

// stored is every document that stands on the ledger, by the version of its format.
func stored() map[string]any {
	return map[string]any{
		"config-1": &consortium.Config{}, "recipient-1": &consortium.Recipient{}, "clock": &consortium.Clock{},
		"epoch":         &consortium.Epoch{},
		"signed-bundle": &consortium.SignedBundle{}, "party-1": &party.Party{}, "manifest-1": &dataset.Manifest{},
		"publication-1": &dataset.Publication{}, "confirmation": &dataset.Confirmation{}, "final": &dataset.Final{},
		"offer-1": &offer.Offer{}, "machine-1": &machine.Machine{}, "shard": &machine.Shard{},
		"order-1": &order.Order{},
		"payment": &order.Payment{}, "settlement": &order.Settlement{}, "license-1": &license.License{},
		"grant-1":    &grant.Grant{},
		"open-grant": &grant.Open{}, "answer": &grant.Answer{}, "receipt": &grant.Receipt{},
		"accrual": &royalty.Accrual{},
	}
}

// TestGoldenDocuments: a document of every stored kind, each field filled, reads and writes as it always did.
func TestGoldenDocuments(t *testing.T) {
	for name, v := range stored() {
		t.Run(name, func(t *testing.T) {
			n := int64(0)
			fill(reflect.ValueOf(v).Elem(), name, &n)
			got := ledger.Encode(v)
			path := filepath.Join("testdata", "golden", name+".json")
			if *update {
				if err := os.WriteFile(path, append(got, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			want = bytes.TrimSuffix(want, []byte("\n"))
			if !bytes.Equal(got, want) {
				t.Errorf("got %s\nwant %s", got, want)
			}
			fresh := reflect.New(reflect.TypeOf(v).Elem())
			if err := ledger.DecodeCanonical(want, fresh.Interface()); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(fresh.Interface(), v) {
				t.Errorf("got %+v, want %+v", fresh.Interface(), v)
			}
		})
	}
}

// fill sets every field to its own name or to a running number.
func fill(v reflect.Value, name string, n *int64) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(name)
	case reflect.Int, reflect.Int64:
		v.SetInt(*n)
	case reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), name, n)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			fill(v.Field(i), key, n)
		}
	default:
		panic("a document holds a " + v.Kind().String())
	}
}
