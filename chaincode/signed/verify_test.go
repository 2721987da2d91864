package signed_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
)

var start = time.Unix(1_790_000_000, 0)

func newConsortium(tb testing.TB) (*signedtest.Consortium, signedtest.Sale) {
	tb.Helper()
	c, err := signedtest.New(start)
	if err != nil {
		tb.Fatal(err)
	}
	return c, signedtest.NewSale(signedtest.Manufacturer, signedtest.Operator)
}

func verifier(tb testing.TB, b *signed.Bundle) *signed.Verifier {
	tb.Helper()
	v, err := signed.NewVerifier(b)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func code(err error) string {
	if r, ok := errors.AsType[*ledger.Refusal](err); ok {
		return r.Code
	}
	if err != nil {
		return "not a refusal: " + err.Error()
	}
	return ""
}

func wanted(s signedtest.Sale) signed.LicenseExpectation {
	return signed.LicenseExpectation{
		License: "", Nonce: signedtest.Nonce, Machine: s.Machine.ID, Manifest: s.Manifest, Floor: start.Unix(),
	}
}

// T5, T6, T7: every case, freshly made.
func TestVerdicts(t *testing.T) {
	c, sale := newConsortium(t)
	cases, err := c.Cases(sale)
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, c.Bundle)
	for _, tt := range cases {
		t.Run(tt.Name, func(t *testing.T) {
			for _, again := range []string{"cold", "warm"} {
				_, _, err := v.License(tt.File, wanted(sale))
				if code(err) != tt.Want {
					t.Errorf("%s: got %v, want %q", again, err, tt.Want)
				}
			}
		})
	}
}

// The frozen files say the same as on the day they were made.
func TestFrozenVectors(t *testing.T) {
	dir := filepath.Join("..", "..", "fixtures", "signed")
	bundle, err := signed.ParseBundle(bytes.TrimSpace(readFile(t, filepath.Join(dir, "bundle.json"))))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Machine, Nonce, Manifest string
		Floor                    int64
		Cases                    []struct{ File, Want string }
	}
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "index.json")), &index); err != nil {
		t.Fatal(err)
	}
	if len(index.Cases) < 30 {
		t.Fatalf("%d frozen cases, want at least 30", len(index.Cases))
	}
	v := verifier(t, bundle)
	for _, tt := range index.Cases {
		t.Run(tt.File, func(t *testing.T) {
			file := readFile(t, filepath.Join(dir, tt.File))
			_, _, err := v.License(file, signed.LicenseExpectation{
				Machine: index.Machine, Nonce: index.Nonce, Manifest: []byte(index.Manifest), Floor: index.Floor,
			})
			if code(err) != tt.Want {
				t.Errorf("got %v, want %q", err, tt.Want)
			}
		})
	}
}

// A license that a real machine bought, and what the demo's attackers got hold of (fixtures/signed/collect).
func TestFrozenLicenseOfARealSale(t *testing.T) {
	dir := filepath.Join("..", "..", "fixtures", "signed")
	bundle, err := signed.ParseBundle(readFile(t, filepath.Join(dir, "sale_bundle.json")))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Machine, License string
		Cases            []struct{ File, Want string }
	}
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "sale.json")), &index); err != nil {
		t.Fatal(err)
	}
	if len(index.Cases) < 6 {
		t.Fatalf("%d frozen cases, want at least 6", len(index.Cases))
	}
	v := verifier(t, bundle)
	want := signed.LicenseExpectation{
		License: index.License, Machine: index.Machine,
		Manifest: readFile(t, filepath.Join(dir, "sale_manifest.json")),
	}
	for _, tt := range index.Cases {
		t.Run(tt.File, func(t *testing.T) {
			if _, _, err := v.License(readFile(t, filepath.Join(dir, tt.File)), want); code(err) != tt.Want {
				t.Errorf("got %v, want %q", err, tt.Want)
			}
		})
	}
	file := readFile(t, filepath.Join(dir, "sale_good_license.signed.json"))
	body, answer, err := v.License(file, want)
	if err != nil || len(body.Paid) == 0 || answer.Lease <= answer.Clock {
		t.Fatalf("got %+v, %v", body, err)
	}
	for i := range file {
		bad := bytes.Clone(file)
		bad[i] ^= 4
		if _, _, err := v.License(bad, want); err == nil {
			t.Errorf("byte %d (%q) changed: accepted", i, file[i])
		}
	}
	want.Floor = answer.Lease + 1
	if _, _, err := v.License(file, want); !errors.Is(err, signed.ErrLease) {
		t.Errorf("after its lease: got %v, want %v", err, signed.ErrLease)
	}
	want.Floor, want.Machine = 0, index.License
	if _, _, err := v.License(file, want); !errors.Is(err, signed.ErrMachine) {
		t.Errorf("on a second machine: got %v, want %v", err, signed.ErrMachine)
	}
}

