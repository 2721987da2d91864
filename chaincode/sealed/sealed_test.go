package sealed_test

import (
	"bytes"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/sealed"
)

const channel = "guildmark"

// world is a licensor's view (plan) with the private keys that the others keep.
type world struct {
	plan sealed.Plan
	keys map[string]hpke.PrivateKey // by recipient id
}

func newWorld(tb testing.TB, msps ...string) world {
	tb.Helper()
	w := world{keys: map[string]hpke.PrivateKey{}, plan: sealed.Plan{
		Channel: channel, Licensor: dataset.Licensor{MSP: "LicensorsMSP", Party: "LicensorsMSP.0123456789abcdef"},
		Salt: strings.Repeat("5a", 32), Version: 1, Title: "Sunrise", Technology: "beverage", Profile: "beverage/1",
	}}
	for _, msp := range msps {
		w.plan.Custodians = append(w.plan.Custodians, w.recipient(tb, msp+".c", sealed.RoleCustodian, msp))
	}
	w.plan.Runtimes = []sealed.Recipient{w.recipient(tb, "ManufacturerMSP.runtime.mixer.vtpm",
		sealed.RoleRuntime, "ManufacturerMSP")}
	return w
}

func (w world) recipient(tb testing.TB, id, role, msp string) sealed.Recipient {
	tb.Helper()
	seed := make([]byte, sealed.SeedSize)
	_, _ = rand.Read(seed)
	key, err := sealed.PrivateKey(seed)
	if err != nil {
		tb.Fatal(err)
	}
	w.keys[id] = key
	return sealed.Recipient{ID: id, Role: role, MSP: msp, Key: key.PublicKey().Bytes()}
}

func (w world) seal(tb testing.TB, plain []byte) (sealed.Sealed, []byte) {
	tb.Helper()
	var body bytes.Buffer
	s, err := sealed.Seal(&body, bytes.NewReader(plain), w.plan, rand.Reader)
	if err != nil {
		tb.Fatalf("Seal: %v", err)
	}
	return s, body.Bytes()
}

func (w world) half(tb testing.TB, s sealed.Sealed, msp string, pair []string) sealed.Share {
	tb.Helper()
	b := sealed.Binding{Channel: channel, Manifest: s.Manifest}
	h, err := b.OpenHalf(s.Envelope, w.keys[msp+".c"], msp+".c", msp, pair)
	if err != nil {
		tb.Fatalf("OpenHalf of %s: %v", msp, err)
	}
	return h
}

func (w world) runtime(tb testing.TB, s sealed.Sealed) sealed.Share {
	tb.Helper()
	id := w.plan.Runtimes[0].ID
	share, err := sealed.Binding{Channel: channel, Manifest: s.Manifest}.OpenRuntimeShare(s.Envelope, w.keys[id], id)
	if err != nil {
		tb.Fatalf("OpenRuntimeShare: %v", err)
	}
	return share
}

func plaintext(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i * 7 >> 3)
	}
	return p
}

// Property of T10: any two custodians of a pair and the runtime share rebuild the key; anything less does
// not.
func TestAnyPairOpensAndLessDoesNot(t *testing.T) {
	msps := []string{"AuditorMSP", "LicensorsMSP", "ManufacturerMSP", "OperatorMSP"}
	for n := 2; n <= len(msps); n++ {
		t.Run(fmt.Sprintf("%d custodians", n), func(t *testing.T) {
			w := newWorld(t, msps[:n]...)
			plain := plaintext(3*sealed.PackageSize + 17)
			s, body := w.seal(t, plain)
			b := sealed.Binding{Channel: channel, Manifest: s.Manifest}
			runtime := w.runtime(t, s)
			for _, pair := range sealed.Pairs(s.Manifest.Custodians) {
				lower, upper := w.half(t, s, pair[0], pair), w.half(t, s, pair[1], pair)
				if got, err := open(b, body, runtime, lower, upper); err != nil || !bytes.Equal(got, plain) {
					t.Errorf("pair %v: %d bytes, error %v; want the plaintext", pair, len(got), err)
				}
				if lower == upper {
					t.Errorf("pair %v: both halves are equal", pair)
				}
				for name, try := range map[string][3]sealed.Share{
					"lower half alone":            {runtime, lower, {}},
					"upper half alone":            {runtime, {}, upper},
					"no runtime share":            {{}, lower, upper},
					"halves doubled":              {runtime, lower, lower},
					"runtime share as the second": {runtime, lower, runtime},
				} {
					if got, err := open(b, body, try[0], try[1], try[2]); !errors.Is(err, sealed.ErrBody) ||
						len(got) != 0 {
						t.Errorf("pair %v, %s: %d bytes, error %v; want none, %v", pair, name, len(got), err,
							sealed.ErrBody)
					}
				}
			}
		})
	}
}

