package licensor_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
	"github.com/guildmark/guildmark/gateway/licensor"
)

var who = dataset.Licensor{MSP: "LicensorsMSP", Party: "LicensorsMSP.0123456789abcdef"}

// recipients are two custodians and two runtimes with real keys.
func recipients(t *testing.T) []consortium.Recipient {
	t.Helper()
	key := func() string {
		seed := make([]byte, sealed.SeedSize)
		_, _ = rand.Read(seed)
		k, err := sealed.PrivateKey(seed)
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(k.PublicKey().Bytes())
	}
	custodian := func(msp string) consortium.Recipient {
		return consortium.Recipient{
			Format: consortium.RecipientFormat, ID: msp + ".00000000000000cc",
			Role: "custodian", MSP: msp, Party: msp + ".00000000000000cc", Version: 1, HPKE: key(), GrantKey: "AAAA",
		}
	}
	runtime := func(assurance string) consortium.Recipient {
		return consortium.Recipient{
			Format: consortium.RecipientFormat, ID: "ManufacturerMSP.runtime.mixer." +
				assurance, Role: "runtime", MSP: "ManufacturerMSP", Version: 1, HPKE: key(), Line: "mixer",
			Assurance: assurance,
		}
	}
	return []consortium.Recipient{
		custodian("LicensorsMSP"), runtime("tpm"), runtime("vtpm"),
		custodian("OperatorMSP"),
	}
}

// T3: recipients count only when peers of enough partners of the licensor's own bundle signed them, now.
func TestRecipientsAreVerified(t *testing.T) {
	now := time.Now()
	ours, err := signedtest.New(now)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := signedtest.New(now)
	if err != nil {
		t.Fatal(err)
	}
	body := signed.RecipientsBody{Recipients: recipients(t)}
	ask := func(c *signedtest.Consortium, edit func(string) string, partners ...string) licensor.Ask {
		return func(_ context.Context, nonce string) ([]byte, error) {
			peers, err := c.Peers(partners...)
			if err != nil {
				return nil, err
			}
			return c.File(signedtest.Deed{
				Answer: signedtest.RecipientsAnswer(ours.Bundle, edit(nonce), now.Unix(), body), Signers: peers,
			})
		}
	}
	same := func(nonce string) string { return nonce }
	tests := []struct {
		name string
		ask  licensor.Ask
		want error
	}{
		{"two partners", ask(ours, same, signedtest.Operator, signedtest.Manufacturer), nil},
		{"one partner", ask(ours, same, signedtest.Operator), signed.ErrQuorum},
		{"another consortium", ask(theirs, same, signedtest.Operator, signedtest.Manufacturer), signed.ErrSignature},
		{"an old answer", ask(ours, func(string) string { return strings.Repeat("ab", 32) },
			signedtest.Operator, signedtest.Manufacturer), signed.ErrNonce},
		{"nonsense", func(context.Context, string) ([]byte, error) { return []byte("{}"), nil }, signed.ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list, err := licensor.Recipients(t.Context(), ours.Bundle, tt.ask)
			// its certificates aren't under our roots: which check says so is package signed's
			if tt.name == "another consortium" {
				if err == nil {
					t.Fatal("accepted")
				}
				return
			}
			if !errors.Is(err, tt.want) || (err == nil) != (len(list) == 4) {
				t.Errorf("%d recipients, error %v; want %v", len(list), err, tt.want)
			}
		})
	}
}

func request(t *testing.T) licensor.SealRequest {
	t.Helper()
	return licensor.SealRequest{
		Data: filepath.Join(fixtures, "marble-cloud.jsonl"), Profile: "beverage/1", Title: "Marble Cloud",
		Licensor: who, Channel: "guildmark",
		Choice: licensor.Choice{
			Custodians: []string{"OperatorMSP", "LicensorsMSP"},
			Lines:      []string{"mixer"}, Assurance: []string{"tpm", "vtpm"},
		},
		Recipients: recipients(t), Folder: filepath.Join(t.TempDir(), "sealed"),
	}
}

