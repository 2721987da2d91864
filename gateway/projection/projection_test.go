package projection

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/gateway/store"
)

// history is a ledger's events: datasets that become final early, late or never, their offers, orders.
func history(n int) []Event {
	var out []Event
	add := func(name string, payload any) {
		out = append(out, Event{
			Block: uint64(len(out)/3 + 1), TxID: fmt.Sprint("tx", len(out)), Name: name,
			Payload: ledger.Encode(payload),
		})
	}
	for i := range n {
		id := ledger.Hash("dataset", fmt.Sprint(i))
		m := dataset.Manifest{Dataset: id, Version: 1, BodyHash: ledger.Hash("body", id), BodySize: int64(i)}
		add(ledger.EventDatasetPublished, dataset.Published{
			Manifest:    base64.StdEncoding.EncodeToString(ledger.Encode(m)),
			Publication: dataset.Publication{Envelope: ledger.Hash("envelope", id)},
		})
		add(ledger.EventOfferMade, offer.Offer{ID: ledger.Hash("offer", id), Dataset: id, Version: 1})
		add(ledger.EventClockTicked, struct{}{})
		if i >= 3 {
			late := ledger.Hash("dataset", fmt.Sprint(i-3))
			add(ledger.EventDatasetConfirmed, dataset.Confirmed{Dataset: late, Version: 1, MSP: "A", Final: i%4 != 0})
		}
		add(ledger.EventOrderPlaced, order.Order{ID: ledger.Hash("order", id), Machine: "m", Number: uint32(i)})
		add(ledger.EventOrderSettled, order.Settled{Settlement: order.Settlement{Order: ledger.Hash("order", id)}})
	}
	return out
}

// source replays a history after a cursor, as the ledger client does, and breaks off after at most most
// events.
func source(events []Event, most func() int) Source {
	return func(ctx context.Context, after store.Cursor) (<-chan Event, error) {
		from := 0
		if after.TxID != "" {
			from = slices.IndexFunc(events,
				func(e Event) bool { return e.TxID == after.TxID && e.Block == after.Block }) + 1
			if from == 0 {
				return nil, errors.New("the cursor is no event of this ledger")
			}
		}
		rest := events[from:]
		rest = rest[:min(len(rest), most())]
		ch := make(chan Event, 16)
		go func() {
			defer close(ch)
			for _, e := range rest {
				select {
				case ch <- e:
				case <-ctx.Done():
					return
				}
			}
		}()
		return ch, nil
	}
}

func all() int { return 1 << 30 }

// dump is everything that clients can see.
func dump(t *testing.T, s *store.Store) string {
	t.Helper()
	offers, err := s.Offers(t.Context(), 0, 1<<20)
	must(t, err)
	orders, err := s.Orders(t.Context(), "m", 0, 1<<20)
	must(t, err)
	cursor, err := s.Cursor(t.Context())
	must(t, err)
	return fmt.Sprintf("%+v\n%s\n%v", cursor, fmt.Sprint(offers), orders)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	must(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// follow runs a projection until the store stands at the last event.
func follow(t *testing.T, s *store.Store, from Source, last Event) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	p := &Projection{Store: s, Source: from, Log: slog.New(slog.DiscardHandler)}
	go func() { done <- p.Run(ctx) }()
	for {
		changed := s.Changed()
		c, err := s.Cursor(t.Context())
		must(t, err)
		if c.TxID == last.TxID {
			break
		}
		select {
		case <-changed:
		case <-time.After(30 * time.Second):
			t.Fatalf("stuck at %+v", c)
		}
	}
	cancel()
	must(t, <-done)
}

// TestBrokenStreams: however the stream breaks, the read model comes out the same.
func TestBrokenStreams(t *testing.T) {
	events := history(40)
	last := events[len(events)-1]
	clean := open(t, filepath.Join(t.TempDir(), "clean.db"))
	follow(t, clean, source(events, all), last)
	broken := open(t, filepath.Join(t.TempDir(), "broken.db"))
	r := rand.New(rand.NewPCG(1, 2)) // #nosec G404 -- a test's dice
	follow(t, broken, source(events, func() int { return 60 + r.IntN(60) }), last)
	if got, want := dump(t, broken), dump(t, clean); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

// TestUnreadableEvents: they are passed over, and those after them arrive.
func TestUnreadableEvents(t *testing.T) {
	events := history(4)
	var spoiled []Event
	for i, e := range events {
		for name := range readers {
			spoiled = append(spoiled, Event{
				Block: e.Block, TxID: fmt.Sprint("bad", i, name), Name: name,
				Payload: []byte(`{"manifest":7,`),
			})
		}
		spoiled = append(spoiled, e)
	}
	last := events[len(events)-1]
	a, b := open(t, filepath.Join(t.TempDir(), "a.db")), open(t, filepath.Join(t.TempDir(), "b.db"))
	follow(t, a, source(events, all), last)
	follow(t, b, source(spoiled, all), last)
	if got, want := dump(t, b), dump(t, a); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
}

// childEnv makes the test's own binary the process that is killed.
const childEnv = "GUILDMARK_TEST_PROJECTION"

func TestMain(m *testing.M) {
	path := os.Getenv(childEnv)
	if path == "" {
		os.Exit(m.Run())
	}
	s, err := store.Open(context.Background(), path)
	if err != nil {
		panic(err)
	}
	_ = (&Projection{
		Store: s, Source: source(history(killed), all),
		Log: slog.New(slog.DiscardHandler),
	}).Run(context.Background())
}

const killed = 60

// TestKill: the process is killed (SIGKILL) again and again while it writes; the next one goes on where it
// was.
func TestKill(t *testing.T) {
	events := history(killed)
	last := events[len(events)-1]
	path := filepath.Join(t.TempDir(), "killed.db")
	watch := open(t, path)
	kills := 0
	for {
		before, err := watch.Cursor(t.Context())
		must(t, err)
		if before.TxID == last.TxID {
			break
		}
		child := exec.CommandContext(t.Context(), os.Args[0]) // #nosec G204 -- this very binary
		child.Env = append(os.Environ(), childEnv+"="+path)
		must(t, child.Start())
		deadline := time.Now().Add(30 * time.Second)
		for now := before; now == before && time.Now().Before(deadline); {
			now, err = watch.Cursor(t.Context())
			must(t, err)
		}
		must(t, child.Process.Kill())
		if err := child.Wait(); err == nil {
			t.Fatal("the child ended by itself")
		}
		kills++
	}
	if kills < 2 {
		t.Fatalf("killed %d times: nothing was interrupted", kills)
	}
	clean := open(t, filepath.Join(t.TempDir(), "clean.db"))
	follow(t, clean, source(events, all), last)
	if got, want := dump(t, watch), dump(t, clean); got != want {
		t.Fatalf("after %d kills: got  %s\nwant %s", kills, got, want)
	}
}

func FuzzEvent(f *testing.F) {
	for _, e := range history(1) {
		f.Add(e.Name, e.Payload)
	}
	f.Fuzz(func(_ *testing.T, name string, payload []byte) {
		if read, ok := readers[name]; ok {
			_, _ = read(payload)
		}
	})
}
