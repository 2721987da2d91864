package problem_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/problem"
)

// TestThereAndBack: what a server writes is the refusal that a client reads.
func TestThereAndBack(t *testing.T) {
	for kind, status := range map[ledger.Kind]int{
		ledger.NotFound: 404, ledger.Conflict: 409, ledger.Forbidden: 403, ledger.Expired: 410, ledger.Invalid: 422,
		ledger.Limit: 429, ledger.Unavailable: 503,
	} {
		t.Run(string(kind), func(t *testing.T) {
			sent := ledger.Refuse(kind, "order.some_rule", "the order breaks a rule").With("7 sat")
			if got := problem.Status(kind); got != status {
				t.Errorf("Status(%s) = %d, want %d", kind, got, status)
			}
			w := httptest.NewRecorder()
			problem.Write(w, status, problem.New(sent, status))
			if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("Content-Type %q", got)
			}
			if w.Code != status || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("status %d, headers %v; want %d and no-store", w.Code, w.Header(), status)
			}
			got, ok := problem.Parse(w.Body.Bytes(), w.Code)
			if !ok || *got != *sent {
				t.Errorf("read back %+v, %v; want %+v", got, ok, sent)
			}
			if got := problem.Kind(status); got != kind {
				t.Errorf("Kind(%d) = %s, want %s", status, got, kind)
			}
		})
	}
}

func TestDocument(t *testing.T) {
	raw, err := json.Marshal(problem.New(ledger.Refuse(ledger.Expired, "order.expired",
		"the order has expired"), 410))
	const want = `{"type":"urn:guildmark:problem:order.expired","title":"Gone","status":410,"kind":"Expired","code":"order.expired","detail":"the order has expired"}`
	if err != nil || string(raw) != want {
		t.Errorf("got %s, %v, want %s", raw, err, want)
	}
	if got := problem.Status(problem.ErrInternal.Kind); got != http.StatusInternalServerError {
		t.Errorf("status of %v is %d, want 500", problem.ErrInternal, got)
	}
	long := problem.New(ledger.Refuse(ledger.Invalid, "a", "b").With(strings.Repeat("é", 1000)), 422)
	if len(long.Saw) > 310 || strings.ContainsRune(long.Saw, unicode.ReplacementChar) {
		t.Errorf("saw of %d bytes", len(long.Saw))
	}
}

// TestKind: a 4xx that says nothing else is not worth a second try; the rest is.
func TestKind(t *testing.T) {
	for status, want := range map[int]ledger.Kind{
		400: ledger.Invalid, 401: ledger.Forbidden, 405: ledger.Invalid, 413: ledger.Invalid,
		415: ledger.Invalid, 418: ledger.Invalid, 499: ledger.Invalid,
		302: ledger.Unavailable, 500: ledger.Unavailable, 502: ledger.Unavailable, 504: ledger.Unavailable,
		599: ledger.Unavailable,
	} {
		if got := problem.Kind(status); got != want {
			t.Errorf("Kind(%d) = %s, want %s", status, got, want)
		}
	}
	fallback := ledger.Refuse(ledger.Unavailable, "machine.answer", "not what was expected")
	if got := problem.Or(fallback, 404, "GET /"); got.Kind != ledger.NotFound || got.Code != fallback.Code ||
		got.Saw != "GET /" {
		t.Errorf("Or(404) = %+v", got)
	}
	if fallback.Kind != ledger.Unavailable || fallback.Saw != "" {
		t.Errorf("Or changed its fallback: %+v", fallback)
	}
}

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   *ledger.Refusal // nil: not a problem document
	}{
		{
			"kind of the document", 400, `{"code":"clock.stale","kind":"Unavailable","detail":"d"}`,
			ledger.Refuse(ledger.Unavailable, "clock.stale", "d"),
		},
		{
			"kind of the status", 410, `{"code":"order.expired","detail":"d"}`,
			ledger.Refuse(ledger.Expired, "order.expired", "d"),
		},
		{
			"a kind that is none", 409, `{"code":"a.b","kind":"Angry","detail":"d"}`,
			ledger.Refuse(ledger.Conflict, "a.b", "d"),
		},
		{"title only", 409, `{"code":"a.b","title":"t"}`, ledger.Refuse(ledger.Conflict, "a.b", "t")},
		{"neither", 409, `{"code":"a.b"}`, ledger.Refuse(ledger.Conflict, "a.b", "Conflict")},
		{"more fields", 409, `{"code":"a.b","detail":"d","balance":3}`, ledger.Refuse(ledger.Conflict, "a.b", "d")},
		{
			"terminal's commands", 409, `{"code":"a.b","detail":"red \u001b[31m\n","saw":"\u001b]0;x\u0007"}`,
			ledger.Refuse(ledger.Conflict, "a.b", "red  [31m ").With(" ]0;x "),
		},
		{"no code", 409, `{"title":"Conflict"}`, nil},
		{"code in capitals", 409, `{"code":"A.B"}`, nil},
		{"code with a space", 409, `{"code":"a b"}`, nil},
		{"code beyond ASCII", 409, `{"code":"aéb"}`, nil},
		{"a page", 502, `<html>`, nil},
		{"a list", 409, `[]`, nil},
		{"empty", 409, ``, nil},
		{"too long", 409, `{"code":"a.b","detail":"` + strings.Repeat("x", problem.MaxDocument) + `"}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := problem.Parse([]byte(tt.body), tt.status)
			if ok != (tt.want != nil) || ok && *got != *tt.want {
				t.Errorf("Parse: %+v, %v; want %+v", got, ok, tt.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"type":"about:blank","title":"no","status":403,"kind":"Forbidden","code":"activation.chain","saw":"x"}`), 403)
	f.Add([]byte(`{"code":"a.b","detail":"\u001b[31m"}`), 500)
	f.Add([]byte(`<html>`), 502)
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		r, ok := problem.Parse(body, status)
		if !ok {
			return
		}
		if problem.Status(r.Kind) == http.StatusInternalServerError {
			t.Errorf("kind %q is not of the closed set", r.Kind)
		}
		for _, text := range []string{r.Code, r.Message, r.Saw} {
			if len(text) > 600 || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("text %q is too long or not printable", text)
			}
		}
		w := httptest.NewRecorder()
		problem.Write(w, problem.Status(r.Kind), problem.New(r, problem.Status(r.Kind)))
		if again, ok := problem.Parse(w.Body.Bytes(), w.Code); !ok || again.Code != r.Code || again.Kind != r.Kind {
			t.Errorf("read back %+v, %v; want %+v", again, ok, r)
		}
	})
}
