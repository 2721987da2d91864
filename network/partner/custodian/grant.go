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
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// answer does what T15 asks of a custodian: read the committed record from the own peer, recompute everything from the
// terms, sign the limit, wrap the half, and say so on the ledger.
func (c *Custodian) answer(ctx context.Context, announced grant.Grant) error {
	r, err := c.load(ctx, announced)
	if err != nil || r.answered {
		return err
	}
	signer, err := c.activated(r.machine)
	if err != nil {
		return err
	}
	if err := r.checkTerms(); err != nil {
		return err
	}
	if err := r.checkAttestations(signer); err != nil {
		return err
	}
	limit, err := r.limit()
	if err != nil {
		return err
	}
	if err := c.remember(ctx, r.grant); err != nil {
		return err
	}
	a, err := c.release(ctx, r, limit)
	if err != nil {
		return err
	}
	_, err = c.Ledger.Submit(ctx, "licenses:AnswerGrant", string(ledger.Encode(a)))
	if errors.Is(err, grant.ErrTwice) {
		return nil // said before a crash
	}
	return err
}

// record is all that the own peer holds about one grant.
type record struct {
	grant    grant.Grant
	answered bool
	license  license.License
	machine  machine.Machine
	keys     tpmpolicy.Custodians // of the custodian set, in the order of its MSPs
	meter    tpmpolicy.MeterID
	index    tpmpolicy.Index
}

// load reads a grant and what it rests on from the own peer, and refuses a grant that the event told differently.
func (c *Custodian) load(ctx context.Context, announced grant.Grant) (*record, error) {
	var v grant.View
	if err := c.read(ctx, &v, "licenses:GetGrant", announced.License, strconv.Itoa(announced.Number)); err != nil {
		return nil, err
	}
	if !bytes.Equal(ledger.Encode(v.Grant), ledger.Encode(announced)) {
		return nil, ErrRecord.With("another grant than was announced")
	}
	r := &record{grant: v.Grant}
	if r.answered = slices.ContainsFunc(v.Answers, func(a grant.Answer) bool { return a.MSP == c.MSP }); r.answered {
		return r, nil
	}
	if err := c.read(ctx, &r.license, "licenses:Get", r.grant.License); err != nil {
		return nil, err
	}
	if err := c.read(ctx, &r.machine, "machines:Get", r.license.Machine); err != nil {
		return nil, err
	}
	var err error
	r.keys, err = c.grantKeys(ctx, r.license.Custodians)
	return r, err
}

