package custodian

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// answer answers a grant (T15): read the committed record from the own peer -> recompute it from the terms ->
// sign the limit -> wrap the half -> record both on the ledger.
func (c *Custodian) answer(ctx context.Context, announced grant.Grant) error {
	r, err := c.load(ctx, announced)
	if err != nil || r.answered {
		return err
	}
	if err := c.checkActivated(r.Machine); err != nil {
		return err
	}
	if err := r.grant.Check(r.Basis); err != nil {
		return ErrRecord.With(err.Error())
	}
	due, err := grant.DueOf(r.grant, r.License, r.Custodians, c.MSP)
	if err != nil {
		return err
	}
	if err := c.remember(ctx, r.grant); err != nil {
		return err
	}
	a, err := c.release(ctx, r, due)
	if err != nil {
		return err
	}
	_, err = c.Ledger.Submit(ctx, "licenses:AnswerGrant", string(ledger.Encode(a)))
	if errors.Is(err, grant.ErrTwice) {
		return nil // a run before a crash did it
	}
	return err
}

// record is what the own peer holds about one grant.
type record struct {
	grant.Basis

	grant    grant.Grant
	answered bool
}

// load reads a grant and its basis from the own peer. It refuses a grant that differs from the event.
func (c *Custodian) load(ctx context.Context, announced grant.Grant) (*record, error) {
	var v grant.View
	if err := c.read(ctx, &v, "licenses:GetGrant", announced.License, strconv.Itoa(announced.Number)); err != nil {
		return nil, err
	}
	if !bytes.Equal(ledger.Encode(v.Grant), ledger.Encode(announced)) {
		return nil, ErrRecord.With("the event announced another grant")
	}
	r := &record{grant: v.Grant}
	if r.answered = slices.ContainsFunc(v.Answers, func(a grant.Answer) bool { return a.MSP == c.MSP }); r.answered {
		return r, nil
	}
	if err := c.read(ctx, &r.License, "licenses:Get", r.grant.License); err != nil {
		return nil, err
	}
	if err := c.read(ctx, &r.Machine, "machines:Get", r.License.Machine); err != nil {
		return nil, err
	}
	var err error
	r.Custodians, err = c.custodians(ctx, r.License.Custodians)
	return r, err
}

// custodians are the recipients of a custodian set, in its order.
func (c *Custodian) custodians(ctx context.Context, set []string) ([]consortium.Recipient, error) {
	nonce := make([]byte, 32)
	_, _ = rand.Read(nonce) // never fails: crypto/rand
	var a signed.Answer
	if err := c.read(ctx, &a, "governance:SignRecipients", hex.EncodeToString(nonce)); err != nil {
		return nil, err
	}
	var body signed.RecipientsBody
	if err := ledger.Decode(a.Body, &body); err != nil {
		return nil, ErrRecord.With("recipients")
	}
	found, err := grant.Custodians(body.Recipients, set)
	if err != nil {
		return nil, ErrRecord.With(err.Error())
	}
	return found, nil
}

// release signs the limit and wraps the half: that of the lower MSP under the policy that uses up one use,
// that of the upper MSP under none.
func (c *Custodian) release(ctx context.Context, r *record, due grant.Due) (grant.Answer, error) {
	half, err := c.licensedHalf(ctx, r)
	if err != nil {
		return grant.Answer{}, err
	}
	defer half.Wipe()
	srk, err := ledger.Base64(r.Machine.SRK)
	if err != nil {
		return grant.Answer{}, ErrRecord.With("SRK")
	}
	blob, err := tpmpolicy.Wrap(rand.Reader, half[:], srk, due.Policy)
	if err != nil {
		return grant.Answer{}, err
	}
	signature, err := ecdsa.SignASN1(rand.Reader, c.grant, due.Limit[:])
	if err != nil {
		return grant.Answer{}, fmt.Errorf("sign the limit: %w", err)
	}
	text := base64.StdEncoding.EncodeToString
	return grant.Answer{
		License: r.grant.License, Number: r.grant.Number, MSP: c.MSP, Signature: text(signature),
		Public: text(blob.Public), Duplicate: text(blob.Duplicate), Seed: text(blob.Seed),
	}, nil
}

// licensedHalf opens the half of the dataset version that the license names.
func (c *Custodian) licensedHalf(ctx context.Context, r *record) (sealed.Share, error) {
	m, p, err := c.version(ctx, r.License.Dataset, r.License.Version)
	if err != nil {
		return sealed.Share{}, err
	}
	if p.Manifest != r.License.Manifest || !slices.Equal(m.Custodians, r.License.Custodians) {
		return sealed.Share{}, ErrRecord.With("the manifest is not the one that was licensed")
	}
	e, err := c.envelope(ctx, p.Envelope)
	if err != nil {
		return sealed.Share{}, err
	}
	return c.half(m, e, r.grant.Pair)
}
