package meter_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/meter"
	"github.com/guildmark/guildmark/machine/tpm"
	"github.com/guildmark/guildmark/machine/tpm/swtpm"
)

// folder holds two TPMs of one authority, made once; each test works on copies.
type folder string

var made folder

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "meter-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	made = folder(dir)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ca, err := swtpm.NewAuthority(filepath.Join(dir, "ca"))
	for _, name := range []string{"first", "second"} {
		if err == nil {
			err = ca.Make(ctx, filepath.Join(dir, name))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

const licenseID = "1111111111111111111111111111111111111111111111111111111111111111"

// bench is a machine with a meter, and the custodians who grant it limits.
type bench struct {
	t          testing.TB
	sim        *swtpm.Simulator
	conn       transport.TPMCloser
	tpm        *tpm.TPM
	path       string
	meter      *meter.Meter
	id         tpmpolicy.MeterID
	privates   []*ecdsa.PrivateKey
	custodians tpmpolicy.Custodians
	share      []byte // the license share
}

// newBench starts a copy of a TPM and makes a meter of two or more custodians.
func newBench(tb testing.TB, name string, custodians int) *bench {
	tb.Helper()
	b := &bench{
		t: tb, path: filepath.Join(tb.TempDir(), "meter.json"),
		id: tpmpolicy.Meter("machine", "dataset", "terms"),
	}
	dir := tb.TempDir()
	if err := swtpm.Clone(filepath.Join(string(made), name), dir); err != nil {
		tb.Fatal(err)
	}
	var err error
	if b.sim, err = swtpm.Start(tb.Context(), dir); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		b.hangUp()
		if err := b.sim.Stop(context.Background()); err != nil {
			tb.Error(err)
		}
	})
	for range custodians {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			tb.Fatal(err)
		}
		b.privates, b.custodians = append(b.privates, k), append(b.custodians, &k.PublicKey)
	}
	b.share = bytes.Repeat([]byte{0xC5}, 32)
	b.dial()
	if b.tpm, err = tpm.Provision(b.conn); err != nil {
		tb.Fatal(err)
	}
	if b.meter, err = meter.Create(b.tpm, b.path, b.id, b.custodians); err != nil {
		tb.Fatal(err)
	}
	return b
}

func (b *bench) dial() {
	b.t.Helper()
	c, err := tpm.Dial(b.t.Context(), b.sim.Address())
	if err != nil {
		b.t.Fatal(err)
	}
	b.conn = c
}

func (b *bench) hangUp() {
	if b.conn != nil {
		_ = b.conn.Close()
		b.conn = nil
	}
}

