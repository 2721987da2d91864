package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// MaxDocument bounds a document in bytes and maxDepth its nesting: both far above any document of ours.
const (
	MaxDocument = 1 << 20
	maxDepth    = 12
)

// Refusals of the strict decoder. A document that is rejected stays wrong: whoever made it must mend it.
var (
	// ErrTooLarge means that the document is longer than 1 MiB (Saw). Shorten it.
	ErrTooLarge = Refuse(Invalid, "document.too_large", "a document has at most 1 MiB")
	// ErrMalformed means that the JSON does not parse, or a value has another type than the document's field.
	// Compare it with the document in chaincode/docs/documents.md.
	ErrMalformed = Refuse(Invalid, "document.malformed", "the document is not one JSON value of the expected shape")
	// ErrDuplicateKey means that an object has the same key twice, so that two readers could read different
	// values. Write the key once.
	ErrDuplicateKey = Refuse(Invalid, "document.duplicate_key", "the document names a key twice in one object")
	// ErrUnknownKey means that a key (Saw) is misspelled, in other capitals, or of another version of the
	// format. Write it as chaincode/docs/documents.md has it.
	ErrUnknownKey = Refuse(Invalid, "document.unknown_key",
		"the document has a key that its type does not have")
	// ErrMissingKey means that an object lacks a key that its type has. Write the key also where its value is
	// empty.
	ErrMissingKey = Refuse(Invalid, "document.missing_key", "the document lacks a key that its type has")
	// ErrText means that a text is not valid UTF-8, or a string (Saw) has U+FFFD or the escape of half a
	// surrogate pair. Encode it as UTF-8.
	ErrText = Refuse(Invalid, "document.text", "the document holds text that is not valid UTF-8")
	// ErrNumber means that a number (Saw) has a fraction or an exponent, or is minus zero. Write it as a plain
	// integer.
	ErrNumber = Refuse(Invalid, "document.number",
		"numbers are plain integers: no fraction, exponent or minus zero")
	// ErrTooDeep means that the document nests objects and lists more than 12 deep. Write it as
	// chaincode/docs/documents.md has it.
	ErrTooDeep = Refuse(Invalid, "document.too_deep", "a document is nested at most 12 deep")
	// ErrNotCanonical means that the content parses, but its bytes are not those that ledger.Encode writes, so
	// that its hash would differ. Encode it with ledger.Encode.
	ErrNotCanonical = Refuse(Invalid, "document.not_canonical",
		"the document's bytes are not the canonical form of its content")
)

// Encode writes v in the ledger's canonical form: JSON, keys in the order of the Go struct, no white space,
// no HTML escapes, a nil slice as []. Documents hold structs, slices, strings, booleans and integers only: no
// maps, no floats, no pointers that can be nil.
func Encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(filled(v)); err != nil {
		panic(fmt.Sprintf("ledger: a document of type %T does not encode: %v", v, err))
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Decode reads one document strictly into the struct that v points to: unknown, missing, duplicate and
// case-folded keys, null, trailing bytes, deep nesting, numbers not written as plain integers and text that
// is not UTF-8 are refused. A key may be missing only where its struct tag says omitempty or omitzero.
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

// ErrBase64 means that the text is not standard, padded base64, or has line ends or bits beyond its last byte.
// Encode it as RFC 4648 section 4 has it.
var ErrBase64 = Refuse(Invalid, "base64.malformed",
	"the text must be standard base64 with padding and without line ends")

// Base64 reads standard, padded base64 in its one form. encoding/base64 passes over line ends even when it is
// strict, so that one signature could be stored as many texts, or swollen to a megabyte.
func Base64(text string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(text) != base64.StdEncoding.EncodedLen(len(b)) {
		return nil, ErrBase64
	}
	return b, nil
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

// ErrID means that an id or a hash (Saw) is not 64 lower-case hex digits. Copy the id whole.
var ErrID = Refuse(Invalid, "id.malformed", "the id is not 64 lower-case hex digits")

// CheckID demands 64 lower-case hex digits, the form of every id and hash on the ledger.
func CheckID(id string) error {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != sha256.Size || strings.ToLower(id) != id {
		return ErrID.With(clip(id))
	}
	return nil
}

// clip keeps a refusal short when a caller sends a novel.
func clip(s string) string {
	const limit = 120
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

// Digest is the plain SHA-256 of bytes, as lower-case hex: the name of a document whose bytes matter.
func Digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
