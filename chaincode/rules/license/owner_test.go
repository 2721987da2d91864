package license_test

import (
	"errors"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/license"
)

func TestOwner(t *testing.T) {
	l := license.License{Buyer: "OperatorMSP.0123456789abcdef"}
	if err := l.CheckOwner(l.Buyer); err != nil {
		t.Error(err)
	}
	for _, other := range []string{"", "OperatorMSP", "OperatorMSP.ffffffffffffffff"} {
		if err := l.CheckOwner(other); !errors.Is(err, license.ErrOwner) {
			t.Errorf("%q: got %v, want %v", other, err, license.ErrOwner)
		}
	}
}
