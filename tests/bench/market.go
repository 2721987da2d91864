package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/network/play"
)

// The sizes of the benchmark's market.
const (
	machines = 64  // each orders one thing after the other, as a machine's shard demands
	datasets = 100 // that row 4 spreads purchases over
	price    = 2_000
	setting  = 64 // transactions under way while the market is set up
)

// market is what there is to buy, the machines that buy, and the stock of scripts that Bitcoin has paid already.
type market struct {
	net        *network
	buyer      *client.Client // owns all machines
	oracle     *client.Client
	descriptor *payment.Descriptor
	offers     []string
	boxes      []*box
	coins      []coin
	purse      purse
	places     sizes

	puts, unknown atomic.Int64 // blind writes; calls that were made again, see insist

	mu     sync.Mutex
	placed []payable // ordered, paid, not settled: row 2's
	made   []string  // licenses
}

// box is a machine: its record on the ledger and the paid scripts of its next orders, in order.
type box struct {
	id    string
	shard uint32
	next  uint32 // number of the next script to pay
	stock []payable
}

// trade sets the market up once; where that failed it fails again at once.
func (b *bench) trade(ctx context.Context) (*market, error) {
	n, err := b.raise(ctx)
	if err != nil {
		return nil, err
	}
	if n.market == nil && n.failed == nil {
		m := &market{net: n}
		if n.failed = m.setUp(ctx, b); n.failed == nil {
			n.market = m
		}
	}
	return n.market, n.failed
}

func (m *market) setUp(ctx context.Context, b *bench) error {
	var err error
	if m.buyer, err = m.net.as("operator", "buyer1"); err != nil {
		return err
	}
	if m.oracle, err = m.net.as("operator", "oracle"); err != nil {
		return err
	}
	if err := m.readDescriptor(ctx); err != nil {
		return err
	}
	b.progress.say("market: %d datasets, each confirmed by three custodians", datasets)
	if err := m.publishAll(ctx); err != nil {
		return err
	}
	b.progress.say("market: %d machines", machines)
	if err := m.registerAll(ctx); err != nil {
		return err
	}
	if err := m.openBitcoin(ctx); err != nil {
		return err
	}
	return m.weigh(ctx, b)
}

func (m *market) readDescriptor(ctx context.Context) error {
	raw, err := m.buyer.Evaluate(ctx, "governance:Config", "")
	if err != nil {
		return err
	}
	var config consortium.Config
	if err := json.Unmarshal(raw, &config); err != nil {
		return err
	}
	m.descriptor, err = payment.Parse(config.Treasury.Descriptor, config.Bitcoin.Network)
	return err
}

