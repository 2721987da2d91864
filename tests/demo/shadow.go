package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// shadowChannel is a second channel of the same partners with the same chaincode. No machine's trust bundle names it.
const shadowChannel = "shadow"

// shadow repeats the sale on the second channel: the same machine, the same recipe, settled by the same Bitcoin
// payment.
type shadow struct {
	*world

	view dataset.View
	err  error // the first thing that failed
}

func newShadow(w *world) *shadow { return &shadow{world: w} }

// sell makes a real license of the second channel and lets two partners sign it.
func (s *shadow) sell(ctx context.Context) (signed.File, error) {
	var sold offer.Offer
	if err := s.Read(ctx, &sold, "catalogue:GetOffer", s.offer); err != nil {
		return signed.File{}, err
	}
	id, version := sold.Dataset, strconv.Itoa(sold.Version)
	if err := s.Read(ctx, &s.view, "catalogue:Dataset", id, version); err != nil {
		return signed.File{}, err
	}
	s.publish(ctx, id, version)
	placed := s.order(ctx, sold)
	license := s.settle(ctx, placed)
	if s.err != nil {
		return signed.File{}, s.err
	}
	reader, err := s.on("operator", "reader")
	if err != nil {
		return signed.File{}, err
	}
	return reader.Sign(ctx, client.Exactly("LicensorsMSP", "OperatorMSP"), "licenses:Sign", license, nonce)
}

func (s *shadow) on(partner, name string) (*client.Client, error) {
	c, err := s.As(partner, name)
	if err != nil {
		return nil, err
	}
	return c.On(shadowChannel), nil
}

// do submits on the second channel unless something failed before.
func (s *shadow) do(ctx context.Context, partner, name, function string, args ...string) []byte {
	if s.err != nil {
		return nil
	}
	c, err := s.on(partner, name)
	if err != nil {
		s.err = err
		return nil
	}
	result, err := c.Submit(ctx, function, args...)
	if err != nil {
		s.err = fmt.Errorf("on %s: %w", shadowChannel, err)
	}
	return result.Payload
}

func (s *shadow) publish(ctx context.Context, id, version string) {
	request := dataset.PublishRequest{
		Manifest: s.view.Manifest, Signature: s.view.Publication.Signature,
		Envelope: s.view.Publication.Envelope,
	}
	s.do(ctx, "licensors", "licensor1", "catalogue:Publish", string(ledger.Encode(request)))
	for _, partner := range []string{"operator", "manufacturer", "licensors"} {
		s.do(ctx, partner, "custodian", "catalogue:Confirm", id, version, s.view.Publication.Envelope)
	}
}

func (s *shadow) order(ctx context.Context, sold offer.Offer) order.Order {
	var box machine.Machine
	if err := s.Read(ctx, &box, "machines:Get", s.machine.ID); err != nil {
		s.err = err
	}
	box.Registrar, box.Epoch = "", 0
	s.do(ctx, "manufacturer", "registrar", "machines:Register", string(ledger.Encode(box)))
	request := offer.Request{
		Key: shadowChannel, Dataset: sold.Dataset, Version: sold.Version, Model: sold.Model, Price: sold.Price,
		Assurance:    sold.Assurance,
		Contributors: append([]royalty.Contributor{}, sold.Split.Contributors...), Residual: sold.Split.Residual,
	}
	var offered offer.Offer
	s.decode(s.do(ctx, "licensors", "licensor1", "catalogue:Offer", string(ledger.Encode(request))), &offered)
	var placed order.Order
	s.decode(s.do(ctx, "operator", "buyer1", "orders:Place",
		string(ledger.Encode(order.Request{
			Key: shadowChannel, Machine: s.machine.ID,
			Offers: []string{offered.ID},
		}))), &placed)
	return placed
}

func (s *shadow) decode(raw []byte, into any) {
	if s.err == nil {
		s.err = json.Unmarshal(raw, into)
	}
}

// settle brings the chain to the second channel and proves the first sale's payment there: both orders have the
// machine's first collect script.
func (s *shadow) settle(ctx context.Context, placed order.Order) (license string) {
	paid := s.report.Sale.Outputs[0]
	headers, proof, block, err := s.proof(ctx, paid)
	if err != nil && s.err == nil {
		s.err = err
	}
	s.do(ctx, "operator", "oracle", "bitcoin:Start")
	s.do(ctx, "operator", "oracle", "bitcoin:SubmitHeaders", string(ledger.Encode(headers)))
	for _, partner := range []string{"operator", "manufacturer"} {
		s.do(ctx, partner, "oracle", "bitcoin:Attest", strconv.FormatInt(paid.Height, 10), block)
	}
	request := order.SettleRequest{Order: placed.ID, Height: spv.Height(paid.Height), Block: block} //nolint:gosec // G115: a height of the chain
	if proof != nil {
		request.Proof = *proof
	}
	var result order.SettleResult
	s.decode(s.do(ctx, "operator", "oracle", "orders:Settle", string(ledger.Encode(request))), &result)
	if s.err == nil && len(result.Licenses) != 1 {
		s.err = fmt.Errorf("the second channel issued %d licenses", len(result.Licenses))
	}
	if s.err != nil {
		return ""
	}
	return result.Licenses[0]
}

// proof reads headers from the start and the proof of a payment from the Bitcoin node.
func (s *shadow) proof(ctx context.Context, paid Output) (headers []string, proof *spv.Proof, block string,
	err error,
) {
	start, err := spv.Genesis(s.Conn.Bitcoin[0].Network)
	if err != nil {
		return nil, nil, "", err
	}
	raw, err := s.Bitcoin.Headers(ctx, start.Hash, 500)
	if err != nil {
		return nil, nil, "", err
	}
	for _, h := range raw {
		headers = append(headers, hex.EncodeToString(h[:]))
	}
	hash, _, err := s.Bitcoin.HashAt(ctx, spv.Height(paid.Height)) //nolint:gosec // G115: a height of the chain
	if err != nil {
		return nil, nil, "", err
	}
	b, err := s.Bitcoin.Block(ctx, hash)
	if err != nil {
		return nil, nil, "", err
	}
	for i, tx := range b.Transactions {
		if id := tx.TxHash(); paid.Outpoint[:2*chainhash.HashSize] == id.String() {
			proof, err = spv.NewProof(b.Transactions, i)
			return headers, proof, hash.String(), err
		}
	}
	return nil, nil, "", fmt.Errorf("block %s doesn't hold the payment", hash)
}
