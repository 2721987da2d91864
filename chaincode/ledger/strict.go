package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// checkTokens walks the document beside the Go type it is meant for and refuses what encoding/json forgives.
func checkTokens(doc []byte, t reflect.Type) error {
	if !utf8.Valid(doc) {
		return ErrText
	}
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	if err := walk(d, t, 0); err != nil {
		if _, ok := errors.AsType[*Refusal](err); ok {
			return err
		}
		return ErrMalformed.With(err.Error())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return ErrMalformed.With("bytes after the document, expected none")
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
	switch v := tok.(type) {
	case json.Delim:
		if v == '{' {
			return walkObject(d, t, depth)
		}
		return walkArray(d, t, depth)
	case string:
		return checkText(v)
	case json.Number:
		return checkNumber(v.String())
	case nil:
		return ErrMalformed.With("null, expected a value")
	}
	return nil
}

func walkArray(d *json.Decoder, t reflect.Type, depth int) error {
	n := 0
	for ; d.More(); n++ {
		if err := walk(d, element(t), depth+1); err != nil {
			return err
		}
	}
	// encoding/json drops what doesn't fit a Go array and zeroes what is missing
	if t = deref(t); t != nil && t.Kind() == reflect.Array && n != t.Len() {
		return ErrMalformed.Field("length of a list", n, strconv.Itoa(t.Len()))
	}
	_, err := d.Token()
	return err
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
		if err := checkText(key); err != nil {
			return err
		}
		if seen[key] {
			return ErrDuplicateKey.With(key)
		}
		seen[key] = true
		f, ok := known.byName[key]
		if !ok && known.closed {
			return ErrUnknownKey.With(key)
		}
		if err := walk(d, f, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	for _, name := range known.required {
		if !seen[name] {
			return ErrMissingKey.With(name)
		}
	}
	return nil
}

// checkText refuses U+FFFD: encoding/json puts it where an escape named half a surrogate pair, so that two
// different documents would read the same.
func checkText(s string) error {
	if strings.ContainsRune(s, utf8.RuneError) {
		return ErrText.With(s)
	}
	return nil
}

// checkNumber takes only what Go writes for an integer: no sign of zero, no fraction, no exponent.
func checkNumber(s string) error {
	if !every(strings.TrimPrefix(s, "-"), isDigit) || s == "-0" {
		return ErrNumber.With(s)
	}
	return nil
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

// fields are a struct's exact JSON keys; not closed where the type says nothing (json.RawMessage).
type fields struct {
	closed   bool
	byName   map[string]reflect.Type
	required []string
}

// fieldCache saves the reflection over a struct; it is written once for each type.
var fieldCache sync.Map

func fieldsOf(t reflect.Type) fields {
	t = deref(t)
	if t == nil || t.Kind() != reflect.Struct {
		return fields{}
	}
	if m, ok := fieldCache.Load(t); ok {
		return m.(fields)
	}
	m := fields{closed: true, byName: map[string]reflect.Type{}}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		m.byName[name] = f.Type
		if !strings.Contains(options, "omit") {
			m.required = append(m.required, name)
		}
	}
	fieldCache.Store(t, m)
	return m
}

// filled returns v with an empty slice in the place of every nil one; it copies what it changes.
func filled(v any) any {
	in := reflect.ValueOf(v)
	if !in.IsValid() || !hasSlices(in.Type()) {
		return v
	}
	out := reflect.New(in.Type()).Elem()
	out.Set(in)
	fill(out)
	return out.Interface()
}

var marshaler = reflect.TypeFor[json.Marshaler]()

func fill(v reflect.Value) {
	if v.Type().Implements(marshaler) {
		return
	}
	switch v.Kind() { //nolint:exhaustive // every other kind holds no slice
	case reflect.Interface:
		if !v.IsNil() {
			v.Set(reflect.ValueOf(filled(v.Interface())))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			v.Set(copied(v))
		}
	case reflect.Struct:
		for _, f := range v.Fields() {
			if f.CanSet() {
				fill(f)
			}
		}
	case reflect.Slice:
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(c, v)
		for i := range c.Len() {
			fill(c.Index(i))
		}
		v.Set(c)
	}
}

// copied is a pointer to a filled copy of what v points to.
func copied(v reflect.Value) reflect.Value {
	c := reflect.New(v.Type().Elem())
	c.Elem().Set(v.Elem())
	fill(c.Elem())
	return c
}

// hasSlices reports whether a value of the type can hold a slice, so that plain values are not copied.
func hasSlices(t reflect.Type) bool {
	switch t.Kind() { //nolint:exhaustive // every other kind holds no slice
	case reflect.Slice, reflect.Interface:
		return true
	case reflect.Pointer:
		return hasSlices(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if hasSlices(f.Type) {
				return true
			}
		}
	}
	return false
}
