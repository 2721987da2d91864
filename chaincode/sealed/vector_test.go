package sealed_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/sealed"
)

// The vectors come from Python's hmac and hashlib, by the formulas of RFC 5869 and of the ledger's document;
// see the comment at each.
func TestContentKeyVector(t *testing.T) {
	var runtime, license sealed.Share
	for i := range runtime {
		runtime[i], license[i] = byte(i), byte(100+i)
	}
	// prk = HMAC(32 zero bytes, runtime || license); key = HMAC(prk, "guildmark/content/1|" + "ab" * 32 +
	// "|7" + 0x01)
	const want = "18382aa1653985508dd2df207d0fe652e1ce043e246a76dfa03eb942bc3bb76f"
	key, err := sealed.ContentKey(strings.Repeat("ab", 32), 7, runtime, license)
	if err != nil || hex.EncodeToString(key[:]) != want {
		t.Errorf("content key %x, %v; want %s", key[:], err, want)
	}
}

func TestCommitmentVector(t *testing.T) {
	var half sealed.Share
	for i := range half {
		half[i] = byte(i)
	}
	// SHA-256 over each part after its length in 8 big-endian bytes: "guildmark/commitment/1", "ab" * 32,
	// "7", "half", "AMSP,BMSP", "BMSP", "000102...1f"
	const want = "e19fce2dffde3621ecb0bf887de07fe69122f88848ad47ecf7fe2c43625f291b"
	c := sealed.Commit(strings.Repeat("ab", 32), 7, dataset.ShareHalf, []string{"AMSP", "BMSP"}, "BMSP", half)
	if c.Hash != want {
		t.Errorf("commitment %s, want %s", c.Hash, want)
	}
}
