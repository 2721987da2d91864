package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// MaxDocument bounds a document in bytes and maxDepth its nesting: both far above any document of ours.
const (
	MaxDocument = 1 << 20
	maxDepth    = 12
)

// Refusals of the strict decoder.
var (
	ErrTooLarge     = Refuse(Invalid, "document.too_large", "the document is larger than the ledger takes")
	ErrMalformed    = Refuse(Invalid, "document.malformed", "the document is not one JSON value of the expected shape")
	ErrDuplicateKey = Refuse(Invalid, "document.duplicate_key", "the document names a key twice in one object")
	ErrUnknownKey   = Refuse(Invalid, "document.unknown_key", "the document has a key that its schema doesn't know")
	ErrTooDeep      = Refuse(Invalid, "document.too_deep", "the document is nested too deeply")
	ErrNotCanonical = Refuse(Invalid, "document.not_canonical", "the document is not in canonical form")
)

// Encode writes v in the ledger's canonical form: JSON, keys in the order of the Go struct, no white space, no
// HTML escapes. Documents hold structs, slices, strings, booleans and integers only: no maps, no floats.
func Encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("ledger: a document of type %T does not encode: %v", v, err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Decode reads one document strictly into the struct that v points to: unknown, duplicate and case-folded keys,
// trailing bytes, deep nesting, floats for integers and invalid UTF-8 are refused.
func Decode(doc []byte, v any) error {
	if len(doc) > MaxDocument {
		return ErrTooLarge.With(strconv.Itoa(len(doc)) + " bytes")
	}
	if err := checkTokens(doc, reflect.TypeOf(v).Elem()); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return ErrUnknownKey.With(strings.Trim(name, `"`))
		}
		return ErrMalformed.With(err.Error())
	}
	return nil
}

// DecodeCanonical is Decode for bytes whose hash matters: they must be exactly what Encode writes.
func DecodeCanonical(doc []byte, v any) error {
	if err := Decode(doc, v); err != nil {
		return err
	}
	if !bytes.Equal(Encode(v), doc) {
		return ErrNotCanonical
	}
	return nil
}

// checkTokens walks the document beside the Go type it is meant for and refuses what encoding/json forgives.
func checkTokens(doc []byte, t reflect.Type) error {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if err := walk(d, t, 0); err != nil {
		var r *Refusal
		if errors.As(err, &r) {
			return err
		}
		return ErrMalformed.With(err.Error())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return ErrMalformed.With("bytes after the document")
	}
	return nil
}

func walk(d *json.Decoder, t reflect.Type, depth int) error {
	if depth > maxDepth {
		return ErrTooDeep
	}
	tok, err := d.Token()
	if err != nil {
		return err
	}
	switch tok {
	case json.Delim('{'):
		return walkObject(d, t, depth)
	case json.Delim('['):
		for d.More() {
			if err := walk(d, element(t), depth+1); err != nil {
				return err
			}
		}
		_, err = d.Token()
		return err
	}
	if tok == nil {
		return ErrMalformed.With("null")
	}
	return nil
}

func walkObject(d *json.Decoder, t reflect.Type, depth int) error {
	known := fieldsOf(t)
	seen := map[string]bool{}
	for d.More() {
		tok, err := d.Token()
		if err != nil {
			return err
		}
		key, _ := tok.(string)
		if seen[key] {
			return ErrDuplicateKey.With(key)
		}
		seen[key] = true
		var field reflect.Type
		if known != nil {
			f, ok := known[key]
			if !ok {
				return ErrUnknownKey.With(key)
			}
			field = f
		}
		if err := walk(d, field, depth+1); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

func element(t reflect.Type) reflect.Type {
	t = deref(t)
	if t != nil && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) {
		return t.Elem()
	}
	return nil
}

func deref(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// fieldCache saves the reflection over a struct; it is written once for each type.
var fieldCache sync.Map

// fieldsOf gives a struct's exact JSON keys; nil where the type says nothing (json.RawMessage).
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	t = deref(t)
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	if m, ok := fieldCache.Load(t); ok {
		return m.(map[string]reflect.Type)
	}
	m := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		m[name] = f.Type
	}
	fieldCache.Store(t, m)
	return m
}

// Hash is the SHA-256 of the parts, each preceded by its length in 8 big-endian bytes, as lower-case hex. The
// first part is a domain tag such as "guildmark/order/1", so that no two kinds of id can collide.
func Hash(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		var n [8]byte
		for i, l := 7, len(p); i >= 0; i, l = i-1, l>>8 {
			n[i] = byte(l)
		}
		h.Write(n[:])
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ErrID refuses text that is not an id.
var ErrID = Refuse(Invalid, "id.malformed", "the id is not 64 lower-case hex digits")

// CheckID refuses everything but 64 lower-case hex digits, the form of every id and hash on the ledger.
func CheckID(id string) error {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != sha256.Size || strings.ToLower(id) != id {
		return ErrID.With(clip(id))
	}
	return nil
}

// clip keeps a refusal short when a caller sends a novel.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
