package custodian_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/network/partner/activation"
	"github.com/guildmark/guildmark/network/partner/custodian"
	"github.com/guildmark/guildmark/network/partner/partnertest"
)

var errStopped = errors.New("connection refused")

// peer is a custodian's way to the ledger, with a peer of its own that can be stopped or lie, and a process
// that can be killed before or after any call.
type peer struct {
	*partnertest.Caller
	world *partnertest.World

	mu      sync.Mutex
	stopped bool
	lie     func(function, doc string) (string, error)
	calls   int
	killAt  int // this call kills the process; 0 = none
	after   bool
	kill    context.CancelFunc
	hold    string // submits of this function are seen and never ordered
	held    int
}

func (p *peer) set(f func(*peer)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(p)
}

// step counts a call; due reports that the process dies at it.
func (p *peer) step() (due, after bool, kill context.CancelFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	return p.killAt > 0 && p.calls == p.killAt, p.after, p.kill
}

var errKilled = errors.New("killed")

func (p *peer) call(ctx context.Context, do func(context.Context) (string, error)) (string, error) {
	due, after, kill := p.step()
	if due && !after {
		kill()
		return "", errKilled
	}
	out, err := do(ctx)
	if due {
		kill()
		return "", errKilled
	}
	return out, err
}

func (p *peer) Submit(ctx context.Context, function string, args ...string) (string, error) {
	p.mu.Lock()
	hold := p.hold == function
	if hold {
		p.held++
	}
	p.mu.Unlock()
	if hold {
		return "", errStopped
	}
	return p.call(ctx, func(ctx context.Context) (string, error) { return p.Caller.Submit(ctx, function, args...) })
}

func (p *peer) Evaluate(ctx context.Context, function string, args ...string) (string, error) {
	return p.call(ctx, func(ctx context.Context) (string, error) {
		p.mu.Lock()
		stopped, lie := p.stopped, p.lie
		p.mu.Unlock()
		if stopped {
			return "", errStopped
		}
		doc, err := p.Caller.Evaluate(ctx, function, args...)
		if lie != nil && err == nil {
			return lie(function, doc)
		}
		return doc, err
	})
}

func (p *peer) Follow(ctx context.Context, after custodian.Cursor, handle func(custodian.Event) error) error {
	return p.world.Follow(ctx, after.Block, after.Transaction, func(e partnertest.Event) error {
		return handle(custodian.Event{
			At: custodian.Cursor{Block: e.Block, Transaction: e.TxID}, Name: e.Name,
			Payload: e.Payload,
		})
	})
}

// site is a market with custodians.
type site struct {
	t        *testing.T
	world    *partnertest.World
	maker    *partnertest.Maker
	roots    string
	nodes    map[string]*node
	licensor *partnertest.Caller
	buyer    *partnertest.Caller
	runtime  sealed.Recipient

	mu      sync.Mutex
	content map[string][]byte
}

type node struct {
	peer  *peer
	state string
	http  *httptest.Server
	stop  func()
}

func newSite(t *testing.T) *site {
	t.Helper()
	w := partnertest.NewWorld(t)
	s := &site{
		t: t, world: w, maker: partnertest.NewMaker(t, "maker"), nodes: map[string]*node{},
		content:  map[string][]byte{},
		licensor: w.Someone(partnertest.Licensors, party.Licensor),
		buyer:    w.Someone(partnertest.Operator, party.Buyer),
		roots:    filepath.Join(t.TempDir(), "roots.pem"),
	}
	w.Register(s.licensor)
	if err := os.WriteFile(s.roots, s.maker.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	seed := make([]byte, sealed.SeedSize)
	_, _ = rand.Read(seed)
	key, err := sealed.PrivateKey(seed)
	if err != nil {
		t.Fatal(err)
	}
	s.runtime = sealed.Recipient{
		ID: "ManufacturerMSP.runtime.mixer.vtpm", Role: sealed.RoleRuntime,
		Key: key.PublicKey().Bytes(),
	}
	for _, msp := range []string{partnertest.Licensors, partnertest.Manufacturer, partnertest.Operator} {
		s.nodes[msp] = &node{peer: &peer{Caller: w.Someone(msp, party.Custodian), world: w}, state: t.TempDir()}
		s.start(msp)
	}
	for _, n := range s.nodes {
		eventually(t, "keys are registered", func() bool { return healthy(t, n.http.URL) })
	}
	return s
}

func healthy(t *testing.T, url string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	rsp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = rsp.Body.Close()
	return rsp.StatusCode == http.StatusNoContent
}

// start runs a custodian's process; what it finds in its state folder is all it knows.
func (s *site) start(msp string) {
	s.t.Helper()
	n := s.nodes[msp]
	c, err := custodian.New(custodian.Settings{
		MSP: msp, Party: n.peer.Party, Channel: partnertest.Channel, State: n.state, Ledger: n.peer,
		Content: s.fetch, Roots: activation.Roots{VTPM: s.roots}, Retry: time.Millisecond,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	n.peer.set(func(p *peer) { p.kill = cancel })
	n.http = httptest.NewServer(c.Handler())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := c.Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			s.t.Errorf("custodian of %s: %v", msp, err)
		}
	}()
	once := sync.OnceFunc(func() { cancel(); <-ended; n.http.Close() })
	n.stop = once
	s.t.Cleanup(once)
}

func (s *site) fetch(_ context.Context, hash string, _ int64) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	raw, ok := s.content[hash]
	if !ok {
		return nil, custodian.ErrContent.With(hash)
	}
	return raw, nil
}

