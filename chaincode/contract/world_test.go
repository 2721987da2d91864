package contract_test

import (
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
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
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
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/chaincode/state"
)

const channel = "guildmark"

// The partners, as they are called in tests.
const (
	operator     = "OperatorMSP"
	manufacturer = "ManufacturerMSP"
	licensors    = "LicensorsMSP"
	auditor      = "AuditorMSP"
)

// caller is a certificate with its key.
type caller struct {
	msp, party, role string
	key              *ecdsa.PrivateKey
	creator          []byte
}

// someone makes a caller with the certificate that Fabric CA would issue.
func someone(tb testing.TB, mspID, role string) *caller {
	tb.Helper()
	id := make([]byte, 8)
	if _, err := rand.Read(id); err != nil {
		tb.Fatal(err)
	}
	return certified(tb, mspID, mspID+"."+hex.EncodeToString(id), role)
}

func certified(tb testing.TB, mspID, partyID, role string) *caller {
	tb.Helper()
	c := &caller{msp: mspID, party: partyID, role: role, key: newKey(tb)}
	attrs, err := json.Marshal(map[string]map[string]string{"attrs": {"role": role, "party": partyID}})
	if err != nil {
		tb.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: role, OrganizationalUnit: []string{"client"}},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}, Value: attrs}},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &c.key.PublicKey, c.key)
	if err != nil {
		tb.Fatal(err)
	}
	c.creator, err = proto.Marshal(&msp.SerializedIdentity{
		Mspid: mspID, IdBytes: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func spki(tb testing.TB, key *ecdsa.PrivateKey) []byte {
	tb.Helper()
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// sign is DER ECDSA with low S over SHA-256 of the bytes, as base64.
func sign(tb testing.TB, key *ecdsa.PrivateKey, b []byte) string {
	tb.Helper()
	digest := sha256.Sum256(b)
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		tb.Fatal(err)
	}
	if n := key.Params().N; s.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		s.Sub(n, s)
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		tb.Fatal(err)
	}
	return b64(der)
}

// committed is a transaction that the ledger took, and what it wrote.
type committed struct {
	tx     replay.Tx
	result replay.Result
	at     replay.Version
}

// world is a ledger in memory with its partners.
type world struct {
	t      testing.TB
	engine *replay.Engine
	state  *replay.Memory
	now    time.Time
	block  uint64
	last   replay.Tx   // simulated last
	past   []committed // through call and must, in order

	governors  map[string]*caller
	bundleKeys map[string]*ecdsa.PrivateKey
	grantKeys  map[string]*ecdsa.PrivateKey
	custodians map[string]*caller
	oracles    map[string]*caller
	heartbeat  *caller
	registrar  *caller
	licensor   *caller
	buyer      *caller
	market     string // party id that gets the commission
	config     consortium.Config
	descriptor *payment.Descriptor
}

func everyPartner() []string { return []string{auditor, licensors, manufacturer, operator} }

func emptyWorld(tb testing.TB) *world {
	tb.Helper()
	engine, err := replay.NewEngine()
	if err != nil {
		tb.Fatal(err)
	}
	w := &world{
		t: tb, engine: engine, state: &replay.Memory{}, now: time.Unix(1_800_000_000, 0),
		governors: map[string]*caller{}, bundleKeys: map[string]*ecdsa.PrivateKey{}, custodians: map[string]*caller{},
		oracles: map[string]*caller{}, grantKeys: map[string]*ecdsa.PrivateKey{},
	}
	for _, m := range everyPartner() {
		w.governors[m], w.bundleKeys[m] = someone(tb, m, party.Governor), newKey(tb)
	}
	w.market = someone(tb, operator, party.Reader).party
	w.config = w.firstConfig()
	return w
}

func (w *world) firstConfig() consortium.Config {
	w.t.Helper()
	start, err := spv.Genesis("regtest")
	if err != nil {
		w.t.Fatal(err)
	}
	var keys [3]string
	for i := range keys {
		master, err := hdkeychain.NewMaster(make([]byte, 32+i), &chaincfg.RegressionNetParams)
		if err != nil {
			w.t.Fatal(err)
		}
		public, err := master.Neuter()
		if err != nil {
			w.t.Fatal(err)
		}
		keys[i] = public.String()
	}
	if w.descriptor, err = payment.New(keys, "regtest"); err != nil {
		w.t.Fatal(err)
	}
	c := consortium.Config{
		Format: consortium.ConfigFormat, Version: 1, Channel: channel, Chaincode: "guildmark", Quorum: 2,
		Bitcoin:    consortium.Bitcoin{Network: "regtest", Checkpoint: start.String(), FinalDepth: 2, Attestations: 2},
		Treasury:   consortium.Treasury{Version: 1, Descriptor: w.descriptor.String()},
		Commission: consortium.Commission{Rate: 30_000_000, Min: 100, Max: 1_000_000, Payee: w.market},
		Limits: consortium.Limits{
			MinPrice: 2_000, DailyCap: 100_000, OrderEpochs: 6, LeaseSeconds: 86_400, ClockSkew: 10, ClockAge: 180, EpochSeconds: 600,
		},
		Roles: []consortium.RoleHomes{
			{Role: party.Auditor, MSPs: []string{auditor}},
			{Role: party.Buyer, MSPs: []string{operator}},
			{Role: party.Custodian, MSPs: []string{licensors, manufacturer, operator}},
			{Role: party.Governor, MSPs: everyPartner()},
			{Role: party.Heartbeat, MSPs: everyPartner()},
			{Role: party.Licensor, MSPs: []string{licensors}},
			{Role: party.Oracle, MSPs: []string{manufacturer, operator}},
			{Role: party.Reader, MSPs: []string{auditor, operator}},
			{Role: party.Registrar, MSPs: []string{manufacturer}},
		},
	}
	for _, m := range everyPartner() {
		c.Partners = append(c.Partners, consortium.Partner{
			MSP: m, Name: m[:len(m)-3], Signs: m != auditor, BundleKey: b64(spki(w.t, w.bundleKeys[m])),
		})
	}
	return c
}

// newWorld is a ledger on which everything but sales has happened.
func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := emptyWorld(tb)
	hash := w.must(w.governors[operator], "governance:Propose", doc(w.config))
	for _, m := range everyPartner()[:3] {
		w.must(w.governors[m], "governance:Approve", hash)
	}
	w.heartbeat = someone(tb, auditor, party.Heartbeat)
	w.tick(0)
	w.registrar = someone(tb, manufacturer, party.Registrar)
	w.buyer = someone(tb, operator, party.Buyer)
	w.licensor = someone(tb, licensors, party.Licensor)
	w.register(w.licensor)
	for _, m := range []string{manufacturer, operator} {
		w.oracles[m] = someone(tb, m, party.Oracle)
	}
	for _, m := range []string{licensors, manufacturer, operator} {
		w.custodians[m], w.grantKeys[m] = someone(tb, m, party.Custodian), newKey(tb)
		w.must(w.custodians[m], "governance:SetRecipient", doc(w.custodianRecipient(m)))
	}
	w.must(w.governors[operator], "governance:PutBundle", doc(w.bundle(0, "")))
	return w
}