// Halves of different pairs don't combine: two custodians can't mix a third one's shares.
func TestHalvesOfDifferentPairsDontCombine(t *testing.T) {
	w := newWorld(t, "LicensorsMSP", "ManufacturerMSP", "OperatorMSP")
	s, body := w.seal(t, plaintext(100))
	b := sealed.Binding{Channel: channel, Manifest: s.Manifest}
	lower := w.half(t, s, "LicensorsMSP", []string{"LicensorsMSP", "ManufacturerMSP"})
	upper := w.half(t, s, "OperatorMSP", []string{"ManufacturerMSP", "OperatorMSP"})
	if _, err := open(b, body, w.runtime(t, s), lower, upper); !errors.Is(err, sealed.ErrBody) {
		t.Errorf("mixed pairs: error %v, want %v", err, sealed.ErrBody)
	}
}

func open(b sealed.Binding, body []byte, runtime, lower, upper sealed.Share) ([]byte, error) {
	r, err := b.OpenBody(bytes.NewReader(body), runtime, lower, upper)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// T11: every part of what a wrap is bound to counts.
func TestWrapOpensOnlyWhereItBelongs(t *testing.T) {
	pair := []string{"LicensorsMSP", "OperatorMSP"}
	w := newWorld(t, pair...)
	first, _ := w.seal(t, plaintext(10))
	w.plan.Salt = strings.Repeat("77", 32)
	second, _ := w.seal(t, plaintext(10))

	tests := []struct {
		name string
		edit func(b *sealed.Binding, e *sealed.Envelope, open *opener)
		want error
	}{
		{"as sealed", func(*sealed.Binding, *sealed.Envelope, *opener) {}, nil},
		{"lifted into another dataset", func(_ *sealed.Binding, e *sealed.Envelope, _ *opener) {
			e.Wraps = second.Envelope.Wraps
		}, sealed.ErrWrap},
		{"envelope of another dataset", func(_ *sealed.Binding, e *sealed.Envelope,
			_ *opener,
		) {
			*e = second.Envelope
		}, sealed.ErrEnvelope},
		{
			"other channel", func(b *sealed.Binding, _ *sealed.Envelope, _ *opener) { b.Channel = "shadow" },
			sealed.ErrWrap,
		},
		{"other version", func(b *sealed.Binding, e *sealed.Envelope, _ *opener) {
			b.Manifest.Version,
				e.Version = 2, 2
		}, sealed.ErrWrap},
		{"other licensor", func(b *sealed.Binding, _ *sealed.Envelope, _ *opener) {
			b.Manifest.Licensor.Party = "LicensorsMSP.ffffffffffffffff"
		}, sealed.ErrWrap},
		{"other licensor's home", func(b *sealed.Binding, _ *sealed.Envelope,
			_ *opener,
		) {
			b.Manifest.Licensor.MSP = "OperatorMSP"
		}, sealed.ErrWrap},
		{"other custodian's key", func(_ *sealed.Binding, _ *sealed.Envelope,
			o *opener,
		) {
			o.key = w.keys["OperatorMSP.c"]
		}, sealed.ErrWrap},
		{"renamed recipient", func(_ *sealed.Binding, e *sealed.Envelope, o *opener) {
			o.recipient = "LicensorsMSP.d"
			e.Wraps[0].Recipient = "LicensorsMSP.d"
		}, sealed.ErrWrap},
		{"no such pair", func(_ *sealed.Binding, _ *sealed.Envelope,
			o *opener,
		) {
			o.pair = []string{"AuditorMSP", "OperatorMSP"}
		}, sealed.ErrWrap},
		{
			"wrong holder", func(_ *sealed.Binding, _ *sealed.Envelope, o *opener) { o.holder = "OperatorMSP" },
			sealed.ErrCommitment,
		},
		{"another commitment", func(b *sealed.Binding, _ *sealed.Envelope, _ *opener) {
			b.Manifest.Commitments = slices.Clone(b.Manifest.Commitments)
			for i := range b.Manifest.Commitments {
				b.Manifest.Commitments[i].Hash = strings.Repeat("0", 64)
			}
		}, sealed.ErrCommitment},
		{"no commitment", func(b *sealed.Binding, _ *sealed.Envelope,
			_ *opener,
		) {
			b.Manifest.Commitments = nil
		}, sealed.ErrCommitment},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := sealed.Binding{Channel: channel, Manifest: first.Manifest}
			e := first.Envelope
			e.Wraps = slices.Clone(e.Wraps)
			o := &opener{
				key: w.keys["LicensorsMSP.c"], recipient: "LicensorsMSP.c", holder: "LicensorsMSP",
				pair: pair,
			}
			tt.edit(&b, &e, o)
			share, err := b.OpenHalf(e, o.key, o.recipient, o.holder, o.pair)
			if !errors.Is(err, tt.want) {
				t.Fatalf("OpenHalf: error %v, want %v", err, tt.want)
			}
			if err != nil && share != (sealed.Share{}) {
				t.Error("a refused half left the package")
			}
		})
	}
}