// reopen is a new process: it has the TPM and the state file, nothing else.
func (b *bench) reopen() {
	b.t.Helper()
	b.hangUp()
	b.dial()
	m, err := meter.Open(b.conn, b.path)
	if err != nil {
		b.t.Fatal(err)
	}
	b.meter = m
	if b.tpm, err = tpm.Attach(b.conn, b.tpm.Keys()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) reboot() {
	b.t.Helper()
	b.hangUp()
	if err := b.sim.Reboot(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	b.reopen()
}

func (b *bench) powerCut() {
	b.t.Helper()
	b.hangUp()
	if err := b.sim.PowerCut(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	b.reopen()
}

// grant is what honest custodians answer to a request: they check the attestations, sign the limit and wrap
// halves.
func (b *bench) grant(r meter.Request, limit int64, i, j int, written bool) meter.Grant {
	b.t.Helper()
	keys := b.tpm.Keys()
	signer, err := tpmpolicy.NewSigner(keys.AK, keys.SRK)
	if err != nil {
		b.t.Fatal(err)
	}
	extra := tpmpolicy.GrantDigest(r.License, r.Nonce, r.Index.Name(false))
	c, err := signer.Counter(r.Counter, tpmpolicy.CounterName(), extra[:])
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := signer.Time(r.Time, extra[:]); err != nil {
		b.t.Fatal(err)
	}
	write := r.Index.FirstLimit
	if written {
		write = r.Index.NewLimit
	}
	w, err := write(limit)
	if err != nil {
		b.t.Fatal(err)
	}
	g := meter.Grant{License: r.License, Nonce: r.Nonce, Limit: limit, Pair: [2]int{i, j}}
	for n, place := range g.Pair {
		g.Signatures[n] = b.sign(b.privates[place], w, r.Nonce)
	}
	half := make([]byte, len(b.share))
	if _, err := rand.Read(half); err != nil {
		b.t.Fatal(err)
	}
	other := make([]byte, len(half))
	for n := range half {
		other[n] = half[n] ^ b.share[n]
	}
	use, err := tpmpolicy.UsePolicy(tpmpolicy.CounterName(), c, r.Index, b.id)
	if err != nil {
		b.t.Fatal(err)
	}
	counter, err := tpmpolicy.CounterPolicy(tpmpolicy.CounterName(), c)
	if err != nil {
		b.t.Fatal(err)
	}
	g.Blobs = []tpmpolicy.Blob{b.wrap(half, use), b.wrap(other, counter)}
	return g
}

func (b *bench) sign(k *ecdsa.PrivateKey, w tpmpolicy.Write, nonce []byte) []byte {
	b.t.Helper()
	digest, err := w.Digest(nonce, b.id)
	if err != nil {
		b.t.Fatal(err)
	}
	sig, err := ecdsa.SignASN1(rand.Reader, k, digest[:])
	if err != nil {
		b.t.Fatal(err)
	}
	if err := tpmpolicy.VerifyLimit(&k.PublicKey, digest, sig); err != nil {
		b.t.Fatal(err)
	}
	return sig
}

func (b *bench) wrap(secret []byte, policy tpmpolicy.Digest) tpmpolicy.Blob {
	b.t.Helper()
	blob, err := tpmpolicy.Wrap(rand.Reader, secret, b.tpm.Keys().SRK, policy)
	if err != nil {
		b.t.Fatal(err)
	}
	return blob
}

func (b *bench) request() meter.Request {
	b.t.Helper()
	r, err := b.meter.Request(licenseID)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// granted is the honest way to a meter with a limit; it gives the grant that was used.
func (b *bench) granted(limit int64) meter.Grant {
	b.t.Helper()
	g := b.grant(b.request(), limit, 0, 1, false)
	if err := b.meter.Apply(g); err != nil {
		b.t.Fatal(err)
	}
	return g
}

// use opens the share once and checks it.
func (b *bench) use() {
	b.t.Helper()
	s, err := b.meter.Use()
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if !bytes.Equal(s.Bytes(), b.share) {
		b.t.Fatal("got another license share")
	}
}

// refused wants a refusal by the TPM with this code, and not for want of room.
func (b *bench) refused(err error, code error) {
	b.t.Helper()
	wantRefused(b.t, err, code)
	b.noLeak()
}

func wantRefused(tb testing.TB, err error, code error) {
	tb.Helper()
	var r *tpm.Refused
	switch {
	case err == nil:
		tb.Fatal("the TPM allowed it")
	case !errors.As(err, &r):
		tb.Fatalf("not the TPM's refusal: %v", err)
	case r.IsMemory():
		tb.Fatalf("the TPM was full, which proves nothing: %v", err)
	case !errors.Is(err, code):
		tb.Fatalf("got %v (0x%x), want %v", err, uint32(r.Code), code)
	}
}

// noLeak wants nothing loaded but the session of an open request.
func (b *bench) noLeak() {
	b.t.Helper()
	want := 0
	if b.meter.Pending() != "" {
		want = 1
	}
	n, err := swtpm.Loaded(b.conn)
	if err != nil {
		b.t.Fatal(err)
	}
	if n > want {
		b.t.Errorf("got %d objects and sessions loaded, want at most %d", n, want)
	}
}

func (b *bench) pin(count, limit uint32) {
	b.t.Helper()
	got, err := b.meter.Read()
	if err != nil {
		b.t.Fatal(err)
	}
	if got != (tpmpolicy.Pin{Count: count, Limit: limit}) {
		b.t.Errorf("got %+v, want count %d, limit %d", got, count, limit)
	}
}
