package contract

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/cid"
	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// Catalogue is what is sold: published versions of datasets and the offers under which they can be licensed.
type Catalogue struct{ contractapi.Contract }

// Publish records a dataset version's manifest, signed by the licensor.
func (c *Catalogue) Publish(t *Transaction, document string) (string, error) {
	return answer(c.publish(t, document))
}

func (c *Catalogue) publish(t *Transaction, document string) (dataset.Publication, error) {
	var p dataset.Publication
	var r dataset.PublishRequest
	if err := ledger.Decode([]byte(document), &r); err != nil {
		return p, err
	}
	raw, err := ledger.Base64(r.Manifest)
	if err != nil {
		return p, dataset.ErrManifest.With("not base64")
	}
	var m dataset.Manifest
	if err := ledger.DecodeCanonical(raw, &m); err != nil {
		return p, err
	}
	if err := dataset.Check(&m, t.caller, t.config.Homes); err != nil {
		return p, err
	}
	if ledger.CheckID(r.Envelope) != nil {
		return p, dataset.ErrEnvelope.With(r.Envelope)
	}
	if err := checkSignature(t, raw, r.Signature); err != nil {
		return p, err
	}
	if err := follows(t, &m); err != nil {
		return p, err
	}
	epoch, err := t.epoch()
	if err != nil {
		return p, err
	}
	p = dataset.Publication{
		Format: dataset.PublicationFormat, Licensor: m.Licensor, Manifest: ledger.Digest(raw), Signature: r.Signature,
		Envelope: r.Envelope, Epoch: epoch,
	}
	if err := t.create(dataset.PublicationKey(m.Dataset, m.Version), p, dataset.ErrPublished); err != nil {
		return p, err
	}
	if err := t.putText(dataset.ManifestKey(m.Dataset, m.Version), string(raw)); err != nil {
		return p, err
	}
	return p, t.event(ledger.EventDatasetPublished, dataset.Published{Manifest: r.Manifest, Publication: p})
}

// follows demands the version before; licensor and custodians can't differ, since the id commits to them.
func follows(t *Transaction, m *dataset.Manifest) error {
	if m.Version == 1 {
		return nil
	}
	ok, err := t.has(dataset.PublicationKey(m.Dataset, m.Version-1))
	if err == nil && !ok {
		return dataset.ErrVersion
	}
	return err
}

// checkSignature demands that the caller's own ledger key, which is pinned, signed the bytes.
func checkSignature(t *Transaction, raw []byte, signature string) error {
	cert, err := cid.GetX509Certificate(t.GetStub())
	if err != nil {
		return ErrCaller.With(err.Error())
	}
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	der, decodeErr := ledger.Base64(signature)
	digest := sha256.Sum256(raw)
	if !ok || decodeErr != nil || !ecdsa.VerifyASN1(key, digest[:], der) {
		return dataset.ErrSignature
	}
	return nil
}

// Confirm records that the calling custodian's half opens; the last custodian's word makes the version final (T12).
func (c *Catalogue) Confirm(t *Transaction, id, version, envelope string) (string, error) {
	return answer(c.confirm(t, id, version, envelope))
}

func (c *Catalogue) confirm(t *Transaction, id, version, envelope string) (dataset.Confirmed, error) {
	v, err := loadVersion(t, id, version)
	if err != nil {
		return dataset.Confirmed{}, err
	}
	confirmed, err := confirmations(t, &v.manifest)
	if err != nil {
		return dataset.Confirmed{}, err
	}
	final, err := dataset.CheckConfirmation(&v.manifest, v.publication, t.caller.MSP, envelope, confirmed)
	if err != nil {
		return dataset.Confirmed{}, err
	}
	epoch, err := t.epoch()
	if err != nil {
		return dataset.Confirmed{}, err
	}
	m := &v.manifest
	word := dataset.Confirmation{Party: t.caller.Party, Epoch: epoch}
	if err := t.put(dataset.ConfirmationKey(m.Dataset, m.Version, t.caller.MSP), word); err != nil {
		return dataset.Confirmed{}, err
	}
	if final {
		if err := t.put(dataset.FinalKey(m.Dataset, m.Version), dataset.Final{Epoch: epoch}); err != nil {
			return dataset.Confirmed{}, err
		}
	}
	result := dataset.Confirmed{Dataset: m.Dataset, Version: m.Version, MSP: t.caller.MSP, Final: final}
	return result, t.event(ledger.EventDatasetConfirmed, result)
}