// each does n things, some at a time; the first failure ends the others and is the one returned.
func each(ctx context.Context, n int, do func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, setting)
	var work sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		work.Go(func() {
			defer func() { <-slots }()
			if ctx.Err() != nil {
				return
			}
			if err := do(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	work.Wait()
	return context.Cause(ctx)
}

func (m *market) publishAll(ctx context.Context) error {
	m.offers = make([]string, datasets)
	return each(ctx, datasets, func(ctx context.Context, i int) error {
		id, err := m.publish(ctx, i)
		m.offers[i] = id
		return err
	})
}

// publish puts a dataset on the ledger and offers it. Nobody seals anything: the ledger never sees the data, and the
// custodians' words are what it counts.
func (m *market) publish(ctx context.Context, i int) (offer string, err error) {
	custodians := []string{"LicensorsMSP", "ManufacturerMSP", "OperatorMSP"}
	id, ok := m.net.conn.Identity("licensors", "licensor1")
	if !ok {
		return "", errors.New("the network has no licensor1")
	}
	random := func() string { return ledger.Hash("guildmark/bench/1", rand.Text()) }
	man := dataset.Manifest{
		Format: dataset.ManifestFormat, Version: 1, Licensor: dataset.Licensor{MSP: id.MSP, Party: id.Party},
		Salt: random(), Custodians: custodians,
		Title: fmt.Sprintf("Bench %d", i), Technology: "beverage", Profile: "beverage/1", Size: 1000,
		BodySize: 1032, BodyHash: random(), Cipher: dataset.Cipher,
		Commitments: []dataset.Commitment{{Share: dataset.ShareRuntime, Pair: []string{}, Hash: random()}},
	}
	for _, pair := range [][]string{custodians[:2], custodians[1:], {custodians[0], custodians[2]}} {
		for _, holder := range pair {
			man.Commitments = append(man.Commitments,
				dataset.Commitment{Share: dataset.ShareHalf, Pair: pair, Holder: holder, Hash: random()})
		}
	}
	man.Dataset = dataset.ID(man.Licensor, custodians, man.Salt)
	raw, envelope := ledger.Encode(man), random()
	key, err := client.OpenIdentity(m.net.identity("licensors", "licensor1"), id.MSP)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256(raw)
	signature, err := key.Sign(digest[:])
	if err != nil {
		return "", err
	}
	request := dataset.PublishRequest{
		Manifest:  base64.StdEncoding.EncodeToString(raw),
		Signature: base64.StdEncoding.EncodeToString(signature), Envelope: envelope,
	}
	if err := m.net.submit(ctx, nil, "licensors", "licensor1", "catalogue:Publish",
		string(ledger.Encode(request))); err != nil {
		return "", err
	}
	for _, partner := range []string{"operator", "manufacturer", "licensors"} {
		if err := m.net.submit(ctx, nil, partner, "custodian", "catalogue:Confirm", man.Dataset, "1",
			envelope); err != nil {
			return "", err
		}
	}
	return m.offer(ctx, man, i)
}

func (m *market) offer(ctx context.Context, man dataset.Manifest, i int) (string, error) {
	second, ok := m.net.conn.Identity("licensors", "licensor2")
	if !ok {
		return "", errors.New("the network has no licensor2")
	}
	contributors := []royalty.Contributor{{Payee: man.Licensor.Party, Weight: 2}, {Payee: second.Party, Weight: 1}}
	slices.SortFunc(contributors, func(a, b royalty.Contributor) int { return strings.Compare(a.Payee, b.Payee) })
	request := offer.Request{
		Key: fmt.Sprintf("bench-%d", i), Dataset: man.Dataset, Version: 1,
		Model: offer.Model{Kind: offer.ModelUses, Uses: 3}, Price: price,
		Assurance: consortium.Assurances(), Contributors: contributors,
	}
	var o offer.Offer
	err := m.net.submit(ctx, &o, "licensors", "licensor1", "catalogue:Offer", string(ledger.Encode(request)))
	return o.ID, err
}

func (m *market) registerAll(ctx context.Context) error {
	owner, ok := m.net.conn.Identity("operator", "buyer1")
	if !ok {
		return errors.New("the network has no buyer1")
	}
	m.boxes = make([]*box, machines)
	return each(ctx, machines, func(ctx context.Context, i int) error {
		doc, err := document(owner.Party, uint32(i)) //nolint:gosec // G115: an index
		if err != nil {
			return err
		}
		m.boxes[i] = &box{id: doc.ID, shard: doc.Shard}
		return m.net.submit(ctx, nil, "manufacturer", "registrar", "machines:Register", string(ledger.Encode(doc)))
	})
}

// document is a machine whose keys no TPM made: the registrar, which would have activated them, is the bench itself.
func document(owner string, shard uint32) (machine.Machine, error) {
	salt := hex.EncodeToString([]byte(rand.Text())[:16]) + strings.Repeat("0", 32)
	d := machine.Machine{
		Format: machine.Format, Owner: owner, EKHash: machine.EKHash(salt, []byte("none")),
		Counter: tpmpolicy.CounterName().Hex(),
		Line:    play.Line, Assurance: "vtpm", Shard: shard,
	}
	for _, k := range []struct {
		to       *string
		template tpm2.TPMTPublic
	}{
		{&d.AK, tpmpolicy.SigningTemplate(true)},
		{&d.SRK, tpm2.ECCSRKTemplate},
		{&d.Token, tpmpolicy.SigningTemplate(false)},
	} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return d, err
		}
		point, err := key.PublicKey.Bytes()
		if err != nil {
			return d, err
		}
		k.template.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{
			X: tpm2.TPM2BECCParameter{Buffer: point[1:33]}, Y: tpm2.TPM2BECCParameter{Buffer: point[33:]},
		})
		*k.to = base64.StdEncoding.EncodeToString(tpm2.Marshal(k.template))
	}
	d.ID = machine.ID(ledger.Hash("guildmark/bench/1", d.AK), salt)
	return d, nil
}