func (w *world) register(c *caller) {
	w.t.Helper()
	sum := sha256.Sum256(spki(w.t, c.key))
	w.must(w.governors[c.msp], "governance:RegisterParty", doc(party.Party{
		Format: party.Format, ID: c.party, Home: c.msp, Roles: []string{c.role},
		Keys: []party.Key{{Name: "first", Hash: hex.EncodeToString(sum[:])}},
	}))
}

func (w *world) custodianRecipient(m string) consortium.Recipient {
	return consortium.Recipient{
		Format: consortium.RecipientFormat, ID: w.custodians[m].party, Role: consortium.CustodianRecipient, MSP: m,
		Party: w.custodians[m].party, Version: 1, HPKE: b64([]byte("public key of " + m)),
		GrantKey: b64(spki(w.t, w.grantKeys[m])),
	}
}

// bundle is a trust bundle signed by two partners.
func (w *world) bundle(sequence int64, previous string) consortium.SignedBundle {
	w.t.Helper()
	b := signed.Bundle{
		Format: signed.BundleFormat, Sequence: sequence, Previous: previous, Channel: channel, Chaincode: "guildmark", Quorum: 2,
		Treasury: w.config.Treasury, Network: "regtest", Attested: true,
	}
	for _, p := range w.config.Partners {
		b.Partners = append(b.Partners, signed.BundlePartner{
			MSP: p.MSP, Roots: []string{root(w.t, w.bundleKeys[p.MSP])}, BundleKey: p.BundleKey, Signs: p.Signs,
		})
	}
	return w.signBundle(b, manufacturer, operator)
}

