package market

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

func TestRefusalsOfServers(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		code   string
		kind   ledger.Kind
	}{
		{
			"a problem with the ledger's code", 409,
			`{"type":"x","title":"Conflict","status":409,"code":"grant.open","saw":"7"}`, "grant.open",
			ledger.Conflict,
		},
		{
			"a problem with its kind", 400, `{"code":"clock.stale","kind":"Unavailable"}`, "clock.stale",
			ledger.Unavailable,
		},
		{"an expired thing", 410, `{"code":"order.expired"}`, "order.expired", ledger.Expired},
		{
			"an OAuth error", 401, `{"error":"invalid_client","error_description":"no"}`, "oauth.invalid_client",
			ledger.Forbidden,
		},
		{"a proxy's page", 502, `<html>`, "machine.answer", ledger.Unavailable},
		{"sent elsewhere", 302, ``, "machine.answer", ledger.Unavailable},
		{"not JSON", 200, `<html>`, "machine.answer", ledger.Unavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "https://elsewhere.example/")
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}))
			defer server.Close()
			c, err := newClient(Server{URL: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			var out struct{}
			err = c.get(t.Context(), "/", &out)
			var got *ledger.Refusal
			if !errors.As(err, &got) || got.Code != tt.code || got.Kind != tt.kind {
				t.Errorf("got %v, want %s of kind %s", err, tt.code, tt.kind)
			}
		})
	}
}
