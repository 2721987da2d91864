package contract

import (
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/state"
)

// TestOneFunctionAName: a table with two rows of one name is a defect that the program must not start with.
func TestOneFunctionAName(t *testing.T) {
	if _, err := index(Functions()); err != nil {
		t.Error(err)
	}
	twice := append(Functions(), state.Function{Name: "orders:Settle"})
	if _, err := index(twice); err == nil || !strings.Contains(err.Error(), "orders:Settle") {
		t.Errorf("got %v", err)
	}
}
