// Package partnertest is the world around a partner's process, for tests: the real contracts on a ledger in memory, with
// parties, events, peers that can be stopped or lie, and a machine's TPM in software.
//
// It refuses to be part of the product: nothing but tests imports it.
package partnertest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/replay"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// Channel is the world's channel.
const Channel = "guildmark"

// The partners.
const (
	Operator     = "OperatorMSP"
	Manufacturer = "ManufacturerMSP"
	Licensors    = "LicensorsMSP"
	Auditor      = "AuditorMSP"
)

func partners() []string { return []string{Auditor, Licensors, Manufacturer, Operator} }

// Event is what a committed transaction announced, in the order of commits; Block counts from 1.
type Event struct {
	Block   uint64
	TxID    string
	Name    string
	Payload []byte
}

// World is a ledger in memory with its partners. It is safe for concurrent use.
type World struct {
	t      testing.TB
	engine *replay.Engine
	now    time.Time

	mu      sync.Mutex
	state   *replay.Memory
	block   uint64
	events  []Event
	changed chan struct{} // closed and replaced at each event

	governors map[string]*Caller
	bundleKey map[string]*ecdsa.PrivateKey
	config    consortium.Config
}

// Caller is somebody with a certificate.
type Caller struct {
	MSP, Party, Role string
	Key              *ecdsa.PrivateKey
	Certificate      []byte // PEM

	world   *World
	creator []byte
}

// NewLedger is a ledger without a configuration: what the partners meet right after the channel was made.
func NewLedger(tb testing.TB) *World {
	tb.Helper()
	engine, err := replay.NewEngine()
	check(tb, err)
	w := &World{
		t: tb, engine: engine, state: &replay.Memory{}, now: time.Now().Truncate(time.Second), changed: make(chan struct{}),
		governors: map[string]*Caller{}, bundleKey: map[string]*ecdsa.PrivateKey{},
	}
	for _, m := range partners() {
		w.governors[m], w.bundleKey[m] = w.Someone(m, party.Governor), newKey(tb)
	}
	return w
}

// NewWorld is a ledger with a configuration in force, a clock and a trust bundle.
func NewWorld(tb testing.TB) *World {
	tb.Helper()
	w := NewLedger(tb)
	w.config = w.firstConfig()
	hash := w.governors[Operator].must("governance:Propose", document(w.config))
	for _, m := range partners()[:3] {
		w.governors[m].must("governance:Approve", hash)
	}
	w.Someone(Auditor, party.Heartbeat).must("governance:Tick", strconv.FormatInt(w.now.Unix(), 10))
	w.governors[Operator].must("governance:PutBundle", document(w.bundle()))
	return w
}

func check(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func document(v any) string { return string(ledger.Encode(v)) }
func text(b []byte) string  { return base64.StdEncoding.EncodeToString(b) }

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(tb, err)
	return k
}

func spki(tb testing.TB, key *ecdsa.PrivateKey) []byte {
	tb.Helper()
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	check(tb, err)
	return der
}

// Someone makes a caller with the certificate that Fabric CA would issue.
func (w *World) Someone(mspID, role string) *Caller {
	w.t.Helper()
	id := make([]byte, 8)
	_, _ = rand.Read(id)
	c := &Caller{MSP: mspID, Party: mspID + "." + hex.EncodeToString(id), Role: role, Key: newKey(w.t), world: w}
	attrs, err := json.Marshal(map[string]map[string]string{"attrs": {"role": role, "party": c.Party}})
	check(w.t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: role, OrganizationalUnit: []string{"client"}},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}, Value: attrs}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &c.Key.PublicKey, c.Key)
	check(w.t, err)
	c.Certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	c.creator, err = proto.Marshal(&msp.SerializedIdentity{Mspid: mspID, IdBytes: c.Certificate})
	check(w.t, err)
	return c
}

// Governor is the governor of a partner.
func (w *World) Governor(mspID string) *Caller { return w.governors[mspID] }

// Root is the PEM certificate of a certificate authority with a key of its own.
func (w *World) Root() string {
	w.t.Helper()
	return w.root(newKey(w.t))
}

// Register records a caller as a party with its key pinned.
func (w *World) Register(c *Caller) {
	w.t.Helper()
	sum := sha256.Sum256(spki(w.t, c.Key))
	w.governors[c.MSP].must("governance:RegisterParty", document(party.Party{
		Format: party.Format, ID: c.Party, Home: c.MSP, Roles: []string{c.Role},
		Keys: []party.Key{{Name: "first", Hash: hex.EncodeToString(sum[:])}},
	}))
}

