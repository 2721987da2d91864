package custodian

import (
	"context"
	"crypto/ecdsa"
	"crypto/hpke"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/network/partner/activation"
	"github.com/guildmark/guildmark/network/partner/keyfile"
)

// Ledger submits and reads with the custodian's own identity.
type Ledger interface {
	// Submit writes through any peers and returns when the transaction is committed.
	Submit(ctx context.Context, function string, args ...string) (string, error)
	// Evaluate reads from this partner's own peer and from no other.
	Evaluate(ctx context.Context, function string, args ...string) (string, error)
	// Follow calls handle for each event after the cursor, in order, until ctx ends or handle fails.
	Follow(ctx context.Context, after Cursor, handle func(Event) error) error
}

// Cursor is a position in the stream of events: all events up to this transaction of this block were handled.
// The zero Cursor is the beginning.
type Cursor struct {
	Block       uint64 `json:"block"`
	Transaction string `json:"transaction"`
}

// Event is the event of a committed transaction.
type Event struct {
	At      Cursor
	Name    string
	Payload []byte
}

// Content fetches at most limit bytes by their hash, which the custodian checks itself.
type Content func(ctx context.Context, hash string, limit int64) ([]byte, error)

// Settings configure a custodian; all are required except Log, Now and Retry.
type Settings struct {
	MSP     string
	Party   string // own party id, which is also its recipient id
	Channel string
	State   string // folder, made if missing
	Ledger  Ledger
	Content Content
	Roots   activation.Roots
	Log     *slog.Logger     // nil: discards
	Now     func() time.Time // nil: the system's clock
	Retry   time.Duration    // pause before the first retry of a task; 0: 500 ms
}

// Custodian serves one partner.
type Custodian struct {
	Settings

	activator *activation.Activator
	hpke      hpke.PrivateKey
	grant     *ecdsa.PrivateKey
	tasks     *tasks
	ready     atomic.Bool // the keys are on the ledger
}

// New reads the keys, or makes them at the first start. It starts nothing.
func New(s Settings) (*Custodian, error) {
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	if s.Retry == 0 {
		s.Retry = 500 * time.Millisecond
	}
	for _, dir := range []string{"activations", "envelopes", "tasks", "refused", "released"} {
		if err := os.MkdirAll(filepath.Join(s.State, dir), 0o700); err != nil {
			return nil, fmt.Errorf("make the state folder: %w", err)
		}
	}
	c := &Custodian{Settings: s, activator: activation.NewActivator(s.Roots, s.Now)}
	seed, err := keyfile.Seed(filepath.Join(s.State, "hpke.seed"), sealed.SeedSize)
	if err != nil {
		return nil, err
	}
	defer clear(seed)
	if c.hpke, err = sealed.PrivateKey(seed); err != nil {
		return nil, err
	}
	if c.grant, err = keyfile.Signer(filepath.Join(s.State, "grant.pem")); err != nil {
		return nil, err
	}
	c.tasks, err = openTasks(s.State, s.Retry)
	return c, err
}

// Run registers the custodian's keys, follows the ledger and does its tasks until ctx ends; then it returns nil.
func (c *Custodian) Run(ctx context.Context) error {
	if err := c.register(ctx); err != nil {
		return endOf(ctx, err)
	}
	c.ready.Store(true)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		c.tasks.work(ctx, c.do)
	}()
	err := c.follow(ctx)
	stop()
	<-worked
	return err
}

// follow stores the ledger's events as tasks. When the stream breaks it goes on at the cursor.
func (c *Custodian) follow(ctx context.Context) error {
	for {
		at, err := c.tasks.cursor()
		if err != nil {
			return err
		}
		err = c.Ledger.Follow(ctx, at, c.note)
		if ctx.Err() != nil || errors.Is(err, errState) {
			return endOf(ctx, err)
		}
		c.Log.Warn("the event stream broke, going on at the cursor", slog.Any("error", err))
		if !pause(ctx, c.Retry) {
			return nil
		}
	}
}

// note stores an event as a task before the cursor moves past it.
func (c *Custodian) note(e Event) error {
	if err := c.noteTask(e); err != nil {
		return fmt.Errorf("%w: %w", errState, err)
	}
	return nil
}

// register records the custodian's public keys on the ledger once. Other keys there mean that the state
// folder was lost or exchanged: nothing that was wrapped to the recorded keys would open.
func (c *Custodian) register(ctx context.Context) error {
	own, err := c.Recipient()
	if err != nil {
		return err
	}
	for {
		known, err := c.registered(ctx)
		if err == nil && known == nil {
			_, err = c.Ledger.Submit(ctx, "governance:SetRecipient", string(ledger.Encode(own)))
		}
		if err == nil && known != nil {
			if known.HPKE != own.HPKE || known.GrantKey != own.GrantKey {
				return ErrKeys
			}
			return nil
		}
		if err != nil {
			c.Log.Warn("recipient keys are not registered yet, trying again", slog.Any("error", err))
		}
		if !pause(ctx, c.Retry) {
			return ctx.Err()
		}
	}
}

func (c *Custodian) registered(ctx context.Context) (*consortium.Recipient, error) {
	doc, err := c.Ledger.Evaluate(ctx, "governance:Recipient", c.Party)
	if errors.Is(err, consortium.ErrNoRecipient) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r consortium.Recipient
	return &r, ledger.Decode([]byte(doc), &r)
}

// Recipient is this custodian's document on the ledger.
func (c *Custodian) Recipient() (consortium.Recipient, error) {
	spki, err := x509.MarshalPKIXPublicKey(c.grant.Public())
	if err != nil {
		return consortium.Recipient{}, fmt.Errorf("encode the grant key: %w", err)
	}
	return consortium.Recipient{
		Format: consortium.RecipientFormat, ID: c.Party, Role: consortium.CustodianRecipient, MSP: c.MSP,
		Party: c.Party, Version: 1,
		HPKE:     base64.StdEncoding.EncodeToString(c.hpke.PublicKey().Bytes()),
		GrantKey: base64.StdEncoding.EncodeToString(spki),
	}, nil
}

// pause waits for d; it reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// endOf returns nil when ctx has ended, else err.
func endOf(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}
