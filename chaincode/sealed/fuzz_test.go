package sealed_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/sealed"
)

func TestEnvelopeIsStrict(t *testing.T) {
	w := newWorld(t, "LicensorsMSP", "ManufacturerMSP", "OperatorMSP")
	s, _ := w.seal(t, plaintext(10))
	good := s.Envelope.Bytes()
	if e, err := sealed.ParseEnvelope(good); err != nil || len(e.Wraps) != 7 || !bytes.Equal(e.Bytes(), good) {
		t.Fatalf("the good envelope: %d wraps, %v", len(e.Wraps), err)
	}
	edit := func(f func(*sealed.Envelope)) []byte {
		e := s.Envelope
		e.Wraps = slices.Clone(e.Wraps)
		f(&e)
		return e.Bytes()
	}
	tests := []struct {
		name string
		raw  []byte
	}{
		{"empty", nil},
		{"trailing newline", append(bytes.Clone(good), '\n')},
		{"white space", bytes.Replace(good, []byte(`"version":1`), []byte(`"version": 1`), 1)},
		{"unknown key", bytes.Replace(good, []byte(`"version":1`), []byte(`"version":1,"x":1`), 1)},
		{"duplicate key", bytes.Replace(good, []byte(`"version":1`), []byte(`"version":1,"version":1`), 1)},
		{"case-folded key", bytes.Replace(good, []byte(`"version"`), []byte(`"Version"`), 1)},
		{"other format", edit(func(e *sealed.Envelope) { e.Format = "guildmark/envelope/2" })},
		{"no dataset", edit(func(e *sealed.Envelope) { e.Dataset = "" })},
		{"version 0", edit(func(e *sealed.Envelope) { e.Version = 0 })},
		{"revision 0", edit(func(e *sealed.Envelope) { e.Revision = 0 })},
		{"no wraps", edit(func(e *sealed.Envelope) { e.Wraps = []sealed.Wrap{} })},
		{"repeated wrap", edit(func(e *sealed.Envelope) { e.Wraps[1] = e.Wraps[0] })},
		{"out of order", edit(func(e *sealed.Envelope) { slices.Reverse(e.Wraps) })},
		{"unsorted pair", edit(func(e *sealed.Envelope) {
			e.Wraps[0].Pair = []string{
				"ManufacturerMSP",
				"LicensorsMSP",
			}
		})},
		{"half without pair", edit(func(e *sealed.Envelope) { e.Wraps[0].Pair = []string{} })},
		{"unknown share", edit(func(e *sealed.Envelope) { e.Wraps[0].Share = "license" })},
		{"half for a runtime", edit(func(e *sealed.Envelope) { e.Wraps[0].Role = sealed.RoleRuntime })},
		{"nobody", edit(func(e *sealed.Envelope) { e.Wraps[0].Recipient = "" })},
		{"short wrap", edit(func(e *sealed.Envelope) { e.Wraps[0].Sealed = "AAAA" })},
		{"line break in base64", edit(func(e *sealed.Envelope) { e.Wraps[0].Sealed = "\n" + e.Wraps[0].Sealed })},
		{"too large", bytes.Repeat([]byte(" "), sealed.MaxEnvelope+1)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := sealed.ParseEnvelope(tt.raw); !errors.Is(err, sealed.ErrEnvelope) {
				t.Errorf("ParseEnvelope: error %v, want %v", err, sealed.ErrEnvelope)
			}
		})
	}
}

// Flipping any single bit of a wrap makes it refuse.
func TestEveryByteOfAWrapCounts(t *testing.T) {
	pair := []string{"LicensorsMSP", "OperatorMSP"}
	w := newWorld(t, pair...)
	s, _ := w.seal(t, plaintext(10))
	b := sealed.Binding{Channel: channel, Manifest: s.Manifest}
	box, err := base64.StdEncoding.DecodeString(s.Envelope.Wraps[0].Sealed)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(box); i += 1 + i%13 {
		e := s.Envelope
		e.Wraps = slices.Clone(e.Wraps)
		box[i] ^= 0x40
		e.Wraps[0].Sealed = base64.StdEncoding.EncodeToString(box)
		box[i] ^= 0x40
		if _, err := b.OpenHalf(e, w.keys["LicensorsMSP.c"], "LicensorsMSP.c", "LicensorsMSP",
			pair); !errors.Is(err, sealed.ErrWrap) {
			t.Errorf("byte %d: error %v, want %v", i, err, sealed.ErrWrap)
		}
	}
}

func FuzzEnvelope(f *testing.F) {
	w := newWorld(f, "LicensorsMSP", "OperatorMSP")
	s, _ := w.seal(f, plaintext(10))
	f.Add(s.Envelope.Bytes())
	f.Add([]byte(`{"format":"guildmark/envelope/1","dataset":"` + strings.Repeat("ab", 32) +
		`","version":1,"revision":1,"wraps":[]}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := sealed.ParseEnvelope(raw)
		if err != nil {
			if !errors.Is(err, sealed.ErrEnvelope) {
				t.Fatalf("error of another class: %v", err)
			}
			return
		}
		if !bytes.Equal(e.Bytes(), raw) {
			t.Fatalf("accepted bytes that it doesn't write: %q", raw)
		}
	})
}

func FuzzBody(f *testing.F) {
	w := newWorld(f, "LicensorsMSP", "OperatorMSP")
	plain := plaintext(sealed.PackageSize + 100)
	s, body := w.seal(f, plain)
	pair := s.Manifest.Custodians
	b := sealed.Binding{Channel: channel, Manifest: s.Manifest}
	runtime, lower, upper := w.runtime(f, s), w.half(f, s, pair[0], pair), w.half(f, s, pair[1], pair)
	f.Add(body)
	f.Add(body[:packageBytes])
	f.Add(body[packageBytes:])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := b.OpenBody(bytes.NewReader(raw), runtime, lower, upper)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err == nil && !bytes.Equal(raw, body) {
			t.Fatal("another body was accepted")
		}
		if err != nil && !errors.Is(err, sealed.ErrBody) {
			t.Fatalf("error of another class: %v", err)
		}
		if len(got) > len(plain) || !bytes.Equal(got, plain[:len(got)]) {
			t.Fatalf("%d bytes that were never sealed", len(got))
		}
	})
}
