package contract_test

import (
	"crypto/ecdsa"
	"fmt"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

// The names of the test consortium, as they are called here.
const (
	channel      = replaytest.Channel
	operator     = replaytest.Operator
	manufacturer = replaytest.Manufacturer
	licensors    = replaytest.Licensors
	auditor      = replaytest.Auditor
)

// start is when each world begins.
func start() time.Time { return time.Unix(1_800_000_000, 0) }

// world is a test ledger with the callers that a sale needs.
type world struct {
	*replaytest.World

	grantKeys  map[string]*ecdsa.PrivateKey
	custodians map[string]*replaytest.Caller
	oracles    map[string]*replaytest.Caller
	registrar  *replaytest.Caller
	licensor   *replaytest.Caller
	buyer      *replaytest.Caller
}

// emptyWorld is a ledger on which nothing was written.
func emptyWorld(tb testing.TB) *world {
	tb.Helper()
	return &world{World: replaytest.Empty(tb, start())}
}

// newWorld is a ledger on which everything but sales has happened.
func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{
		World:     replaytest.New(tb, start()),
		grantKeys: map[string]*ecdsa.PrivateKey{}, custodians: map[string]*replaytest.Caller{},
		oracles: map[string]*replaytest.Caller{},
	}
	w.registrar = replaytest.NewCaller(tb, manufacturer, party.Registrar)
	w.buyer = replaytest.NewCaller(tb, operator, party.Buyer)
	w.licensor = replaytest.NewCaller(tb, licensors, party.Licensor)
	w.Register(w.licensor)
	for _, m := range []string{manufacturer, operator} {
		w.oracles[m] = replaytest.NewCaller(tb, m, party.Oracle)
	}
	for _, m := range replaytest.Business() {
		w.custodians[m], w.grantKeys[m] = replaytest.NewCaller(tb, m, party.Custodian), replaytest.NewKey(tb)
		w.Must(w.custodians[m], "governance:SetRecipient", doc(w.custodianRecipient(m)))
	}
	w.Must(w.Governors[operator], "governance:PutBundle", doc(w.Bundle(0, "")))
	return w
}

func (w *world) custodianRecipient(m string) consortium.Recipient {
	return consortium.Recipient{
		Format: consortium.RecipientFormat, ID: w.custodians[m].Party, Role: consortium.CustodianRecipient, MSP: m,
		Party: w.custodians[m].Party, Version: 1, HPKE: b64([]byte("public key of " + m)),
		GrantKey: b64(replaytest.SPKI(w.T, w.grantKeys[m])),
	}
}

// epochs moves the ledger on by whole epochs.
func (w *world) epochs(n int) { w.T.Helper(); w.Tick(time.Duration(n) * 600 * time.Second) }

// read calls a function that only reads, and decodes its result.
func read[T any](w *world, c *replaytest.Caller, function string, args ...string) T {
	w.T.Helper()
	return replaytest.Read[T](w.World, c, function, args...)
}

func decodeAs[T any](w *world, text string) T {
	w.T.Helper()
	return replaytest.Decode[T](w.World, text)
}

func doc(v any) string { return replaytest.Document(v) }

func b64(b []byte) string { return replaytest.Base64(b) }

func nonce(n int) string { return fmt.Sprintf("%064x", n) }
