package agent

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/offer"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/market"
)

// issueToken checks the assertion against the key in the machine's ledger record.
func (w *world) issueToken(r *http.Request) (any, error) {
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	var claims jwt.RegisteredClaims
	_, err := jwt.ParseWithClaims(r.Form.Get("client_assertion"), &claims, func(*jwt.Token) (any, error) {
		m, ok := w.machines[claims.Subject]
		if !ok {
			return nil, fmt.Errorf("unknown machine %s", claims.Subject)
		}
		raw, err := base64.StdEncoding.DecodeString(m.Token)
		if err != nil {
			return nil, err
		}
		p, err := tpmpolicy.ParseToken(raw)
		if err != nil {
			return nil, err
		}
		return p.Key()
	}, jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience(w.server.URL), jwt.WithExpirationRequired())
	if err != nil || claims.Issuer != claims.Subject || r.Form.Get("grant_type") != "client_credentials" {
		return nil, ledger.Refuse(ledger.Forbidden, "oauth.invalid_client", fmt.Sprint(err))
	}
	token := hex.EncodeToString(draw(w.t, 16))
	w.tokens[token] = claims.Subject
	return map[string]any{"access_token": token, "expires_in": 300, "token_type": "Bearer"}, nil
}

func (w *world) who(r *http.Request) (machine.Machine, error) {
	id, ok := w.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	if !ok {
		return machine.Machine{}, ledger.Refuse(ledger.Forbidden, "token.missing", "no token")
	}
	return w.machines[id], nil
}

func (w *world) item() order.Item {
	doc := sha256.Sum256(ledger.Encode(w.manifest))
	return order.Item{
		Offer: offerID, Dataset: w.manifest.Dataset, Version: 1, Manifest: hex.EncodeToString(doc[:]),
		Custodians: w.manifest.Custodians,
		Model:      offer.Model{Kind: "uses", Uses: 3}, Price: 5000,
	}
}

// a constant that needs a function
var offerID = ledger.Hash("guildmark/test/1", "offer")

func (w *world) placeOrder(r *http.Request) (any, error) {
	m, err := w.who(r)
	if err != nil {
		return nil, err
	}
	in, err := decode[market.OrderRequest](r)
	if err != nil || in.Machine != m.ID || !slices.Equal(in.Offers, []string{offerID}) {
		return nil, ledger.Refuse(ledger.NotFound, "offer.unknown", "no such offer")
	}
	key := m.ID + "/" + r.Header.Get("Idempotency-Key")
	o, ok := w.orders[key]
	if !ok {
		o = order.Order{
			Format: "guildmark/order/1",
			ID: order.ID(w.consortium.Bundle.Channel, signedtest.Operator, buyerID,
				r.Header.Get("Idempotency-Key")), Buyer: buyerID, Machine: m.ID,
			Items: []order.Item{w.item()}, Price: 5000, Descriptor: 1, Shard: m.Shard,
			Number: uint32(len(w.orders)), Created: 1, Expires: 99,
		}
		collect, err := w.descriptor.Derive(o.Shard, o.Number)
		if err != nil {
			return nil, err
		}
		o.Script, o.Address = hex.EncodeToString(collect.Script), collect.Address
		if w.crook != nil {
			w.crook(&o)
		}
		w.orders[key] = o
	}
	return map[string]any{"order": o, "uri": "bitcoin:" + o.Address}, nil
}

func (w *world) order(id string) (order.Order, error) {
	for _, o := range w.orders {
		if o.ID == id {
			return o, nil
		}
	}
	return order.Order{}, ledger.Refuse(ledger.NotFound, "order.unknown", "no such order")
}

func (w *world) getOrder(r *http.Request) (any, error) {
	if _, err := w.who(r); err != nil {
		return nil, err
	}
	o, err := w.order(r.PathValue("order"))
	view := order.View{Order: o, State: "open"}
	if err == nil && w.paid[o.Script] {
		l := w.settle(o)
		view.State, view.Paid, view.Licenses = "paid", o.Price, []string{l.ID}
	}
	return view, err
}

