package api

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/guildmark/guildmark/gateway/projection"
)

// Row 18 of tests/bench/README.md: authenticated GET from the read model ÷ bare net/http with the same bytes,
// requests a second, >= 0.70; 10,000 to 100,000 offers in the catalogue: >= 0.90. Both over one kept-alive
// connection. Interleave by -count; compare within one run.

func benchGet(b *testing.B, handler http.Handler, path, authorization string) {
	b.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL+path, nil)
	must(b, err)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	for b.Loop() {
		resp, err := server.Client().Do(req)
		must(b, err)
		if resp.StatusCode != http.StatusOK {
			b.Fatalf("status %d", resp.StatusCode)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		must(b, err)
		must(b, resp.Body.Close())
	}
}

func BenchmarkRow18Floor(b *testing.B) {
	w := newWorld(b)
	w.apply(event("machine.registered", theMachine()))
	rec := w.do("GET", "/v1/machines/"+id("machine"), "", w.machineToken())
	body := rec.Body.Bytes()
	benchGet(b, http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "application/json")
		_, _ = rw.Write(body)
	}), "/v1/machines/"+id("machine"), w.machineToken().value)
}

func BenchmarkRow18Machine(b *testing.B) {
	w := newWorld(b)
	w.apply(event("machine.registered", theMachine()))
	benchGet(b, w.handler, "/v1/machines/"+id("machine"), w.machineToken().value)
}

func BenchmarkRow18Offer10k(b *testing.B)  { benchOffer(b, 10_000) }
func BenchmarkRow18Offer100k(b *testing.B) { benchOffer(b, 100_000) }

func benchOffer(b *testing.B, n int) {
	b.Helper()
	w := newWorld(b)
	var events []projection.Event
	for i := range n {
		events = append(events, event("offer.made", theOffer(fmt.Sprint(i), 1)))
		if len(events) == 200 || i == n-1 { // one batch of the projection
			w.apply(events...)
			events = events[:0]
		}
	}
	w.log.Reset()
	benchGet(b, w.handler, "/v1/offers/"+id("7"), "")
}
