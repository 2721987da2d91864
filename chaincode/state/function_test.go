package state_test

import (
	"errors"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/state"
)

type request struct {
	Name string `json:"name"`
}

type result struct {
	Names []string `json:"names"`
}

var errNo = errors.New("no")

// TestCalls: text becomes a function's own types and back, in one strict and canonical form.
func TestCalls(t *testing.T) {
	for _, c := range []struct {
		name    string
		call    state.Call
		args    []string
		want    string
		wantErr error
	}{
		{"a document", state.Document(func(_ *state.Transaction, r request) (result, error) {
			return result{Names: []string{r.Name + "<"}}, nil
		}), []string{`{"name":"a"}`}, `{"names":["a<"]}`, nil},
		{"a document with an unknown key", state.Document(func(*state.Transaction, request) (result, error) {
			return result{}, nil
		}), []string{`{"name":"a","Name":"b"}`}, "", ledger.ErrUnknownKey},
		{"a list as document", state.Document(func(_ *state.Transaction, r []string) (string, error) {
			return r[0], nil
		}), []string{`["a"]`}, "a", nil},
		{
			"nothing", state.None(func(*state.Transaction) (result, error) { return result{}, nil }), nil,
			`{"names":[]}`, nil,
		},
		{
			"one", state.One(func(_ *state.Transaction, a string) (string, error) { return a, nil }),
			[]string{"a"},
			"a", nil,
		},
		{
			"two", state.Two(func(_ *state.Transaction, a, b string) (string, error) { return a + b, nil }),
			[]string{"a", "b"},
			"ab", nil,
		},
		{"three", state.Three(func(_ *state.Transaction, a, b, c string) (string, error) {
			return a + b + c, nil
		}), []string{"a", "b", "c"}, "abc", nil},
		{"a list", state.None(func(*state.Transaction) ([]string, error) { return nil, nil }), nil, "[]", nil},
		{"an error", state.None(func(*state.Transaction) (result, error) { return result{}, errNo }), nil, "", errNo},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.call.Args != len(c.args) {
				t.Fatalf("takes %d arguments, want %d", c.call.Args, len(c.args))
			}
			got, err := c.call.Run(nil, c.args)
			if got != c.want || !errors.Is(err, c.wantErr) {
				t.Errorf("got %q, %v; want %q, %v", got, err, c.want, c.wantErr)
			}
		})
	}
}