// confirmations reads each custodian's word by its own key, so that two in one block conflict and one is the last.
func confirmations(t *Transaction, m *dataset.Manifest) ([]string, error) {
	var confirmed []string
	for _, msp := range m.Custodians {
		ok, err := t.has(dataset.ConfirmationKey(m.Dataset, m.Version, msp))
		if err != nil {
			return nil, err
		}
		if ok {
			confirmed = append(confirmed, msp)
		}
	}
	return confirmed, nil
}

// version is a published version of a dataset.
type version struct {
	manifest    dataset.Manifest
	raw         string // the manifest's exact bytes
	publication dataset.Publication
}

func loadVersion(t *Transaction, id, number string) (version, error) {
	var v version
	n, err := parseNumber(number)
	if err != nil {
		return v, err
	}
	if err := ledger.CheckID(id); err != nil {
		return v, err
	}
	if err := t.need(dataset.PublicationKey(id, int(n)), &v.publication, dataset.ErrUnknown); err != nil {
		return v, err
	}
	key := dataset.ManifestKey(id, int(n))
	if v.raw, err = t.text(key); err != nil {
		return v, err
	}
	return v, t.need(key, &v.manifest, dataset.ErrUnknown)
}

// Offer records the terms under which the caller's dataset can be licensed.
func (c *Catalogue) Offer(t *Transaction, document string) (string, error) {
	return answer(c.offer(t, document))
}

func (c *Catalogue) offer(t *Transaction, document string) (offer.Offer, error) {
	var r offer.Request
	var o offer.Offer
	if err := ledger.Decode([]byte(document), &r); err != nil {
		return o, err
	}
	epoch, err := t.epoch()
	if err != nil {
		return o, err
	}
	owner := dataset.Licensor{MSP: t.caller.MSP, Party: t.caller.Party}
	o, err = offer.New(r, owner, royalty.Commission(t.config.Commission), t.config.Limits.MinPrice, consortium.Assurances(), epoch)
	if err != nil {
		return o, err
	}
	if err := t.checkPayees(o.Split); err != nil {
		return o, err
	}
	var before offer.Offer
	known, err := t.get(offer.Key(o.ID), &before)
	if err != nil {
		return o, err
	}
	if known {
		if before.Repeats(r) {
			return before, nil
		}
		return o, offer.ErrKeyReused.With(r.Key)
	}
	var p dataset.Publication
	if err := t.need(dataset.PublicationKey(o.Dataset, o.Version), &p, dataset.ErrUnknown); err != nil {
		return o, err
	}
	if p.Licensor != owner {
		return o, dataset.ErrForeign.With(p.Licensor.Party)
	}
	if err := t.put(offer.Key(o.ID), o); err != nil {
		return o, err
	}
	return o, t.event(ledger.EventOfferMade, o)
}

// Dataset reads a published version.
func (c *Catalogue) Dataset(t *Transaction, id, number string) (string, error) {
	return answer(c.dataset(t, id, number))
}

func (c *Catalogue) dataset(t *Transaction, id, number string) (dataset.View, error) {
	v, err := loadVersion(t, id, number)
	if err != nil {
		return dataset.View{}, err
	}
	view := dataset.View{Manifest: base64.StdEncoding.EncodeToString([]byte(v.raw)), Publication: v.publication}
	if view.Confirmed, err = confirmations(t, &v.manifest); err != nil {
		return view, err
	}
	view.Final, err = t.has(dataset.FinalKey(v.manifest.Dataset, v.manifest.Version))
	return view, err
}

// GetOffer reads an offer.
func (c *Catalogue) GetOffer(t *Transaction, id string) (string, error) {
	return answer(loadOffer(t, id))
}

func loadOffer(t *Transaction, id string) (offer.Offer, error) {
	var o offer.Offer
	if err := ledger.CheckID(id); err != nil {
		return o, err
	}
	return o, t.need(offer.Key(id), &o, offer.ErrUnknown)
}
