package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Kind says what a caller can do about a refusal; the set is closed.
type Kind string

// The kinds of refusal.
const (
	NotFound    Kind = "NotFound"    // the named thing is not on the ledger
	Conflict    Kind = "Conflict"    // it is there already, or in a state that excludes the step
	Forbidden   Kind = "Forbidden"   // the caller may not do this
	Expired     Kind = "Expired"     // a time limit of the ledger's own clock has passed
	Invalid     Kind = "Invalid"     // the request itself is wrong and will stay wrong
	Limit       Kind = "Limit"       // a cap is reached; later or smaller may pass
	Unavailable Kind = "Unavailable" // the peer can't judge now (its clock lags); ask again
)

// Refusal is a rule's rejection: its code (stable for ever), a sentence for people, and the value that was
// seen. Message and Saw are public: they never carry a secret.
type Refusal struct { //nolint:errname // the word of the whole project for it
	Kind    Kind   `json:"kind"`
	Code    string `json:"code"`
	Message string `json:"message"`
	Saw     string `json:"saw,omitempty"`
}

// Refuse makes a refusal; packages keep the result as their sentinel.
func Refuse(kind Kind, code, message string) *Refusal {
	return &Refusal{Kind: kind, Code: code, Message: message}
}

// With returns a copy of the refusal that names the value which was refused, shortened to what fits a line.
func (r *Refusal) With(saw string) *Refusal {
	c := *r
	c.Saw = clip(strings.ToValidUTF8(saw, "?"))
	return &c
}

// Field is [Refusal.With] for a field that has another value than its rule allows: "quorum 4, expected 2 to
// 3". Text is quoted and shortened, so that the expected value always fits.
func (r *Refusal) Field(name string, got any, expected string) *Refusal {
	if text, ok := got.(string); ok {
		const limit = 40
		if len(text) > limit {
			text = text[:limit] + "…"
		}
		got = strconv.Quote(text)
	}
	return r.With(fmt.Sprintf("%s %v, expected %s", name, got, expected))
}

// Error reads for a person: code, sentence, value.
func (r *Refusal) Error() string {
	if r.Saw == "" {
		return r.Code + ": " + r.Message
	}
	return r.Code + ": " + r.Message + " (saw " + r.Saw + ")"
}

// Is reports equality of codes, so that errors.Is finds a sentinel behind any With.
func (r *Refusal) Is(target error) bool {
	var t *Refusal
	return errors.As(target, &t) && t.Code == r.Code
}

// Line is the refusal as the one JSON line that travels in a Fabric error message.
func (r *Refusal) Line() string {
	b, err := json.Marshal(r)
	if err != nil {
		panic("ledger: a refusal of strings does not marshal: " + err.Error())
	}
	return string(b)
}

// ParseRefusal finds the refusal line inside a message that Fabric may have wrapped in its own words.
func ParseRefusal(message string) (*Refusal, bool) {
	for i := strings.Index(message, `{"kind":`); i >= 0; {
		var r Refusal
		d := json.NewDecoder(strings.NewReader(message[i:]))
		if d.Decode(&r) == nil && r.Kind != "" && r.Code != "" {
			return &r, true
		}
		next := strings.Index(message[i+1:], `{"kind":`)
		if next < 0 {
			break
		}
		i += 1 + next
	}
	return nil, false
}
