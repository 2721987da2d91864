package ledger_test

import (
	"encoding/base64"
	"errors"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

func TestBase64HasOneForm(t *testing.T) {
	for _, bad := range []string{"QQ", "QR==", "QQ==\n", "Q\nQ==", "\r\nQQ==", "QQ== ", "-_==", "QQ===", "!"} {
		if got, err := ledger.Base64(bad); !errors.Is(err, ledger.ErrBase64) {
			t.Errorf("%q: got %q, %v", bad, got, err)
		}
	}
	for n := range 8 {
		text := base64.StdEncoding.EncodeToString(make([]byte, n))
		if got, err := ledger.Base64(text); err != nil || len(got) != n {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
}
