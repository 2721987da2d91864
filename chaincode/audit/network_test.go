package audit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"google.golang.org/protobuf/proto"

	"github.com/guildmark/guildmark/chaincode/audit"
	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
	"github.com/guildmark/guildmark/network/networktest"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/topology"
)

func TestMain(m *testing.M) { networktest.Main(m) }

var copied struct {
	once   sync.Once
	blocks map[string][]byte // file name to bytes
	err    error
}

// ledgerCopy copies a real ledger once, and gives each test a folder of its own with it.
func ledgerCopy(t *testing.T) string {
	t.Helper()
	conn := networktest.Network(t).Connection
	copied.once.Do(func() { copied.err = makeCopy(context.WithoutCancel(t.Context()), conn) })
	if copied.err != nil {
		t.Fatal(copied.err)
	}
	dir := t.TempDir()
	for name, raw := range copied.blocks {
		write(t, filepath.Join(dir, name), raw)
	}
	return dir
}

func makeCopy(ctx context.Context, conn topology.Connection) error {
	if err := play.Govern(ctx, conn); err != nil {
		return err
	}
	file := filepath.Join(conn.Directory, "connection.json")
	for range 2 { // all partners at once: one wins, the others' transactions stand in the block as invalid
		if err := race(ctx, conn, file); err != nil {
			return err
		}
	}
	reader, err := client.Open(file, filepath.Join(conn.Directory, "auditor", "identities", "auditor"),
		client.Config{})
	if err != nil {
		return err
	}
	defer reader.Close()
	dir, err := os.MkdirTemp("", "guildmark-copy-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if _, err := audit.Copy(ctx, reader, dir); err != nil {
		return err
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.block"))
	copied.blocks = map[string][]byte{}
	for _, n := range names {
		raw, readErr := os.ReadFile(n)
		err = errors.Join(err, readErr)
		copied.blocks[filepath.Base(n)] = raw
	}
	return err
}

// race lets every partner's heartbeat tick at the same moment.
func race(ctx context.Context, conn topology.Connection, file string) error {
	errs := make(chan error, len(conn.Peers))
	for _, p := range conn.Peers {
		go func() {
			beat, err := client.Open(file, filepath.Join(conn.Directory, p.Partner, "identities", "heartbeat"),
				client.Config{})
			if err != nil {
				errs <- err
				return
			}
			_, err = beat.Submit(ctx, "governance:Tick", strconv.FormatInt(time.Now().Unix(), 10))
			var known *ledger.Refusal
			if errors.As(err, &known) && known.Kind == ledger.Conflict {
				err = nil
			}
			errs <- errors.Join(err, beat.Close())
		}()
	}
	var err error
	for range conn.Peers {
		err = errors.Join(err, <-errs)
	}
	return err
}

func write(t *testing.T, name string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(name, raw, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRealLedgerIsInOrder(t *testing.T) {
	dir := ledgerCopy(t)
	r, err := audit.Replay(dir, audit.Config{})
	if err != nil || !r.OK {
		t.Fatalf("got %+v, %v", r.Findings, err)
	}
	if r.Channel != "guildmark" || int(r.Blocks) != len(copied.blocks) || r.Transactions.Replayed < 5 ||
		len(r.Genesis) != 64 {
		t.Errorf("got %+v", r)
	}
	explained := 0
	for _, v := range r.Invalid {
		explained += v.Count
	}
	if c := r.Transactions; c.Valid+c.Invalid != c.All || c.Replayed+c.Configurations+c.Definitions+
		c.Others != c.Valid || explained != c.Invalid {
		t.Errorf("%+v: %d invalid ones explained, want every transaction in one place", c, explained)
	}
	var out bytes.Buffer
	if err := r.Print(&out); err != nil || !strings.Contains(out.String(), "the copy is whole") {
		t.Errorf("printed %q, %v", out.String(), err)
	}
	if r, err = audit.Replay(dir, audit.Config{Genesis: strings.Repeat("00", 32)}); err != nil || r.OK ||
		r.Findings[0].Check != audit.CheckGenesis {
		t.Errorf("another genesis: got %+v, %v", r.Findings, err)
	}
}

// One changed byte anywhere: the audit names the block, or a later one that can't follow it.
func TestFlippedBytesAreFound(t *testing.T) {
	dir := ledgerCopy(t)
	for name, raw := range copied.blocks {
		number, err := strconv.ParseUint(strings.TrimSuffix(name, ".block"), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		for k := range 8 {
			i := (len(raw) - 1) * k / 7 // from the first byte to the last
			bad := bytes.Clone(raw)
			bad[i] ^= 1 << (k % 8)
			write(t, filepath.Join(dir, name), bad)
			r, err := audit.Replay(dir, audit.Config{})
			if err != nil || r.OK || len(r.Findings) != 1 {
				t.Errorf("%s byte %d: got %+v, %v", name, i, r.Findings, err)
				continue
			}
			if f := r.Findings[0]; f.Block != number && f.Block != number+1 {
				t.Errorf("%s byte %d: the finding names block %d (%v)", name, i, f.Block, f)
			}
		}
		write(t, filepath.Join(dir, name), raw)
	}
}

// alter changes the newest copied block that holds a valid transaction of a function, and gives that
// transaction's id.
func alter(t *testing.T, dir, function string, change func(*common.Block, int)) (uint64, string) {
	t.Helper()
	for n := len(copied.blocks) - 1; n > 0; n-- {
		name := fmt.Sprintf("%010d.block", n)
		var b common.Block
		if err := proto.Unmarshal(copied.blocks[name], &b); err != nil {
			t.Fatal(err)
		}
		for i, raw := range b.GetData().GetData() {
			flags := b.GetMetadata().GetMetadata()[common.BlockMetadataIndex_TRANSACTIONS_FILTER]
			if flags[i] != 0 || !bytes.Contains(raw, []byte(function)) {
				continue
			}
			id := txID(t, raw)
			change(&b, i)
			out, err := proto.MarshalOptions{Deterministic: true}.Marshal(&b)
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, name), out)
			return uint64(n), id
		}
	}
	t.Fatalf("no transaction of %s in the copy", function)
	return 0, ""
}

func txID(t *testing.T, raw []byte) string {
	t.Helper()
	var e common.Envelope
	var p common.Payload
	var h common.ChannelHeader
	if err := errors.Join(proto.Unmarshal(raw, &e), proto.Unmarshal(e.GetPayload(), &p),
		proto.Unmarshal(p.GetHeader().GetChannelHeader(), &h)); err != nil {
		t.Fatal(err)
	}
	return h.GetTxId()
}

// What somebody who can recompute hashes would try, and the check that finds it.
func TestForgeriesAreNamed(t *testing.T) {
	tests := []struct {
		name   string
		change func(*common.Block, int)
		check  string
		tx     bool // the finding names the transaction
	}{
		{"a byte of its result", func(b *common.Block, i int) {
			d := b.GetData().GetData()[i]
			d[bytes.Index(d, []byte(`{"time":`))+8] ^= 1
		}, audit.CheckData, true},
		{"marked invalid", func(b *common.Block, i int) {
			b.GetMetadata().GetMetadata()[common.BlockMetadataIndex_TRANSACTIONS_FILTER][i] = 11
		}, audit.CheckFlag, true},
		{"left out", func(b *common.Block, i int) {
			b.Data.Data = append(b.Data.Data[:i], b.Data.Data[i+1:]...)
		}, audit.CheckData, false},
		{
			"a header of another time", func(b *common.Block, _ int) { b.Header.DataHash[3] ^= 1 },
			audit.CheckData, false,
		},
		{"an orderer's signature taken away", func(b *common.Block, _ int) {
			var m common.Metadata
			raw := b.GetMetadata().GetMetadata()
			if err := proto.Unmarshal(raw[common.BlockMetadataIndex_SIGNATURES], &m); err != nil {
				panic(err)
			}
			m.Signatures = m.Signatures[:2]
			out, err := proto.MarshalOptions{Deterministic: true}.Marshal(&m)
			if err != nil {
				panic(err)
			}
			raw[common.BlockMetadataIndex_SIGNATURES] = out
		}, audit.CheckOrderers, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := ledgerCopy(t)
			block, id := alter(t, dir, "governance:Tick", tt.change)
			r, err := audit.Replay(dir, audit.Config{})
			if err != nil || len(r.Findings) != 1 {
				t.Fatalf("got %+v, %v", r.Findings, err)
			}
			f := r.Findings[0]
			if f.Check != tt.check || f.Block != block || tt.tx != (f.TxID == id) {
				t.Errorf("got %v, want %s in block %d, transaction %s: %v", f, tt.check, block, id, tt.tx)
			}
		})
	}
	t.Run("a block left out", func(t *testing.T) {
		dir := ledgerCopy(t)
		if err := os.Remove(filepath.Join(dir, "0000000002.block")); err != nil {
			t.Fatal(err)
		}
		r, err := audit.Replay(dir, audit.Config{})
		if err != nil || r.OK || r.Findings[0].Check != audit.CheckNumber || r.Findings[0].Block != 2 {
			t.Errorf("got %+v, %v", r.Findings, err)
		}
	})
	if _, err := audit.Replay(t.TempDir(), audit.Config{}); !errors.Is(err, audit.ErrFolder) {
		t.Errorf("an empty folder: got %v", err)
	}
}

// The headers of the network's own Bitcoin node, and a chain that isn't one.
func TestHeaders(t *testing.T) {
	dir := ledgerCopy(t)
	conn := networktest.Network(t).Connection
	n := conn.Bitcoin[0]
	node, err := rpc.Open(rpc.Config{
		RPC: n.RPC, Network: n.Network, Certificate: n.Certificate,
		Credentials: n.Credentials,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	f, err := audit.Headers(t.Context(), node, n.Network)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*audit.HeaderFile)
		check  string
	}{
		{"as the node has them", func(*audit.HeaderFile) {}, ""},
		{"another network", func(f *audit.HeaderFile) { f.Network = "testnet4" }, audit.CheckHeaders},
		{"a header of nothing", func(f *audit.HeaderFile) {
			f.Headers = append(f.Headers,
				strings.Repeat("00", 80))
		}, audit.CheckHeaders},
		{"not a header", func(f *audit.HeaderFile) { f.Headers = append(f.Headers, "zz") }, audit.CheckHeaders},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := f
			g.Headers = append([]string{}, f.Headers...)
			tt.change(&g)
			doc, err := json.Marshal(g)
			if err != nil {
				t.Fatal(err)
			}
			r, err := audit.Replay(dir, audit.Config{Headers: doc})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if len(r.Findings) > 0 {
				got = r.Findings[0].Check
			}
			if got != tt.check {
				t.Errorf("got %+v, want %q", r.Findings, tt.check)
			}
		})
	}
}
