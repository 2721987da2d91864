package meter_test

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/meter"
)

func TestFromView(t *testing.T) {
	text := base64.StdEncoding.EncodeToString([]byte("bytes"))
	answer := func(msp string, number int) grant.Answer {
		return grant.Answer{
			License: licenseID, Number: number, MSP: msp, Signature: text, Public: text,
			Duplicate: text, Seed: text,
		}
	}
	good := func() grant.View {
		return grant.View{
			Grant:   grant.Grant{License: licenseID, Number: 2, Nonce: text, Limit: 3, Pair: []string{"A", "C"}},
			Answers: []grant.Answer{answer("C", 2), answer("A", 1), answer("A", 2)},
		}
	}
	for _, c := range []struct {
		name   string
		change func(*grant.View)
		ok     bool
		blobs  int
	}{
		{"good", func(*grant.View) {}, true, 2},
		{"a close brings no halves", func(v *grant.View) { v.Grant.Limit = 0 }, true, 0},
		{"one answer is missing", func(v *grant.View) { v.Answers = v.Answers[:2] }, false, 0},
		{"an answer to another grant", func(v *grant.View) { v.Answers[0].Number = 1 }, false, 0},
		{"a pair of one", func(v *grant.View) { v.Grant.Pair = v.Grant.Pair[:1] }, false, 0},
		{"a stranger in the pair", func(v *grant.View) { v.Grant.Pair[1] = "X" }, false, 0},
		{"nonce not base64", func(v *grant.View) { v.Grant.Nonce = "!" }, false, 0},
		{"signature not base64", func(v *grant.View) { v.Answers[0].Signature = "!" }, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := good()
			c.change(&v)
			g, err := meter.FromView(v, []string{"A", "B", "C"})
			if (err == nil) != c.ok {
				t.Fatalf("got %v, want success %v", err, c.ok)
			}
			if c.ok && (g.Pair != [2]int{0, 2} || len(g.Blobs) != c.blobs || string(g.Signatures[1]) != "bytes") {
				t.Errorf("got %+v", g)
			}
		})
	}
}

func FuzzStateFile(f *testing.F) {
	f.Add([]byte(`{"format":"guildmark/meter/1","meter":"AAAA","handle":25166336,"custodians":[],"keys":{}}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "meter.json")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := meter.Open(nil, path) // asks the TPM nothing
		if err == nil && m.Index().Handle < tpmpolicy.FirstIndexHandle {
			t.Errorf("opened a meter at 0x%x", m.Index().Handle)
		}
	})
}

func TestMissingStateIsSaid(t *testing.T) {
	if _, err := meter.Open(nil, filepath.Join(t.TempDir(), "none")); err == nil || errors.Is(err, os.ErrExist) {
		t.Errorf("got %v", err)
	}
}
