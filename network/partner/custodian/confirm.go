package custodian

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/sealed"
)

// published reads the manifest from the event of a publication.
func published(payload []byte) (dataset.Manifest, error) {
	var p dataset.Published
	if err := ledger.Decode(payload, &p); err != nil {
		return dataset.Manifest{}, err
	}
	return manifestOf(p.Manifest, p.Publication)
}

// manifestOf reads a manifest and checks that it is the published one.
func manifestOf(text string, p dataset.Publication) (dataset.Manifest, error) {
	var m dataset.Manifest
	raw, err := ledger.Base64(text)
	if err != nil {
		return m, ErrRecord.With("manifest")
	}
	if err := ledger.DecodeCanonical(raw, &m); err != nil {
		return m, err
	}
	if ledger.Digest(raw) != p.Manifest || dataset.ID(m.Licensor, m.Custodians, m.Salt) != m.Dataset {
		return m, ErrRecord.With("manifest of " + m.Dataset)
	}
	return m, nil
}

// do does one task and returns its verdict.
func (c *Custodian) do(ctx context.Context, t task) (verdict, error) {
	var err error
	switch t.Kind {
	case ledger.EventDatasetPublished:
		err = c.confirm(ctx, t.Payload)
	case ledger.EventGrantRecorded:
		var g grant.Grant
		if err = ledger.Decode(t.Payload, &g); err == nil {
			err = c.answer(ctx, g)
		}
	}
	v := judge(err)
	log := c.Log.With(slog.String("task", t.Name))
	switch {
	case ctx.Err() != nil:
	case v == done:
		log.Info("task done")
	case v == never:
		log.Error("task refused for good", slog.Any("error", err))
	case t.tries == 0:
		log.Warn("task not possible yet, trying again", slog.Any("error", err))
	default:
		log.Debug("task not possible yet, trying again", slog.Any("error", err), slog.Int("tries", t.tries))
	}
	return v, err
}

// judge decides whether a failed task is tried again. Refusals of the bytes themselves (sealing, TPM, record)
// are final, and so is the ledger's refusal of a write. A record that the own peer does not have yet, a
// content store that does not answer and a machine that has not activated yet are tried again.
func judge(err error) verdict {
	var r *ledger.Refusal
	switch {
	case err == nil:
		return done
	case errors.Is(err, ErrActivated), errors.Is(err, ErrContent), !errors.As(err, &r):
		return again
	case r.Kind == ledger.NotFound, r.Kind == ledger.Unavailable, r.Kind == ledger.Limit:
		return again
	}
	return never
}

// confirm opens every half that this custodian holds of a published version, compares it with its commitment,
// and records the confirmation on the ledger (T12).
func (c *Custodian) confirm(ctx context.Context, payload []byte) error {
	announced, err := published(payload)
	if err != nil {
		return err
	}
	m, p, err := c.version(ctx, announced.Dataset, announced.Version)
	if err != nil {
		return err
	}
	if !slices.Equal(ledger.Encode(m), ledger.Encode(announced)) {
		return ErrRecord.With("the event announced another manifest of dataset " + m.Dataset)
	}
	e, err := c.envelope(ctx, p.Envelope)
	if err != nil {
		return err
	}
	if err := c.openAll(m, e); err != nil {
		return err
	}
	_, err = c.Ledger.Submit(ctx, "catalogue:Confirm", m.Dataset, strconv.Itoa(m.Version), p.Envelope)
	if errors.Is(err, dataset.ErrConfirmed) {
		return nil // a run before a crash did it
	}
	return err
}

// openAll opens this custodian's half of each pair that it is in.
func (c *Custodian) openAll(m dataset.Manifest, e sealed.Envelope) error {
	for _, pair := range sealed.Pairs(m.Custodians) {
		if !slices.Contains(pair, c.MSP) {
			continue
		}
		half, err := c.half(m, e, pair)
		half.Wipe()
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Custodian) half(m dataset.Manifest, e sealed.Envelope, pair []string) (sealed.Share, error) {
	return sealed.Binding{Channel: c.Channel, Manifest: m}.OpenHalf(e, c.hpke, c.Party, c.MSP, pair)
}

// version reads a published version from the own peer.
func (c *Custodian) version(ctx context.Context, id string, version int) (dataset.Manifest, dataset.Publication,
	error,
) {
	var v dataset.View
	if err := c.read(ctx, &v, "catalogue:Dataset", id, strconv.Itoa(version)); err != nil {
		return dataset.Manifest{}, dataset.Publication{}, err
	}
	m, err := manifestOf(v.Manifest, v.Publication)
	if err == nil && (m.Dataset != id || m.Version != version) {
		err = ErrRecord.With("another dataset or version than " + id)
	}
	return m, v.Publication, err
}

// read reads a document from the own peer.
func (c *Custodian) read(ctx context.Context, v any, function string, args ...string) error {
	doc, err := c.Ledger.Evaluate(ctx, function, args...)
	if err != nil {
		return err
	}
	if err := ledger.Decode([]byte(doc), v); err != nil {
		return ErrRecord.With(function + ": " + err.Error())
	}
	return nil
}