// Files that a real four-partner network signed, and what attackers got from it (fixtures/signed/capture).
func TestFrozenFilesOfARealNetwork(t *testing.T) {
	dir := filepath.Join("..", "..", "fixtures", "signed")
	bundle, err := signed.ParseBundle(readFile(t, filepath.Join(dir, "real_bundle.json")))
	if err != nil {
		t.Fatal(err)
	}
	var index struct {
		Nonce string
		Cases []struct{ File, Want string }
	}
	if err := json.Unmarshal(readFile(t, filepath.Join(dir, "real.json")), &index); err != nil {
		t.Fatal(err)
	}
	if len(index.Cases) < 5 {
		t.Fatalf("%d frozen cases, want at least 5", len(index.Cases))
	}
	v := verifier(t, bundle)
	for _, tt := range index.Cases {
		t.Run(tt.File, func(t *testing.T) {
			file := readFile(t, filepath.Join(dir, tt.File))
			want := signed.Expectation{Function: signed.FunctionNoop, Nonce: index.Nonce}
			if _, err := v.Verify(file, want); code(err) != tt.Want {
				t.Errorf("got %v, want %q", err, tt.Want)
			}
			if tt.Want != "" {
				return
			}
			for i := range file { // every byte of a real file is covered too
				bad := bytes.Clone(file)
				bad[i] ^= 1
				if _, err := v.Verify(bad, want); err == nil {
					t.Errorf("byte %d (%q) changed: accepted", i, file[i])
				}
			}
		})
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// T5: every byte of a good file is covered. Two different changes to each byte: the lowest bit, and the case
// bit, which base64 and JSON are likeliest to forgive.
func TestEveryByteFlipIsRefused(t *testing.T) {
	c, sale := newConsortium(t)
	v := verifier(t, c.Bundle)
	peers, err := c.Peers(signedtest.Operator, signedtest.Manufacturer)
	if err != nil {
		t.Fatal(err)
	}
	good, err := c.File(signedtest.Deed{
		Answer:  sale.LicenseAnswer(c.Bundle, signedtest.Nonce, start.Unix()),
		Signers: peers,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.License(good, wanted(sale)); err != nil {
		t.Fatalf("the good file is refused: %v", err)
	}
	want := wanted(sale)
	want.Nonce = "" // the nonce must not be what saves us
	for i := range good {
		for _, bit := range []byte{0x01, 0x20} {
			bad := bytes.Clone(good)
			bad[i] ^= bit
			if _, _, err := v.License(bad, want); err == nil {
				t.Errorf("byte %d (%q) changed by %#x: accepted", i, good[i], bit)
			}
		}
	}
	for _, tail := range []string{" ", "\n", "{}", "\x00"} {
		if _, _, err := v.License(append(bytes.Clone(good), tail...), want); !errors.Is(err, signed.ErrMalformed) {
			t.Errorf("tail %q: got %v, want %v", tail, err, signed.ErrMalformed)
		}
	}
}

// The preimages are hashed one after the other: no other split of the same bytes may pass.
func TestPreimagesCannotBeSplitElsewhere(t *testing.T) {
	c, sale := newConsortium(t)
	v := verifier(t, c.Bundle)
	peers, err := c.Peers(signedtest.Operator, signedtest.Manufacturer)
	if err != nil {
		t.Fatal(err)
	}
	f, err := c.Build(signedtest.Deed{
		Answer:  sale.LicenseAnswer(c.Bundle, signedtest.Nonce, start.Unix()),
		Signers: peers,
	})
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(f.ChannelHeader, f.SignatureHeader, f.ProposalPayload)
	a, b, accepted := len(f.ChannelHeader), len(f.ChannelHeader)+len(f.SignatureHeader), 0
	for i := 0; i <= len(all); i++ {
		for _, split := range [][2]int{{i, b}, {a, i}} {
			if split[0] > split[1] {
				continue
			}
			g := f
			g.ChannelHeader, g.SignatureHeader, g.ProposalPayload = all[:split[0]], all[split[0]:split[1]],
				all[split[1]:]
			if _, _, err := v.License(g.Encode(), wanted(sale)); err == nil {
				accepted++
			}
		}
	}
	if accepted != 2 { // the true split, met once from each side
		t.Errorf("%d splits accepted, want 2", accepted)
	}
}

func TestLicenseExpectations(t *testing.T) {
	c, sale := newConsortium(t)
	v := verifier(t, c.Bundle)
	peers, err := c.Peers(signedtest.Operator, signedtest.Manufacturer)
	if err != nil {
		t.Fatal(err)
	}
	answer := sale.LicenseAnswer(c.Bundle, signedtest.Nonce, start.Unix())
	good, err := c.File(signedtest.Deed{Answer: answer, Signers: peers})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		change  func(*signed.LicenseExpectation)
		wantErr error
	}{
		{"as it is", func(*signed.LicenseExpectation) {}, nil},
		{"its own id", func(w *signed.LicenseExpectation) { w.License = sale.License.ID }, nil},
		{"another license", func(w *signed.LicenseExpectation) { w.License = sale.Order.ID }, signed.ErrFunction},
		{"another nonce", func(w *signed.LicenseExpectation) { w.Nonce = strings.Repeat("00", 32) }, signed.ErrNonce},
		{"no machine", func(w *signed.LicenseExpectation) { w.Machine = "" }, signed.ErrMachine},
		{"second machine", func(w *signed.LicenseExpectation) { w.Machine = sale.Order.ID }, signed.ErrMachine},
		{"no manifest", func(w *signed.LicenseExpectation) { w.Manifest = nil }, signed.ErrManifest},
		{"another manifest", func(w *signed.LicenseExpectation) {
			w.Manifest = append(bytes.Clone(w.Manifest),
				' ')
		}, signed.ErrManifest},
		{"last second of the lease", func(w *signed.LicenseExpectation) { w.Floor = answer.Lease }, nil},
		{"after the lease", func(w *signed.LicenseExpectation) { w.Floor = answer.Lease + 1 }, signed.ErrLease},
		// the file's own clock still counts
		{"clock turned back", func(w *signed.LicenseExpectation) { w.Floor = 0 }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := wanted(sale)
			tt.change(&want)
			body, a, err := v.License(good, want)
			if !errors.Is(err, tt.wantErr) {
				t.Fatalf("got %v, want %v", err, tt.wantErr)
			}
			if err == nil && (body.License.ID != sale.License.ID || a.Clock != start.Unix()) {
				t.Errorf("got license %s at %d", body.License.ID, a.Clock)
			}
		})
	}
}
