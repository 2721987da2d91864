package ledger_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestFamily(t *testing.T) {
	one := ledger.NewFamily("one")
	versions := ledger.NewFamily("version", ledger.IsNumber).WithBare()
	pairs := ledger.NewFamily("pair", ledger.IsHash, ledger.IsOutpoint)
	for _, c := range []struct {
		name   string
		family ledger.Family
		key    string
		want   []string // nil: no key of the family
	}{
		{"a single key", one, "one", []string{}},
		{"a single key with a part", one, "one/1", nil},
		{"a bare key", versions, "version", []string{}},
		{"a number", versions, "version/0000000007", []string{"0000000007"}},
		{"a long number", versions, "version/12345678901", []string{"12345678901"}},
		{"a long number with a zero", versions, "version/02345678901", nil},
		{"a short number", versions, "version/7", nil},
		{"a part too many", versions, "version/0000000007/x", nil},
		{"an empty part", versions, "version/", nil},
		{"two parts", pairs, "pair/" + id + "/" + id + ":7", []string{id, id + ":7"}},
		{"a part too few", pairs, "pair/" + id, nil},
		{"none of its parts", pairs, "pair", nil},
		{"another family", pairs, "pairs/" + id + "/" + id + ":7", nil},
		{"nothing", pairs, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.family.Parse(c.key)
			if c.want == nil {
				if !errors.Is(err, ledger.ErrKey) {
					t.Errorf("got %v, %v, want %v", got, err, ledger.ErrKey)
				}
				return
			}
			if err != nil || !slices.Equal(got, c.want) || c.family.Key(got...) != c.key {
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			}
		})
	}
	if start, end := pairs.Range(id); start != "pair/"+id+"/" || end != "pair/"+id+"0" {
		t.Errorf("got %s to %s", start, end)
	}
}

func FuzzParseOutpoint(f *testing.F) {
	f.Add(id + ":4294967295")
	f.Add(id + ":01")
	f.Fuzz(func(t *testing.T, text string) {
		txid, vout, err := ledger.ParseOutpoint(text)
		if err == nil && ledger.Outpoint(txid, vout) != text {
			t.Errorf("outpoint %q became %s:%d", text, txid, vout)
		}
	})
}
