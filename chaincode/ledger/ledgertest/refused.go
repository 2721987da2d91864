// Package ledgertest compares refusals in the tests of the ledger's rules.
//
// Does not compare sentences: they may change, codes and the fields that were seen may not.
package ledgertest

import (
	"errors"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Refused compares an error with the refusal that is wanted (nil: none) and a part of what it must name as
// seen.
func Refused(t *testing.T, err error, want *ledger.Refusal, saw string) {
	t.Helper()
	if want == nil {
		if err != nil {
			t.Errorf("got %v, want no error", err)
		}
		return
	}
	var r *ledger.Refusal
	if !errors.As(err, &r) || !errors.Is(err, want) || !strings.Contains(r.Saw, saw) {
		t.Errorf("got %v, want %s that saw %q", err, want.Code, saw)
	}
}
