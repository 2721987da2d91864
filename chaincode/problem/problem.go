// Package problem turns a refusal into an RFC 9457 problem document and back, with the one table from a
// refusal's kind to HTTP's status.
//
// Does not decide what is public: a server passes a refusal, or [ErrInternal] for everything else. Does not
// retry: a refusal of kind Unavailable says that the same request may succeed later, see [Kind].
//
// Read [New] first, then [Parse], its inverse.
package problem

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
	"unicode"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Document is a problem document. Code, Kind, Detail and Saw are the refusal's. A server may add members: it
// embeds the document.
type Document struct {
	Type   string `json:"type"`
	Title  string `json:"title"` // HTTP's words for the status
	Status int    `json:"status"`
	Kind   string `json:"kind,omitempty"`
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
	Saw    string `json:"saw,omitempty"`
}

// ErrInternal means that an error is not a refusal: status 500 without detail. The server's log has
// the cause.
var ErrInternal = ledger.Refuse("", "internal", "the server failed; its operator finds the cause in the server's log")

// MaxDocument bounds a document in bytes; readers need not read more.
const MaxDocument = 64 << 10

// statuses is the one table from kind to status.
var statuses = map[ledger.Kind]int{
	ledger.NotFound:    http.StatusNotFound,
	ledger.Conflict:    http.StatusConflict,
	ledger.Forbidden:   http.StatusForbidden,
	ledger.Expired:     http.StatusGone,
	ledger.Invalid:     http.StatusUnprocessableEntity,
	ledger.Limit:       http.StatusTooManyRequests,
	ledger.Unavailable: http.StatusServiceUnavailable,
}

// Status is the HTTP status of a kind of refusal; 500 for none.
func Status(kind ledger.Kind) int {
	return cmp.Or(statuses[kind], http.StatusInternalServerError)
}

// Kind is the kind of refusal that a status stands for where the server names none. A 4xx that is not in the
// table is Invalid: the same request fails again, so nobody repeats it. Everything else is Unavailable and
// may be repeated.
func Kind(status int) ledger.Kind {
	for kind, s := range statuses {
		if s == status {
			return kind
		}
	}
	switch {
	case status == http.StatusUnauthorized:
		return ledger.Forbidden
	case status/100 == 4:
		return ledger.Invalid
	}
	return ledger.Unavailable
}

// New makes the document of a refusal under a status, usually its kind's [Status].
func New(r *ledger.Refusal, status int) Document {
	return Document{
		Type: "urn:guildmark:problem:" + r.Code, Title: http.StatusText(status), Status: status,
		Kind: string(r.Kind), Code: r.Code, Detail: r.Message, Saw: clip(r.Saw, maxSaw),
	}
}

// Write answers a request with a document that is, or embeds, a [Document] of the status.
func Write(w http.ResponseWriter, status int, doc any) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(ledger.Encode(doc)) // fails when the client is gone
}

// Parse finds the refusal in the body of a response that is not 2xx. It reports false where the body is not a
// problem document with a code. The kind is the document's, or the status' where the document names none of
// the closed set. The server is not trusted: text is shortened and loses control characters, which a terminal
// would obey.
func Parse(body []byte, status int) (*ledger.Refusal, bool) {
	d, ok := read(body)
	if !ok {
		return nil, false
	}
	kind := ledger.Kind(d.Kind)
	if statuses[kind] == 0 {
		kind = Kind(status)
	}
	message := cmp.Or(d.Detail, d.Title, http.StatusText(status))
	return ledger.Refuse(kind, d.Code, clip(plain(message), maxMessage)).With(plain(d.Saw)), true
}

func read(body []byte) (d Document, ok bool) {
	if len(body) > MaxDocument {
		return d, false
	}
	err := json.Unmarshal(body, &d)
	return d, err == nil && isCode(d.Code)
}

// Or is the refusal of a response without a problem document: the fallback's code and sentence with the
// status' kind.
func Or(fallback *ledger.Refusal, status int, saw string) *ledger.Refusal {
	r := fallback.With(saw)
	r.Kind = Kind(status)
	return r
}

const (
	maxCode    = 100
	maxMessage = 500
	maxSaw     = 300
)

// isCode reports whether text has the form of a refusal's code: "order.not_found".
func isCode(text string) bool {
	return text != "" && len(text) <= maxCode && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789_.") == "" &&
		!strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

// plain replaces what is not printable.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, text)
}

func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