func (w *world) settle(o order.Order) license.License {
	item := o.Items[0]
	l := license.License{
		Format: license.Format, ID: license.ID(o.ID, "0"), Order: o.ID, Machine: o.Machine, Buyer: o.Buyer,
		Dataset: item.Dataset, Version: 1,
		Manifest: item.Manifest, Custodians: item.Custodians, Model: item.Model,
		Terms: license.TermsHash(item.Dataset, 1, item.Model), Epoch: 2,
	}
	w.licenses[l.ID] = l
	return l
}

func (w *world) sign(answer signed.Answer) (any, error) {
	answer.Clock = w.clock
	answer.Lease = w.clock + 86400
	d := w.deed
	d.Answer, d.Signers = answer, w.peers
	return w.consortium.File(d)
}

func (w *world) signRecipients(r *http.Request) (any, error) {
	in, err := decode[market.NonceRequest](r)
	if err != nil {
		return nil, err
	}
	body := signed.RecipientsBody{Recipients: w.recipients()}
	return w.sign(signedtest.RecipientsAnswer(w.consortium.Bundle, in.Nonce, w.clock, body))
}

// recipients are the custodians' keys, sorted.
func (w *world) recipients() []consortium.Recipient {
	var all []consortium.Recipient
	for _, msp := range slices.Sorted(maps.Keys(w.custodians)) {
		c, id := w.custodians[msp], msp+".00000000000000cc"
		spki, err := x509.MarshalPKIXPublicKey(&c.grant.PublicKey)
		must(w.t, err)
		all = append(all, consortium.Recipient{
			Format: consortium.RecipientFormat, ID: id, Role: consortium.CustodianRecipient, MSP: msp,
			Party: id, Version: 1,
			HPKE:     base64.StdEncoding.EncodeToString(c.hpke.PublicKey().Bytes()),
			GrantKey: base64.StdEncoding.EncodeToString(spki),
		})
	}
	return all
}

func (w *world) signOrder(r *http.Request) (any, error) {
	in, err := decode[market.NonceRequest](r)
	if err != nil {
		return nil, err
	}
	o, err := w.order(r.PathValue("order"))
	if err != nil {
		return nil, err
	}
	return w.sign(signedtest.Sale{Order: o}.OrderAnswer(w.consortium.Bundle, in.Nonce, w.clock))
}

func (w *world) signLicense(r *http.Request) (any, error) {
	in, err := decode[market.NonceRequest](r)
	if err != nil {
		return nil, err
	}
	l, ok := w.licenses[r.PathValue("license")]
	if !ok {
		return nil, license.ErrUnknown
	}
	sale := signedtest.Sale{License: l, Machine: w.machines[l.Machine]}
	return w.sign(sale.LicenseAnswer(w.consortium.Bundle, in.Nonce, w.clock))
}

func (w *world) getDataset(*http.Request) (any, error) {
	return map[string]any{
		"manifest": base64.StdEncoding.EncodeToString(ledger.Encode(w.manifest)), "final": true,
		"publication": map[string]string{"envelope": sealed.Address(w.envelope)},
	}, nil
}

func (w *world) getContent(r *http.Request) (any, error) {
	switch r.PathValue("hash") {
	case sealed.Address(w.envelope):
		return w.envelope, nil
	case w.manifest.BodyHash:
		return w.body, nil
	}
	return nil, ledger.Refuse(ledger.NotFound, "content.unknown", "no such content")
}

// Pay is the machine's wallet, the chain and the oracles in one: a payment counts once for its reference.
func (w *world) Pay(_ context.Context, reference string, script []byte, amount ledger.Satoshi) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	o, err := w.order(reference)
	if err != nil || o.Script != hex.EncodeToString(script) || amount != o.Price {
		return "", fmt.Errorf("a payment of %s that fits no order: %w", amount, err)
	}
	w.requests = append(w.requests, "PAY")
	w.paid[o.Script] = true
	return ledger.Hash("tx", reference), nil
}