type opener struct {
	key       hpke.PrivateKey
	recipient string
	holder    string
	pair      []string
}

func TestSealRefusesPlansThatCantBeOpened(t *testing.T) {
	tests := []struct {
		name string
		edit func(*sealed.Plan)
		want error
	}{
		{"one custodian", func(p *sealed.Plan) { p.Custodians = p.Custodians[:1] }, sealed.ErrRecipient},
		{
			"one partner twice", func(p *sealed.Plan) { p.Custodians[1].MSP = p.Custodians[0].MSP },
			sealed.ErrRecipient,
		},
		{"no runtime", func(p *sealed.Plan) { p.Runtimes = nil }, sealed.ErrRecipient},
		{
			"runtime as custodian", func(p *sealed.Plan) { p.Custodians[0].Role = sealed.RoleRuntime },
			sealed.ErrRecipient,
		},
		{
			"custodian as runtime", func(p *sealed.Plan) { p.Runtimes[0].Role = sealed.RoleCustodian },
			sealed.ErrRecipient,
		},
		{"short key", func(p *sealed.Plan) { p.Custodians[0].Key = p.Custodians[0].Key[1:] }, sealed.ErrRecipient},
		{"no channel", func(p *sealed.Plan) { p.Channel = "" }, sealed.ErrRecipient},
		{"version 0", func(p *sealed.Plan) { p.Version = 0 }, sealed.ErrRecipient},
		{"short salt", func(p *sealed.Plan) { p.Salt = "5a" }, sealed.ErrKey},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "LicensorsMSP", "OperatorMSP")
			tt.edit(&w.plan)
			if _, err := sealed.Seal(io.Discard, strings.NewReader("x"), w.plan, rand.Reader); !errors.Is(err,
				tt.want) {
				t.Errorf("Seal: error %v, want %v", err, tt.want)
			}
		})
	}
	t.Run("empty body", func(t *testing.T) {
		w := newWorld(t, "LicensorsMSP", "OperatorMSP")
		if _, err := sealed.Seal(io.Discard, strings.NewReader(""), w.plan, rand.Reader); !errors.Is(err,
			sealed.ErrEmpty) {
			t.Errorf("Seal: error %v, want %v", err, sealed.ErrEmpty)
		}
	})
	t.Run("source fails", func(t *testing.T) {
		w := newWorld(t, "LicensorsMSP", "OperatorMSP")
		boom := errors.New("boom")
		if _, err := sealed.Seal(io.Discard, iotest.ErrReader(boom), w.plan, rand.Reader); !errors.Is(err, boom) {
			t.Errorf("Seal: error %v, want %v", err, boom)
		}
	})
}

func TestSecretsDontPrint(t *testing.T) {
	s := sealed.Share{0xde, 0xad, 0xbe, 0xef}
	k := sealed.Key{0xde, 0xad, 0xbe, 0xef}
	for _, verb := range []string{"%v", "%+v", "%#v", "%x", "%X", "%s", "%q", "%d"} {
		if got := fmt.Sprintf(verb+" "+verb, s, k); !strings.Contains(got, "hidden") ||
			strings.Contains(got, "222") || strings.Contains(strings.ToLower(got), "dead") {
			t.Errorf("%s prints %q", verb, got)
		}
	}
	s.Wipe()
	k.Wipe()
	if s != (sealed.Share{}) || k != (sealed.Key{}) {
		t.Error("Wipe left bytes")
	}
}

// The licensor's browser seals with this very package.
func TestBuildsForWebAssembly(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull,
		"github.com/guildmark/guildmark/chaincode/sealed")
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build for js/wasm: %v\n%s", err, out)
	}
}