func (s *site) store(raw []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content[sealed.Address(raw)] = raw
	return sealed.Address(raw)
}

func (s *site) has(key string) bool {
	return slices.Contains(s.world.Keys(), key)
}

// wait blocks until the ledger shows something, within the test's own time.
func (s *site) wait(what string, done func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	if !s.world.Wait(ctx, done) {
		s.t.Fatalf("%s: it never came", what)
	}
}

// eventually polls for what makes no event on the ledger.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(20 * time.Second)
	for !done() {
		select {
		case <-limit:
			t.Fatalf("%s: it never came", what)
		case <-tick.C:
		}
	}
}

// recipients are the custodians as the ledger shows them.
func (s *site) recipient(msp string) consortium.Recipient {
	s.t.Helper()
	doc, err := s.nodes[msp].peer.Caller.Evaluate(s.t.Context(), "governance:Recipient", s.nodes[msp].peer.Party)
	if err != nil {
		s.t.Fatal(err)
	}
	var r consortium.Recipient
	if err := ledger.Decode([]byte(doc), &r); err != nil {
		s.t.Fatal(err)
	}
	return r
}

func unbase64(t *testing.T, text string) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// seal seals a body for the custodians of the partners.
func (s *site) seal(salt string, msps ...string) (sealed.Sealed, []byte) {
	s.t.Helper()
	plan := sealed.Plan{
		Channel: partnertest.Channel, Licensor: dataset.Licensor{MSP: s.licensor.MSP, Party: s.licensor.Party},
		Salt:    strings.Repeat(salt, 32),
		Version: 1, Title: "Sunrise", Technology: "beverage", Profile: "beverage/1",
		Runtimes: []sealed.Recipient{s.runtime},
	}
	for _, msp := range msps {
		r := s.recipient(msp)
		plan.Custodians = append(plan.Custodians,
			sealed.Recipient{ID: r.ID, Role: r.Role, MSP: msp, Key: unbase64(s.t, r.HPKE)})
	}
	var body bytes.Buffer
	out, err := sealed.Seal(&body, strings.NewReader("secret recipe"), plan, rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	return out, body.Bytes()
}

// publish puts a sealed dataset on the ledger. Its envelope is in the store before: how often a custodian
// looks for one that comes later is its own test.
func (s *site) publish(x sealed.Sealed) {
	s.t.Helper()
	s.store(x.Envelope.Bytes())
	raw := ledger.Encode(x.Manifest)
	s.licensor.Must("catalogue:Publish", string(ledger.Encode(dataset.PublishRequest{
		Manifest:  base64.StdEncoding.EncodeToString(raw),
		Signature: base64.StdEncoding.EncodeToString(replaytest.Sign(s.t, s.licensor.Key, raw)),
		Envelope:  sealed.Address(x.Envelope.Bytes()),
	})))
}

// sold is a machine with a license for a final dataset.
type sold struct {
	*site
	sealed  sealed.Sealed
	body    []byte
	tpm     *partnertest.TPM
	license license.License
}

func (s *site) final(x sealed.Sealed) bool { return s.has(dataset.FinalKey(x.Manifest.Dataset, 1)) }
