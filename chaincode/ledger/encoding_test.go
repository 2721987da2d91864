package ledger_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

type inner struct {
	Names []string `json:"names"`
}

type sample struct {
	Text   string          `json:"text"`
	Number int64           `json:"number"`
	Small  uint32          `json:"small"`
	Flag   bool            `json:"flag"`
	Inner  inner           `json:"inner"`
	List   []inner         `json:"list"`
	Pair   [2]int          `json:"pair"`
	Hint   string          `json:"hint,omitempty"`
	Raw    json.RawMessage `json:"raw"`
}

const canonical = `{"text":"a<b","number":-5,"small":7,"flag":true,"inner":{"names":["x"]},"list":[{"names":[]}],"pair":[1,2],"raw":{"k":[1]}}`

func TestDecode(t *testing.T) {
	replace := func(old, by string) string {
		if !strings.Contains(canonical, old) {
			t.Fatalf("no %s in the sample", old)
		}
		return strings.Replace(canonical, old, by, 1)
	}
	for _, c := range []struct {
		name string
		doc  string
		want *ledger.Refusal
	}{
		{"canonical", canonical, nil},
		{"white space", " " + replace(",", " ,\n"), nil},
		{"another order", `{"flag":true,` + replace(`"flag":true,`, "")[1:], nil},
		{"an optional key", replace(`"pair":[1,2],`, `"pair":[1,2],"hint":"x",`), nil},
		{"empty", "", ledger.ErrMalformed},
		{"null", "null", ledger.ErrMalformed},
		{"a null value", replace(`"a<b"`, "null"), ledger.ErrMalformed},
		{"a null list", replace(`["x"]`, "null"), ledger.ErrMalformed},
		{"a list", "[" + canonical + "]", ledger.ErrMalformed},
		{"two documents", canonical + canonical, ledger.ErrMalformed},
		{"a comma too many", replace(`"pair":[1,2]`, `"pair":[1,2],`), ledger.ErrMalformed},
		{"a comma missing", replace(`[1,2]`, `[1 2]`), ledger.ErrMalformed},
		{"an end missing", canonical[:len(canonical)-1], ledger.ErrMalformed},
		{"a key twice", replace(`"text":"a<b"`, `"text":"a","text":"b"`), ledger.ErrDuplicateKey},
		{"a key twice, once escaped", replace(`"text":"a<b"`, `"text":"a","te\u0078t":"b"`), ledger.ErrDuplicateKey},
		{"a key twice in a raw value", replace(`{"k":[1]}`, `{"k":1,"k":2}`), ledger.ErrDuplicateKey},
		{"a key in capitals", replace(`"text"`, `"Text"`), ledger.ErrUnknownKey},
		{"a key that folds to another", replace(`"small"`, `"ſmall"`), ledger.ErrUnknownKey},
		{"the Go name", replace(`"number"`, `"Number"`), ledger.ErrUnknownKey},
		{"an unknown key inside", replace(`{"names":[]}`, `{"names":[],"x":1}`), ledger.ErrUnknownKey},
		{"a missing key", replace(`"flag":true,`, ""), ledger.ErrMissingKey},
		{"a missing key inside", replace(`{"names":[]}`, `{}`), ledger.ErrMissingKey},
		{"a list too long for its array", replace("[1,2]", "[1,2,3]"), ledger.ErrMalformed},
		{"a list too short for its array", replace("[1,2]", "[1]"), ledger.ErrMalformed},
		{"a fraction", replace("-5", "5.0"), ledger.ErrNumber},
		{"an exponent", replace("-5", "5e0"), ledger.ErrNumber},
		{"minus zero", replace("-5", "-0"), ledger.ErrNumber},
		{"a number as text", replace("-5", `"-5"`), ledger.ErrMalformed},
		{"a number beyond 64 bits", replace("-5", "9223372036854775808"), ledger.ErrMalformed},
		{"a negative unsigned number", replace(`"small":7`, `"small":-7`), ledger.ErrMalformed},
		{"a number beyond 32 bits", replace(`"small":7`, `"small":4294967296`), ledger.ErrMalformed},
		{"text for a flag", replace("true", `"true"`), ledger.ErrMalformed},
		{"bytes that are not UTF-8", replace("a<b", "a\xffb"), ledger.ErrText},
		{"half a surrogate pair", replace("a<b", `\ud800`), ledger.ErrText},
		{"the replacement character", replace("a<b", "\ufffd"), ledger.ErrText},
		{"deep nesting", replace(`{"k":[1]}`, strings.Repeat("[", 20)+strings.Repeat("]", 20)), ledger.ErrTooDeep},
		{"a novel", replace("a<b", strings.Repeat("x", ledger.MaxDocument)), ledger.ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s sample
			err := ledger.Decode([]byte(c.doc), &s)
			if c.want == nil && err != nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestEncodeIsCanonical(t *testing.T) {
	var s sample
	if err := ledger.DecodeCanonical([]byte(canonical), &s); err != nil {
		t.Fatal(err)
	}
	if err := ledger.DecodeCanonical([]byte(" "+canonical), &s); !errors.Is(err, ledger.ErrNotCanonical) {
		t.Errorf("got %v", err)
	}
	empty := string(ledger.Encode(sample{List: []inner{{}}, Raw: json.RawMessage("[]")}))
	want := `{"text":"","number":0,"small":0,"flag":false,"inner":{"names":[]},"list":[{"names":[]}],"pair":[0,0],"raw":[]}`
	if empty != want {
		t.Errorf("nil slices: got %s, want %s", empty, want)
	}
	shared := sample{List: []inner{{}}, Raw: json.RawMessage("1")}
	ledger.Encode(shared)
	if shared.List[0].Names != nil {
		t.Error("Encode changed the value that it was given")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(canonical))
	f.Add([]byte(`{"text":"\ud83d\ude00","number":0,"small":0,"flag":false,"inner":{"names":[]},"list":[],"pair":[0,0],"raw":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var s sample
		if ledger.Decode(b, &s) != nil {
			return
		}
		var again sample
		if err := ledger.DecodeCanonical(ledger.Encode(s), &again); err != nil &&
			!errors.Is(err, ledger.ErrNotCanonical) {
			t.Errorf("what was read does not read again: %v: %q", err, b)
		}
		var loose sample
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(&loose); err != nil {
			t.Errorf("stricter than encoding/json means a subset of it: %v: %q", err, b)
		}
	})
}

func TestRefusal(t *testing.T) {
	sentinel := ledger.Refuse(ledger.Conflict, "order.key_reused", "the key names another order")
	seen := sentinel.With("k\n{\"kind\":\"Limit\",\"code\":\"x\",\"message\":\"\"}" + strings.Repeat("é\xff", 200))
	line := seen.Line()
	if strings.Contains(line, "\n") || len(seen.Saw) > 130 || sentinel.Saw != "" {
		t.Errorf("got %q", line)
	}
	for _, message := range []string{line, "chaincode response 500, " + line, "rpc error: " + line + ", again"} {
		got, ok := ledger.ParseRefusal(message)
		if !ok || *got != *seen || !errors.Is(got, sentinel) {
			t.Errorf("%q: got %+v", message, got)
		}
	}
	for _, message := range []string{"", "no refusal", `{"kind":`, `{"kind":"","code":""}`, `{"kind":"Limit"}`} {
		if got, ok := ledger.ParseRefusal(message); ok {
			t.Errorf("%q: got %+v", message, got)
		}
	}
	if errors.Is(seen, ledger.Refuse(ledger.Conflict, "order.other", "")) {
		t.Error("another code is another refusal")
	}
}

func TestHashDoesNotCollideOverBorders(t *testing.T) {
	if ledger.Hash("a", "bc") == ledger.Hash("ab", "c") || ledger.Hash("a", "") == ledger.Hash("a") {
		t.Error("parts run together")
	}
	// printf '\0\0\0\0\0\0\0\1a' | sha256sum
	if got, want := ledger.Hash("a"), "3b196fd4907bedf51c3090e9835f2f7cb61e7ee1b2299ea3b8fed9b4183a822a"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCheckID(t *testing.T) {
	if err := ledger.CheckID(id); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		"", id[2:], id + "00", strings.ToUpper(id), strings.Repeat("g", 64),
		strings.Repeat("é", 32),
	} {
		if err := ledger.CheckID(bad); !errors.Is(err, ledger.ErrID) {
			t.Errorf("%q: got %v", bad, err)
		}
	}
}
