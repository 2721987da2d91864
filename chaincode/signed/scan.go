package signed

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// decodeCanonical is ledger.DecodeCanonical, made fast for the usual document. Canonical JSON of a Go struct
// has no freedom: keys come in order, without white space; so the text is compared with what must stand there
// and only the values are read. Whatever the scanner doesn't understand (escapes, omitted fields) goes to the
// strict decoder, which decides. A fuzz test holds the two together. It saves a machine 85 of 160 us before
// each use (row 9 of tests/bench/README.md).
func decodeCanonical(doc []byte, v any) error {
	s := scanner{rest: doc}
	into := reflect.ValueOf(v).Elem()
	s.value(into)
	if !s.failed && len(s.rest) == 0 && len(doc) <= ledger.MaxDocument {
		return nil
	}
	into.SetZero()
	return ledger.DecodeCanonical(doc, v)
}

// plan is the fixed text before each of a struct's fields.
type plan struct {
	before []string
	ok     bool // every field has a plain JSON key
}

// plans saves the reflection over a struct; it is written once for each type.
var plans sync.Map // a cache without meaning

func planOf(t reflect.Type) plan {
	if p, ok := plans.Load(t); ok {
		return p.(plan) // only plans are stored
	}
	p := plan{ok: t.NumField() > 0}
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Tag.Get("json")
		if name == "" || name == "-" || strings.Contains(name, ",") || f.Anonymous || !f.IsExported() {
			p.ok = false
		}
		before := `,"` + name + `":`
		if i == 0 {
			before = `{"` + name + `":`
		}
		p.before = append(p.before, before)
	}
	plans.Store(t, p)
	return p
}

var rawMessage = reflect.TypeFor[json.RawMessage]() // a constant that needs a function

func (s *scanner) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		s.object(v)
	case reflect.String:
		v.SetString(s.text())
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(s.number(), 10, v.Type().Bits())
		s.failed = s.failed || err != nil
		v.SetInt(n)
	case reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(s.number(), 10, v.Type().Bits())
		s.failed = s.failed || err != nil
		v.SetUint(n)
	case reflect.Bool:
		v.SetBool(s.accept(`true`))
		if !v.Bool() {
			s.expect(`false`)
		}
	case reflect.Slice:
		s.list(v)
	default:
		s.failed = true
	}
}

func (s *scanner) object(v reflect.Value) {
	p := planOf(v.Type())
	s.failed = s.failed || !p.ok
	for i := 0; i < v.NumField() && !s.failed; i++ {
		s.expect(p.before[i])
		s.value(v.Field(i))
	}
	s.expect(`}`)
}

func (s *scanner) list(v reflect.Value) {
	switch {
	case v.Type() == rawMessage:
		v.SetBytes(s.raw())
		return
	case v.Type().Elem().Kind() == reflect.Uint8: // []byte is base64
		v.SetBytes(s.binary())
		return
	}
	s.expect(`[`)
	out := reflect.MakeSlice(v.Type(), 0, 4)
	for i := 0; !s.failed && !s.accept(`]`); i++ {
		if i > 0 {
			s.expect(`,`)
		}
		out = reflect.Append(out, reflect.Zero(v.Type().Elem()))
		s.value(out.Index(i))
	}
	v.Set(out)
}

// text reads a string of printable ASCII without escapes; any other is left to the strict decoder.
func (s *scanner) text() string {
	s.expect(`"`)
	for i := 0; i < len(s.rest) && !s.failed; i++ {
		switch c := s.rest[i]; {
		case c == '"':
			out := string(s.rest[:i])
			s.rest = s.rest[i+1:]
			return out
		case c == '\\' || c < 0x20 || c > 0x7e:
			s.failed = true
		}
	}
	s.failed = true
	return ""
}

// number reads an integer as strconv writes it.
func (s *scanner) number() string {
	i := 0
	for i < len(s.rest) && (s.rest[i] >= '0' && s.rest[i] <= '9' || i == 0 && s.rest[i] == '-') {
		i++
	}
	out := string(s.rest[:i])
	if digits := strings.TrimPrefix(out, "-"); digits == "" || digits[0] == '0' && out != "0" {
		s.failed = true
	}
	s.rest = s.rest[i:]
	return out
}

// raw cuts out one object by its braces; whoever uses it decodes it, canonically, with its own type.
func (s *scanner) raw() []byte {
	end := objectEnd(s.rest)
	if s.failed || end < 0 {
		s.failed = true
		return nil
	}
	out := bytes.Clone(s.rest[:end])
	s.rest = s.rest[end:]
	return out
}

// objectEnd finds where the object that b begins with ends; -1 if there is none, or one with escapes.
func objectEnd(b []byte) int {
	depth, quoted := 0, false
	for i, c := range b {
		switch {
		case c == '\\' || i == 0 && c != '{':
			return -1
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// scanner consumes a text of which everything but the base64 strings is known.
type scanner struct {
	rest   []byte
	failed bool
}

func (s *scanner) accept(text string) bool {
	if len(s.rest) < len(text) || string(s.rest[:len(text)]) != text {
		return false
	}
	s.rest = s.rest[len(text):]
	return true
}

func (s *scanner) expect(text string) {
	if s.failed || !s.accept(text) {
		s.failed = true
	}
}

// binary reads one quoted string of strict base64: padded, no line breaks, unused bits zero.
func (s *scanner) binary() []byte {
	s.expect(`"`)
	if s.failed {
		return nil
	}
	end := bytes.IndexByte(s.rest, '"')
	if end < 0 || bytes.IndexByte(s.rest[:end], '\n') >= 0 || bytes.IndexByte(s.rest[:end], '\r') >= 0 {
		s.failed = true
		return nil
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(end))
	n, err := base64.StdEncoding.Strict().Decode(out, s.rest[:end])
	if err != nil {
		s.failed = true
		return nil
	}
	s.rest = s.rest[end+1:]
	return out[:n]
}