// grantKeys are the grant-signing keys of a custodian set, in its order.
func (c *Custodian) grantKeys(ctx context.Context, set []string) (tpmpolicy.Custodians, error) {
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
	var keys tpmpolicy.Custodians
	for _, msp := range set {
		i := slices.IndexFunc(body.Recipients, func(r consortium.Recipient) bool {
			return r.Role == consortium.CustodianRecipient && r.MSP == msp
		})
		if i < 0 {
			return nil, ErrRecord.With("no custodian of " + msp)
		}
		key, err := body.Recipients[i].SigningKey()
		if err != nil {
			return nil, ErrRecord.With(err.Error())
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// checkTerms compares the grant with the license's terms and recomputes the rest, so that nothing in the record is believed.
func (r *record) checkTerms() error {
	g, l := r.grant, r.license
	if l.ID != g.License || l.Machine != g.Machine || l.Machine != r.machine.ID {
		return ErrRecord.With("grant, license and machine don't belong together")
	}
	if l.Terms != license.TermsHash(l.Dataset, l.Version, l.Model) {
		return ErrRecord.With("terms")
	}
	if !isPair(g.Pair, l.Custodians) || !slices.Equal(g.Pair, g.Request.Pair) {
		return ErrRecord.With("pair")
	}
	if g.Limit != l.Model.Uses {
		return ErrRecord.With("a limit of " + strconv.FormatInt(g.Limit, 10) + " for " + strconv.FormatInt(l.Model.Uses, 10) + " uses")
	}
	return r.checkIndex()
}

// checkIndex recomputes meter, write policy and Name of the index from the terms and the custodians' keys.
func (r *record) checkIndex() error {
	g, l := r.grant, r.license
	r.meter = tpmpolicy.Meter(l.Machine, l.Dataset, l.Terms)
	if hex.EncodeToString(r.meter[:]) != g.Meter {
		return ErrRecord.With("meter")
	}
	var err error
	if r.index, err = tpmpolicy.NewIndex(g.Request.Index, r.keys, r.meter); err != nil {
		return err
	}
	if hex.EncodeToString(r.index.Policy[:]) != g.Policy {
		return ErrRecord.With("write policy of the index")
	}
	if r.index.Name(false).Hex() != g.IndexName || g.IndexName != g.Request.IndexName {
		return ErrRecord.With("name of the index")
	}
	return nil
}

func isPair(pair, set []string) bool {
	return len(pair) == 2 && pair[0] < pair[1] && slices.Contains(set, pair[0]) && slices.Contains(set, pair[1])
}

// checkAttestations has the machine's TPM itself say the counter and the reset count of this very session.
func (r *record) checkAttestations(signer *tpmpolicy.Signer) error {
	g := r.grant
	if signer.SRK().Name().Hex() != g.SRKName || g.Nonce != g.Request.Nonce {
		return ErrRecord.With("name of the SRK, or nonce")
	}
	nonce, err := ledger.Base64(g.Nonce)
	if err != nil {
		return ErrRecord.With("nonce")
	}
	extra := tpmpolicy.GrantDigest(g.License, nonce, r.index.Name(false))
	counter, err := grant.Decode(g.Request.Counter)
	if err != nil {
		return ErrRecord.With("attestation of the counter")
	}
	at, err := grant.Decode(g.Request.Time)
	if err != nil {
		return ErrRecord.With("attestation of the time")
	}
	c, err := signer.Counter(counter, tpmpolicy.CounterName(), extra[:])
	if err != nil {
		return err
	}
	now, err := signer.Time(at, extra[:])
	if err != nil {
		return err
	}
	if c != g.Counter || now.ResetCount != g.ResetCount {
		return ErrRecord.With("counter or reset count")
	}
	return nil
}

// limit is the digest to sign: this limit, for this session of this TPM, on an index that was never written.
func (r *record) limit() (tpmpolicy.Digest, error) {
	nonce, err := ledger.Base64(r.grant.Nonce)
	if err != nil {
		return tpmpolicy.Digest{}, ErrRecord.With("nonce")
	}
	write, err := r.index.FirstLimit(r.grant.Limit)
	if err != nil {
		return tpmpolicy.Digest{}, err
	}
	return write.Digest(nonce, r.meter)
}

// release signs the limit and wraps the half: the lower MSP's under the policy that burns a use, the upper's without.
func (c *Custodian) release(ctx context.Context, r *record, limit tpmpolicy.Digest) (grant.Answer, error) {
	half, err := c.licensedHalf(ctx, r)
	if err != nil {
		return grant.Answer{}, err
	}
	defer half.Wipe()
	policy, err := r.policy(c.MSP)
	if err != nil {
		return grant.Answer{}, err
	}
	srk, err := ledger.Base64(r.machine.SRK)
	if err != nil {
		return grant.Answer{}, ErrRecord.With("SRK")
	}
	blob, err := tpmpolicy.Wrap(rand.Reader, half[:], srk, policy)
	if err != nil {
		return grant.Answer{}, err
	}
	signature, err := ecdsa.SignASN1(rand.Reader, c.grant, limit[:])
	if err != nil {
		return grant.Answer{}, fmt.Errorf("sign the limit: %w", err)
	}
	text := base64.StdEncoding.EncodeToString
	return grant.Answer{
		License: r.grant.License, Number: r.grant.Number, MSP: c.MSP, Signature: text(signature),
		Public: text(blob.Public), Duplicate: text(blob.Duplicate), Seed: text(blob.Seed),
	}, nil
}

func (r *record) policy(msp string) (tpmpolicy.Digest, error) {
	if msp == r.grant.Pair[0] {
		return tpmpolicy.UsePolicy(tpmpolicy.CounterName(), r.grant.Counter, r.index, r.meter)
	}
	return tpmpolicy.CounterPolicy(tpmpolicy.CounterName(), r.grant.Counter)
}

// licensedHalf opens the half of the dataset version that the license names.
func (c *Custodian) licensedHalf(ctx context.Context, r *record) (sealed.Share, error) {
	m, p, err := c.version(ctx, r.license.Dataset, r.license.Version)
	if err != nil {
		return sealed.Share{}, err
	}
	if p.Manifest != r.license.Manifest || !slices.Equal(m.Custodians, r.license.Custodians) {
		return sealed.Share{}, ErrRecord.With("another manifest than was licensed")
	}
	e, err := c.envelope(ctx, p.Envelope)
	if err != nil {
		return sealed.Share{}, err
	}
	return c.half(m, e, r.grant.Pair)
}
