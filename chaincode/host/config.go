package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// ConfigError says what has to change in a configuration file.
type ConfigError struct {
	File    string
	Key     string // "listen", "tls.key", "buyers[].party"; "" where the file as a whole is wrong
	Problem string // what is expected, and what stands there

	// Cause is the strict decoder's refusal, whose code stands behind the sentence; nil where the program
	// itself judged.
	Cause *ledger.Refusal
}

// Error reads for the operator: file, key, problem, code.
func (e *ConfigError) Error() string {
	text := "configuration " + e.File
	if e.Key != "" {
		text += fmt.Sprintf(", key %q", e.Key)
	}
	text += ": " + e.Problem
	if e.Cause != nil {
		text += " (" + e.Cause.Code + ")"
	}
	return text
}

// Unwrap lets errors.Is find the strict decoder's refusals.
func (e *ConfigError) Unwrap() error {
	if e.Cause == nil {
		return nil
	}
	return e.Cause
}

// Expected makes the error for a key that was read but has a value that the program can't use.
func Expected(file, key, expected, got string) *ConfigError {
	return &ConfigError{File: file, Key: key, Problem: fmt.Sprintf("expected %s, got %q", expected, got)}
}

// ReadConfig decodes a JSON configuration strictly into the struct that v points to: an unknown, repeated,
// missing or misspelled key is a [*ConfigError]. A key may be missing where its tag says omitempty or
// omitzero.
func ReadConfig(path string, v any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return decodeConfig(path, raw, v)
}

// ReadPrivateConfig is [ReadConfig] for a file that must be private, see [ErrExposed].
func ReadPrivateConfig(path string, v any) error {
	raw, err := ReadPrivate(path)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return decodeConfig(path, raw, v)
}

func decodeConfig(path string, raw []byte, v any) error {
	err := ledger.Decode(raw, v)
	refusal, ok := errors.AsType[*ledger.Refusal](err)
	if !ok {
		return err
	}
	e := &ConfigError{File: path, Key: refusal.Saw, Cause: refusal}
	known := keysOf(reflect.TypeOf(v).Elem(), "")
	switch {
	case errors.Is(err, ledger.ErrUnknownKey):
		e.Problem = "this program knows no such key; it knows " + strings.Join(known, ", ")
	case errors.Is(err, ledger.ErrMissingKey):
		e.Key, e.Problem = whole(known, refusal.Saw), "the key is missing; the program needs it"
	case errors.Is(err, ledger.ErrDuplicateKey):
		e.Key, e.Problem = whole(known, refusal.Saw), "the key stands twice in one object; keep one"
	default:
		e.Key, e.Problem = shape(raw, v, refusal)
	}
	return e
}

// shape explains JSON that is not what the program expects: encoding/json knows more about the place than a
// refusal.
func shape(raw []byte, v any, refusal *ledger.Refusal) (key, problem string) {
	err := json.Unmarshal(raw, v)
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return e.Field, fmt.Sprintf("expected %s, got %s", named(e.Type), e.Value)
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		at := min(int(e.Offset), len(raw))
		return "", fmt.Sprintf("line %d is not JSON: %v", 1+bytes.Count(raw[:at], []byte("\n")), e)
	}
	return "", refusal.Message + ": " + refusal.Saw
}

// named is a Go type in the words of JSON.
func named(t reflect.Type) string {
	switch t.Kind() { //nolint:exhaustive // the others are numbers
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a whole number"
}

// keysOf lists a struct's keys and those of the structs in it, with dots between them, in the order of the Go
// type.
func keysOf(t reflect.Type, prefix string) []string {
	var keys []string
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		name = prefix + name
		keys = append(keys, name)
		in := f.Type
		for in.Kind() == reflect.Slice || in.Kind() == reflect.Pointer {
			if in.Kind() == reflect.Slice {
				name += "[]"
			}
			in = in.Elem()
		}
		if in.Kind() == reflect.Struct {
			keys = append(keys, keysOf(in, name+".")...)
		}
	}
	return keys
}

// whole is the known key that ends in name, or name alone where several do.
func whole(known []string, name string) string {
	found := name
	for _, k := range known {
		if k == name || strings.HasSuffix(k, "."+name) {
			if found != name {
				return name
			}
			found = k
		}
	}
	return found
}
