package audit

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
)

const frozenDir = "testdata/lifecycle"

func frozen(tb testing.TB) map[string][]byte {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join(frozenDir, "*.block"))
	if err != nil || len(names) != 3 {
		tb.Fatalf("frozen blocks: %v, %v", names, err)
	}
	out := map[string][]byte{}
	for _, n := range names {
		raw, err := os.ReadFile(n)
		if err != nil {
			tb.Fatal(err)
		}
		out[filepath.Base(n)] = raw
	}
	return out
}

// The first blocks of a real network: configuration and chaincode definition, without a transaction of the contracts.
func TestFrozenBlocks(t *testing.T) {
	r, err := Replay(frozenDir, Config{Genesis: "85b2a7e1225916e548e309d22633f3416f4211a0194023be3cd4fc433fd6e8ab"})
	if err != nil || !r.OK {
		t.Fatalf("got %+v, %v", r.Findings, err)
	}
	if r.Blocks != 3 || r.Transactions != (Counts{All: 5, Valid: 5, Configurations: 1, Definitions: 4}) {
		t.Errorf("got %+v", r)
	}
}

// Every 97th byte of each, in turn; the live test flips a ledger with sales of today's contracts.
func TestFlipsInFrozenBlocks(t *testing.T) {
	dir, blocks := t.TempDir(), frozen(t)
	put := func(name string, raw []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, raw := range blocks {
		put(name, raw)
	}
	for name, raw := range blocks {
		for i := 0; i < len(raw); i += 97 {
			bad := bytes.Clone(raw)
			bad[i] ^= 1 << (i % 8)
			put(name, bad)
			if r, err := Replay(dir, Config{}); err != nil || r.OK {
				t.Errorf("%s byte %d changed: got %+v, %v", name, i, r.Findings, err)
			}
		}
		put(name, raw)
	}
}

// Whatever lies in a copied block, the readers come to a verdict.
func FuzzTransaction(f *testing.F) {
	for _, raw := range frozen(f) {
		var b common.Block
		if err := strict(raw, &b); err != nil {
			f.Fatal(err)
		}
		for _, tx := range b.GetData().GetData() {
			f.Add(tx)
		}
	}
	conf := &configuration{msps: map[string]*membership{}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		tx, e, err := readTransaction(raw)
		if err != nil {
			return
		}
		if _, err := conf.checkCreator(tx, e); err == nil {
			t.Fatal("a creator of no MSP was accepted")
		}
		if tx.isConfig() {
			if c, err := readConfiguration(tx.payload); err == nil && c.quorum() < 1 {
				t.Fatal("a configuration without a quorum")
			}
			return
		}
		if conf.readAction(tx) == nil && (policies{}).check(tx, conf) == nil {
			t.Fatal("endorsements of nobody satisfied a policy")
		}
	})
}
