package licensor_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/gateway/licensor"
)

// book is the ledger as a licensor meets it, with the real contracts, and the gateway beside it, which takes
// only what the book announced.
type book struct {
	mu         sync.Mutex
	ledger     *replaytest.World
	licensor   *replaytest.Caller
	custodians []*replaytest.Caller // those that have not confirmed yet
	published  *dataset.Published
	manifest   dataset.Manifest
	stored     map[string]bool
	calls      map[string]int
	lag        int // uploads that the gateway refuses before its read model has caught up
}

func (b *book) Submit(_ context.Context, function string, args ...string) (client.Result, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls[function]++
	payload, err := b.ledger.Call(b.licensor, function, args...)
	if err == nil && function == "catalogue:Publish" {
		b.announce()
	}
	return client.Result{Payload: []byte(payload)}, err
}

// appoint makes the custodians of a version that is published next.
func (b *book) appoint() {
	for _, msp := range []string{replaytest.Licensors, replaytest.Operator} {
		b.custodians = append(b.custodians, replaytest.NewCaller(b.ledger.T, msp, party.Custodian))
	}
}

// announce reads the newest event, as the gateway's read model does.
func (b *book) announce() {
	event := b.ledger.Past[len(b.ledger.Past)-1].Result.Event
	p := replaytest.Decode[dataset.Published](b.ledger, string(event.Payload))
	raw, err := base64.StdEncoding.DecodeString(p.Manifest)
	if err != nil {
		b.ledger.T.Fatal(err)
	}
	b.published, b.manifest = &p, replaytest.Decode[dataset.Manifest](b.ledger, string(raw))
}

// Evaluate has one more custodian confirm at each look, once the envelope is there.
func (b *book) Evaluate(_ context.Context, function string, args ...string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.published != nil && b.stored[b.published.Publication.Envelope] && len(b.custodians) > 0 {
		m := b.manifest
		b.ledger.Must(b.custodians[0], "catalogue:Confirm", m.Dataset, strconv.Itoa(m.Version),
			b.published.Publication.Envelope)
		b.custodians = b.custodians[1:]
	}
	out, err := b.ledger.Evaluate(b.licensor, function, args...)
	return []byte(out), err
}

func (b *book) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	raw, err := io.ReadAll(r.Body)
	hash := strings.TrimPrefix(r.URL.Path, "/v1/content/")
	if r.URL.Path == "/v1/health" {
		b.calls["health"]++
		return
	}
	switch {
	case err != nil || r.Method != http.MethodPut || sealed.Address(raw) != hash ||
		r.ContentLength != int64(len(raw)):
		w.WriteHeader(http.StatusUnprocessableEntity)
		_ = json.NewEncoder(w).Encode(map[string]string{"code": "content.hash", "title": "no"})
	case b.published == nil || b.lag > 0:
		b.lag--
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(map[string]string{
			"code":  dataset.ErrNotAnnounced.Code,
			"title": "not announced",
		})
	default:
		b.stored[hash] = true
		w.WriteHeader(http.StatusCreated)
		_ = json.NewEncoder(w).Encode(map[string]string{"sha256": hash})
	}
}

func newBook(t *testing.T) (*book, *licensor.Publisher) {
	t.Helper()
	b := &book{
		ledger:   replaytest.New(t, time.Unix(1_800_000_000, 0)),
		licensor: replaytest.CallerOf(t, who.MSP, who.Party, party.Licensor),
		stored:   map[string]bool{}, calls: map[string]int{},
	}
	b.ledger.Register(b.licensor)
	b.appoint()
	srv := httptest.NewServer(b)
	t.Cleanup(srv.Close)
	store, err := licensor.NewGateway(srv.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	return b, &licensor.Publisher{
		Licensor: licensor.Licensor{
			Licensor: who,
			Sign:     func(d []byte) ([]byte, error) { return ecdsa.SignASN1(rand.Reader, b.licensor.Key, d) },
		},
		Ledger: b, Store: store, Poll: time.Millisecond,
	}
}
