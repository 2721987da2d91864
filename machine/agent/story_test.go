package agent

import (
	"errors"
	"testing"

	"guildmark/chaincode/ledger"
	"guildmark/machine/runtime"
)

// The whole way: enrol, buy, use three times, be refused by the TPM, deliver receipts.
func TestStory(t *testing.T) {
	w := newWorld(t, "sunrise.jsonl")
	s := newSite(t, w, "first").enrolled()
	h := s.bought()
	w.server.Close() // from here on there is no network
	for n := int64(1); n <= 3; n++ {
		used, err := s.agent.Use(t.Context(), h.License.ID[:8])
		if err != nil {
			t.Fatalf("use %d: %v", n, err)
		}
		if used.Count != n || used.Limit != 3 {
			t.Errorf("use %d: count %d of %d", n, used.Count, used.Limit)
		}
	}
	_, err := s.agent.Use(t.Context(), h.License.ID)
	wantCode(t, err, "tpm.auth_unavailable")
	if last := s.events[len(s.events)-1]; last.Kind != runtime.Refused {
		t.Errorf("the last event is %q, want the runtime's refusal", last.Kind)
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var r *ledger.Refusal
	if !errors.As(err, &r) || r.Code != code {
		t.Fatalf("got %v, want the refusal %s", err, code)
	}
}