func (w *World) firstConfig() consortium.Config {
	w.t.Helper()
	start, err := spv.Genesis("regtest")
	check(w.t, err)
	var keys [3]string
	for i := range keys {
		master, err := hdkeychain.NewMaster(make([]byte, 32+i), &chaincfg.RegressionNetParams)
		check(w.t, err)
		public, err := master.Neuter()
		check(w.t, err)
		keys[i] = public.String()
	}
	descriptor, err := payment.New(keys, "regtest")
	check(w.t, err)
	business := []string{Licensors, Manufacturer, Operator}
	c := consortium.Config{
		Format: consortium.ConfigFormat, Version: 1, Channel: Channel, Chaincode: "guildmark", Quorum: 2,
		Bitcoin:    consortium.Bitcoin{Network: "regtest", Checkpoint: start.String(), FinalDepth: 2, Attestations: 2},
		Treasury:   consortium.Treasury{Version: 1, Descriptor: descriptor.String()},
		Commission: consortium.Commission{Rate: 30_000_000, Min: 1, Max: 1_000_000, Payee: Operator + ".0000000000000001"},
		Limits: consortium.Limits{
			MinPrice: 2_000, DailyCap: 100_000, OrderEpochs: 6, LeaseSeconds: 86_400, ClockSkew: 10, ClockAge: 180, EpochSeconds: 600,
		},
		Roles: []consortium.RoleHomes{
			{Role: party.Auditor, MSPs: []string{Auditor}},
			{Role: party.Buyer, MSPs: []string{Operator}},
			{Role: party.Custodian, MSPs: business},
			{Role: party.Governor, MSPs: partners()},
			{Role: party.Heartbeat, MSPs: partners()},
			{Role: party.Licensor, MSPs: []string{Licensors}},
			{Role: party.Oracle, MSPs: []string{Manufacturer, Operator}},
			{Role: party.Reader, MSPs: []string{Auditor, Operator}},
			{Role: party.Registrar, MSPs: []string{Manufacturer}},
		},
	}
	for _, m := range partners() {
		c.Partners = append(c.Partners, consortium.Partner{
			MSP: m, Name: m[:len(m)-3], Signs: m != Auditor, BundleKey: text(spki(w.t, w.bundleKey[m])),
		})
	}
	return c
}

func (w *World) bundle() consortium.SignedBundle {
	w.t.Helper()
	b := signed.Bundle{
		Format: signed.BundleFormat, Channel: Channel, Chaincode: "guildmark", Quorum: 2, Treasury: w.config.Treasury,
		Network: "regtest", Attested: true,
	}
	for _, p := range w.config.Partners {
		b.Partners = append(b.Partners, signed.BundlePartner{
			MSP: p.MSP, Roots: []string{w.root(w.bundleKey[p.MSP])}, BundleKey: p.BundleKey, Signs: p.Signs,
		})
	}
	s := consortium.SignedBundle{Bundle: text(b.Bytes())}
	for _, m := range []string{Manufacturer, Operator} {
		s.Signatures = append(s.Signatures, consortium.BundleSignature{MSP: m, Signature: text(LowS(w.t, w.bundleKey[m], b.Bytes()))})
	}
	return s
}

func (w *World) root(key *ecdsa.PrivateKey) string {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotBefore: time.Unix(0, 0),
		NotAfter: time.Unix(1<<33, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(w.t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// LowS is a DER ECDSA signature with low S over SHA-256 of the bytes.
func LowS(tb testing.TB, key *ecdsa.PrivateKey, raw []byte) []byte {
	tb.Helper()
	digest := sha256.Sum256(raw)
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	check(tb, err)
	if n := key.Params().N; s.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		s.Sub(n, s)
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	check(tb, err)
	return der
}

// Inject puts a license on the ledger as a settlement would: how it was paid is not this world's business.
func (w *World) Inject(l license.License) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.block++
	w.state.Apply([]replay.Write{{Key: license.Key(l.ID), Value: ledger.Encode(l)}}, replay.Version{Block: w.block})
}

// Keys lists the keys on the ledger.
func (w *World) Keys() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.Keys()
}

// Wait blocks until done reports true; it looks again after every event.
func (w *World) Wait(ctx context.Context, done func() bool) bool {
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		if done() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-changed:
		}
	}
}

// Submit runs and commits a transaction.
func (c *Caller) Submit(ctx context.Context, function string, args ...string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return c.world.run(c, true, function, args)
}

// Evaluate runs a transaction and forgets its writes.
func (c *Caller) Evaluate(ctx context.Context, function string, args ...string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	return c.world.run(c, false, function, args)
}

// Must submits and fails the test when the ledger refuses.
func (c *Caller) Must(function string, args ...string) string {
	c.world.t.Helper()
	return c.must(function, args...)
}

func (c *Caller) must(function string, args ...string) string {
	c.world.t.Helper()
	out, err := c.world.run(c, true, function, args)
	if err != nil {
		c.world.t.Fatalf("%s: %v", function, err)
	}
	return out
}

func (w *World) run(c *Caller, write bool, function string, args []string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	tx := replay.Tx{
		ID: ledger.Hash("test", strconv.FormatUint(w.block+1, 10), function), Channel: Channel, Creator: c.creator, Timestamp: w.now,
		Args: [][]byte{[]byte(function)},
	}
	for _, a := range args {
		tx.Args = append(tx.Args, []byte(a))
	}
	r := w.engine.ExecuteAt(w.state, tx, w.now)
	if !r.OK() {
		refusal, ok := ledger.ParseRefusal(r.Message)
		if !ok {
			panic("partnertest: a refusal that is not a JSON line: " + r.Message)
		}
		return "", refusal
	}
	if !write || len(r.Writes) == 0 {
		return string(r.Payload), nil
	}
	w.block++
	if err := w.state.Commit(r, replay.Version{Block: w.block}); err != nil {
		return "", err
	}
	if r.Event != nil {
		w.events = append(w.events, Event{Block: w.block, TxID: tx.ID, Name: r.Event.Name, Payload: r.Event.Payload})
		close(w.changed)
		w.changed = make(chan struct{})
	}
	return string(r.Payload), nil
}

// Follow calls handle for each event after a block and transaction, until ctx ends or handle fails.
func (w *World) Follow(ctx context.Context, block uint64, txID string, handle func(Event) error) error {
	for at := 0; ; {
		w.mu.Lock()
		changed, all := w.changed, w.events
		w.mu.Unlock()
		for ; at < len(all); at++ {
			if e := all[at]; e.Block < block || e.Block == block && txID != "" {
				continue // one event a block in this world
			}
			if err := handle(all[at]); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