func TestSealWritesAFolder(t *testing.T) {
	r := request(t)
	f, err := licensor.Seal(r)
	if err != nil {
		t.Fatal(err)
	}
	again, err := licensor.OpenFolder(r.Folder)
	if err != nil || again.Manifest.Dataset != f.Manifest.Dataset {
		t.Fatalf("OpenFolder: %v", err)
	}
	m := f.Manifest
	if m.Technology != "beverage" || m.Profile != "beverage/1" || len(m.Commitments) != 3 ||
		len(f.Envelope.Wraps) != 4 || m.Size < 3*sealed.PackageSize {
		t.Errorf("manifest %+v, %d wraps", m, len(f.Envelope.Wraps))
	}
	plain, err := os.ReadFile(r.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{licensor.ManifestFile, licensor.EnvelopeFile, licensor.BodyFile} {
		raw, err := os.ReadFile(filepath.Join(r.Folder, name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, plain[:100]) || bytes.Contains(raw, []byte("blackberry")) {
			t.Errorf("%s holds plaintext", name)
		}
	}
	second := request(t)
	second.Recipients, second.Previous = r.Recipients, &m
	next, err := licensor.Seal(second)
	if err != nil || next.Manifest.Dataset != m.Dataset || next.Manifest.Version != 2 {
		t.Errorf("the next version: %s version %d, %v", next.Manifest.Dataset, next.Manifest.Version, err)
	}
}

func TestSealRefuses(t *testing.T) {
	tests := []struct {
		name string
		edit func(*licensor.SealRequest)
		want error
	}{
		{
			"data that breaks its profile",
			func(r *licensor.SealRequest) { r.Data = filepath.Join(fixtures, "busted_timing.jsonl") },
			licensor.ErrProfile,
		},
		{"unknown profile", func(r *licensor.SealRequest) { r.Profile = "laser/1" }, licensor.ErrProfile},
		{"no such custodian", func(r *licensor.SealRequest) {
			r.Choice.Custodians = []string{
				"OperatorMSP",
				"AuditorMSP",
			}
		}, licensor.ErrRecipients},
		{
			"one custodian", func(r *licensor.SealRequest) { r.Choice.Custodians = []string{"OperatorMSP"} },
			sealed.ErrRecipient,
		},
		{
			"no such line", func(r *licensor.SealRequest) { r.Choice.Lines = []string{"printer"} },
			licensor.ErrRecipients,
		},
		{"no runtime of this class", func(
			r *licensor.SealRequest,
		) {
			r.Choice.Assurance = []string{"software"}
		}, licensor.ErrRecipients},
		{"key that is none", func(r *licensor.SealRequest) { r.Recipients[0].HPKE = "AAAA" }, sealed.ErrRecipient},
		{
			"folder that exists", func(r *licensor.SealRequest) { r.Folder = filepath.Dir(r.Folder) },
			licensor.ErrFolder,
		},
		{"no such data", func(r *licensor.SealRequest) { r.Data += "x" }, os.ErrNotExist},
		{"another licensor's dataset", func(
			r *licensor.SealRequest,
		) {
			r.Previous = &dataset.Manifest{Version: 1}
		}, licensor.ErrIdentity},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t)
			tt.edit(&r)
			if _, err := licensor.Seal(r); !errors.Is(err, tt.want) {
				t.Errorf("Seal: error %v, want %v", err, tt.want)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(r.Folder), ".sealing-*")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestOpenFolderRefusesWhatWasChanged(t *testing.T) {
	tests := map[string]func(dir string) error{
		"body cut":    func(dir string) error { return os.Truncate(filepath.Join(dir, licensor.BodyFile), 100) },
		"no body":     func(dir string) error { return os.Remove(filepath.Join(dir, licensor.BodyFile)) },
		"no envelope": func(dir string) error { return os.Remove(filepath.Join(dir, licensor.EnvelopeFile)) },
		"envelope of spaces": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, licensor.EnvelopeFile), []byte(" "), 0o600)
		},
		"manifest with another licensor": func(dir string) error {
			path := filepath.Join(dir, licensor.ManifestFile)
			raw, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, bytes.Replace(raw, []byte("0123456789abcdef"), []byte("ffffffffffffffff"),
				1), 0o600)
		},
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			r := request(t)
			if _, err := licensor.Seal(r); err != nil {
				t.Fatal(err)
			}
			if err := spoil(r.Folder); err != nil {
				t.Fatal(err)
			}
			var refusal *ledger.Refusal
			if _, err := licensor.OpenFolder(r.Folder); !errors.As(err, &refusal) {
				t.Errorf("OpenFolder: error %v, want a refusal", err)
			}
		})
	}
}

func firstOffer() offer.Request {
	return offer.Request{
		Key: "first", Model: offer.Model{Kind: "uses", Uses: 3}, Price: 25_000, Assurance: []string{"vtpm"},
		Contributors: []royalty.Contributor{
			{Payee: "LicensorsMSP.00000000000000aa", Weight: 2},
			{Payee: "LicensorsMSP.00000000000000bb", Weight: 1},
		},
	}
}

func nextOffer() offer.Request {
	o := firstOffer()
	o.Key = "second"
	return o
}

// next seals the version after f.
func next(t *testing.T, r licensor.SealRequest, f licensor.Folder) licensor.Folder {
	t.Helper()
	r.Previous, r.Folder = &f.Manifest, filepath.Join(t.TempDir(), "next")
	sealed, err := licensor.Seal(r)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestPublish(t *testing.T) {
	sealing := request(t)
	f, err := licensor.Seal(sealing)
	if err != nil {
		t.Fatal(err)
	}
	b, p := newBook(t)
	b.lag = 1 // the read model follows a moment later
	var steps []string
	p.Progress = func(step, _ string) { steps = append(steps, step) }
	o, err := p.Publish(t.Context(), f, firstOffer())
	if err != nil {
		t.Fatal(err)
	}
	if o.Dataset != f.Manifest.Dataset || o.Price != 25_000 || !b.stored[f.Manifest.BodyHash] {
		t.Errorf("offer %+v, body stored %v", o, b.stored[f.Manifest.BodyHash])
	}
	if got := strings.Join(steps, " "); got != "published uploaded uploaded custodian custodian final offered" {
		t.Errorf("steps: %s", got)
	}
	// A run that was cut off anywhere is simply repeated.
	again, err := p.Publish(t.Context(), f, firstOffer())
	if err != nil || again.ID != o.ID {
		t.Errorf("again: offer %s, %v", again.ID, err)
	}
	// The next version, sealed twice: whichever comes second is other bytes under a name that is taken.
	first, second := next(t, sealing, f), next(t, sealing, f)
	b.appoint()
	if _, err := p.Publish(t.Context(), first, nextOffer()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Publish(t.Context(), second, nextOffer()); !errors.Is(err, dataset.ErrPublished) {
		t.Errorf("other bytes under the same name: error %v, want %v", err, dataset.ErrPublished)
	}
}
