package licensor_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/gateway/licensor"
)

func TestPublishSaysWhatIsMissing(t *testing.T) {
	f, err := licensor.Seal(request(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Run("custodians that never confirm", func(t *testing.T) {
		b, p := newBook(t)
		p.Store = noStore{}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := p.Publish(ctx, f, firstOffer()); !errors.Is(err, licensor.ErrNotConfirmed) {
			t.Errorf("error %v, want %v", err, licensor.ErrNotConfirmed)
		}
		if b.calls["catalogue:Offer"] != 0 {
			t.Error("it was offered before it was final")
		}
	})
	// Nothing is half published because the gateway could not be reached.
	for name, want := range map[string]struct {
		server func(http.Handler) *httptest.Server
		err    error
	}{
		"a gateway with a certificate of unknown roots": {httptest.NewTLSServer, licensor.ErrRoots},
		"a gateway that is down": {func(
			h http.Handler,
		) *httptest.Server {
			s := httptest.NewServer(h)
			s.Close()
			return s
		}, licensor.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			b, p := newBook(t)
			srv := want.server(b)
			defer srv.Close()
			store, err := licensor.NewGateway(srv.URL, "")
			if err != nil {
				t.Fatal(err)
			}
			p.Store = store
			if _, err := p.Publish(t.Context(), f, firstOffer()); !errors.Is(err, want.err) {
				t.Errorf("error %v, want %v", err, want.err)
			}
			if b.calls["catalogue:Publish"] != 0 {
				t.Error("the dataset was published before the gateway was reached")
			}
		})
	}
	t.Run("another licensor's folder", func(t *testing.T) {
		_, p := newBook(t)
		p.Licensor.Party = "LicensorsMSP.ffffffffffffffff"
		if _, err := p.Publish(t.Context(), f, firstOffer()); !errors.Is(err, licensor.ErrIdentity) {
			t.Errorf("error %v, want %v", err, licensor.ErrIdentity)
		}
	})
	t.Run("a changed body", func(t *testing.T) {
		_, p := newBook(t)
		changed := f
		changed.Path = t.TempDir()
		for _, name := range []string{licensor.EnvelopeFile, licensor.BodyFile} {
			raw, err := os.ReadFile(filepath.Join(f.Path, name))
			if err != nil {
				t.Fatal(err)
			}
			if name == licensor.BodyFile {
				raw[100] ^= 1
			}
			if err := os.WriteFile(filepath.Join(changed.Path, name), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		var refusal *ledger.Refusal
		if _, err := p.Publish(t.Context(), changed, firstOffer()); !errors.As(err, &refusal) ||
			refusal.Code != "content.hash" {
			t.Errorf("error %v, want content.hash", err)
		}
	})
}

type noStore struct{}

func (noStore) Reach(context.Context) error { return nil }

func (noStore) Put(context.Context, string, int64, func() (licensor.File, error)) error { return nil }