func (w *world) signBundle(b signed.Bundle, by ...string) consortium.SignedBundle {
	s := consortium.SignedBundle{Bundle: b64(b.Bytes())}
	for _, m := range by {
		s.Signatures = append(s.Signatures, consortium.BundleSignature{MSP: m, Signature: sign(w.t, w.bundleKeys[m], b.Bytes())})
	}
	return s
}

func root(tb testing.TB, key *ecdsa.PrivateKey) string {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root"}, NotBefore: time.Unix(0, 0),
		NotAfter: time.Unix(1<<33, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// tick moves world time and then the ledger's clock on.
func (w *world) tick(d time.Duration) {
	w.t.Helper()
	w.now = w.now.Add(d)
	w.must(w.heartbeat, "governance:Tick", strconv.FormatInt(w.now.Unix(), 10))
}

// epochs moves the ledger on by whole epochs.
func (w *world) epochs(n int) { w.t.Helper(); w.tick(time.Duration(n) * 600 * time.Second) }

// simulate runs a call without committing it.
func (w *world) simulate(c *caller, function string, args ...string) replay.Result {
	w.block++
	tx := replay.Tx{
		ID: ledger.Hash("test", strconv.FormatUint(w.block, 10)), Channel: channel, Creator: c.creator, Timestamp: w.now,
		Args: [][]byte{[]byte(function)},
	}
	for _, a := range args {
		tx.Args = append(tx.Args, []byte(a))
	}
	r := w.engine.ExecuteAt(w.state, tx, w.now)
	if again := w.engine.ExecuteAt(w.state, tx, w.now); !reflect.DeepEqual(r, again) {
		w.t.Errorf("%s: two peers would differ: %+v and %+v", function, r, again)
	}
	w.last = tx
	return r
}

// call runs a call and commits it when it succeeds; a refusal comes back as an error.
func (w *world) call(c *caller, function string, args ...string) (string, error) {
	w.t.Helper()
	r := w.simulate(c, function, args...)
	err := w.commit(r)
	if err == nil && len(r.Writes) > 0 {
		w.past = append(w.past, committed{w.last, r, replay.Version{Block: w.block}})
	}
	return string(r.Payload), err
}

func (w *world) commit(r replay.Result) error {
	w.t.Helper()
	if !r.OK() {
		refusal, ok := ledger.ParseRefusal(r.Message)
		if !ok {
			w.t.Fatalf("a refusal that is not a JSON line: %s", r.Message)
		}
		if refusal.Line() != r.Message {
			w.t.Fatalf("a refusal with something around it: %s", r.Message)
		}
		return refusal
	}
	if len(r.Writes) > 0 && r.Events != 1 {
		w.t.Fatalf("a writing transaction set %d events", r.Events)
	}
	if err := w.state.Commit(r, replay.Version{Block: w.block}); err != nil {
		return err
	}
	for _, key := range r.Writes {
		if _, err := state.FamilyOf(key.Key); err != nil {
			w.t.Fatalf("a key that belongs to no family: %s", key.Key)
		}
	}
	return nil
}

func (w *world) must(c *caller, function string, args ...string) string {
	w.t.Helper()
	out, err := w.call(c, function, args...)
	if err != nil {
		w.t.Fatalf("%s: %v", function, err)
	}
	return out
}

// refused demands exactly this refusal.
func (w *world) refused(want *ledger.Refusal, c *caller, function string, args ...string) {
	w.t.Helper()
	before := len(w.state.Keys())
	if _, err := w.call(c, function, args...); !errors.Is(err, want) {
		w.t.Errorf("%s: got %v, want %s", function, err, want.Code)
	}
	if after := len(w.state.Keys()); after != before {
		w.t.Errorf("%s: a refused call wrote %d keys", function, after-before)
	}
}

// read calls a read-only function and decodes its answer.
func read[T any](w *world, c *caller, function string, args ...string) T {
	w.t.Helper()
	var v T
	r := w.simulate(c, function, args...)
	if !r.OK() {
		w.t.Fatalf("%s: %s", function, r.Message)
	}
	if len(r.Writes) > 0 || r.Events > 0 {
		w.t.Fatalf("%s wrote", function)
	}
	if err := ledger.DecodeCanonical(r.Payload, &v); err != nil {
		w.t.Fatalf("%s: %v: %s", function, err, r.Payload)
	}
	return v
}

func doc(v any) string { return string(ledger.Encode(v)) }

func nonce(n int) string { return fmt.Sprintf("%064x", n) }
