package licensor

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/sealed"
)

// Ledger is the licensor's way to the ledger, with its own identity.
type Ledger interface {
	Submit(ctx context.Context, function string, args ...string) (client.Result, error)
	Evaluate(ctx context.Context, function string, args ...string) ([]byte, error)
}

// Store takes sealed bytes under their hash. Put asks open for the bytes each time it tries.
type Store interface {
	Reach(ctx context.Context) error
	Put(ctx context.Context, hash string, size int64, open func() (File, error)) error
}

// File is an open file.
type File interface {
	Read(p []byte) (int, error)
	Close() error
}

// Progress hears of each step as it is done; "custodian" once for each that confirmed.
type Progress func(step, detail string)

// Publisher publishes for one licensor.
type Publisher struct {
	Licensor Licensor
	Ledger   Ledger
	Store    Store
	Progress Progress
	Poll     time.Duration // pause between two looks at the confirmations; 0: 500 ms
}

// Publish puts a sealed dataset on the ledger, uploads it, waits until each custodian has confirmed, and offers it.
// It reaches for the store first, so that nothing is half published because of a wrong address or certificate.
// Every step that is done already counts as done, so an interrupted run is simply repeated.
func (p *Publisher) Publish(ctx context.Context, f Folder, request offer.Request) (offer.Offer, error) {
	for _, step := range []func(context.Context, Folder) error{p.reach, p.announce, p.upload, p.await} {
		if err := step(ctx, f); err != nil {
			return offer.Offer{}, err
		}
	}
	request.Dataset, request.Version = f.Manifest.Dataset, f.Manifest.Version
	r, err := p.Ledger.Submit(ctx, "catalogue:Offer", string(ledger.Encode(request)))
	if err != nil {
		return offer.Offer{}, err
	}
	var o offer.Offer
	if err := ledger.Decode(r.Payload, &o); err != nil {
		return o, err
	}
	p.say("offered", o.ID)
	return o, nil
}

func (p *Publisher) say(step, detail string) {
	if p.Progress != nil {
		p.Progress(step, detail)
	}
}

func (p *Publisher) reach(ctx context.Context, _ Folder) error { return p.Store.Reach(ctx) }

// announce signs the manifest with the licensor's ledger key and publishes it.
func (p *Publisher) announce(ctx context.Context, f Folder) error {
	if f.Manifest.Licensor != p.Licensor.Licensor {
		return ErrIdentity.With("the dataset was sealed by " + f.Manifest.Licensor.Party)
	}
	raw := ledger.Encode(f.Manifest)
	digest := sha256.Sum256(raw)
	signature, err := p.Licensor.Sign(digest[:])
	if err != nil {
		return fmt.Errorf("sign the manifest: %w", err)
	}
	request := dataset.PublishRequest{
		Manifest: base64.StdEncoding.EncodeToString(raw), Signature: base64.StdEncoding.EncodeToString(signature),
		Envelope: sealed.Address(f.Envelope.Bytes()),
	}
	_, err = p.Ledger.Submit(ctx, "catalogue:Publish", string(ledger.Encode(request)))
	if errors.Is(err, dataset.ErrPublished) {
		err = p.same(ctx, f, ledger.Digest(raw), request.Envelope)
	}
	if err != nil {
		return err
	}
	p.say("published", f.Manifest.Dataset)
	return nil
}

// same checks that what is published under this name is this folder: a run before was interrupted.
func (p *Publisher) same(ctx context.Context, f Folder, manifest, envelope string) error {
	v, err := p.view(ctx, f)
	if err != nil {
		return err
	}
	if v.Publication.Manifest != manifest || v.Publication.Envelope != envelope {
		return dataset.ErrPublished.With(f.Manifest.Dataset)
	}
	return nil
}

func (p *Publisher) view(ctx context.Context, f Folder) (dataset.View, error) {
	var v dataset.View
	doc, err := p.Ledger.Evaluate(ctx, "catalogue:Dataset", f.Manifest.Dataset, strconv.Itoa(f.Manifest.Version))
	if err != nil {
		return v, err
	}
	return v, ledger.Decode(doc, &v)
}

// upload brings envelope and body to the content store.
func (p *Publisher) upload(ctx context.Context, f Folder) error {
	envelope := f.Envelope.Bytes()
	for _, part := range []struct {
		name, hash string
		size       int64
	}{
		{EnvelopeFile, sealed.Address(envelope), int64(len(envelope))},
		{BodyFile, f.Manifest.BodyHash, f.Manifest.BodySize},
	} {
		open := func() (File, error) { return os.Open(filepath.Join(f.Path, part.name)) }
		if err := p.Store.Put(ctx, part.hash, part.size, open); err != nil {
			return fmt.Errorf("upload %s: %w", part.name, err)
		}
		p.say("uploaded", part.name)
	}
	return nil
}

// await looks until the publication is final: each custodian's half opens and fits its commitment (T12).
func (p *Publisher) await(ctx context.Context, f Folder) error {
	pause := p.Poll
	if pause == 0 {
		pause = 500 * time.Millisecond
	}
	seen := 0
	for {
		v, err := p.view(ctx, f)
		if err != nil && ctx.Err() == nil {
			return err
		}
		for ; seen < len(v.Confirmed); seen++ {
			p.say("custodian", strconv.Itoa(seen+1)+" of "+strconv.Itoa(len(f.Manifest.Custodians))+" confirmed")
		}
		if v.Final {
			p.say("final", f.Manifest.Dataset)
			return nil
		}
		t := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			t.Stop()
			return ErrNotConfirmed.With(strconv.Itoa(seen) + " of " + strconv.Itoa(len(f.Manifest.Custodians)))
		case <-t.C:
		}
	}
}
