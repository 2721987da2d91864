package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestUnknownAddresses(t *testing.T) {
	w := newWorld(t)
	wants(t, w.do("GET", "/v1/nothing", ""), 404, "request.no_route")
	wants(t, w.do("DELETE", "/v1/offers", ""), 405, "request.no_method")
	wants(t, w.do("GET", "/v1/offers?curser=x", ""), 422, "request.schema")
	wants(t, w.do("GET", "/v1/offers?cursor=x&cursor=y", ""), 422, "request.schema")
	wants(t, w.do("GET", "/v1/offers/XYZ", ""), 422, "request.schema")
	wants(t, w.do("GET", "/v1/health", ""), 200, "")
	wants(t, w.do("GET", "/.well-known/oauth-protected-resource", ""), 200, "")
	wants(t, w.do("GET", "/openapi.yaml", ""), 200, "")
}

// TestPanic: a handler's panic is a 500 with the request's id, and the server lives on.
func TestPanic(t *testing.T) {
	w := newWorld(t)
	w.reader.answers["orders:Get"] = func([]string) ([]byte, error) { panic("boom") }
	rec := func() *httptest.ResponseRecorder {
		defer func() {
			if recover() != nil {
				w.reader.mu.Unlock()
			}
		}()
		return w.do("GET", "/v1/orders/"+id("order"), "", w.machineToken(), header{"X-Request-ID", "my-request-1"})
	}()
	wants(t, rec, http.StatusInternalServerError, "internal")
	if !strings.Contains(rec.Body.String(), "my-request-1") || strings.Contains(rec.Body.String(), "boom") {
		t.Fatalf("body: %s", rec.Body)
	}
}
