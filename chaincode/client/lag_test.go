package client_test

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/network/networktest"
	"github.com/guildmark/guildmark/network/play"
)

// late is how much longer than others the licensors' peer waits for its blocks.
const late = 2 * time.Second

// T34 against real peers. A new network is governed while the licensors' peer gets its blocks late: their governor
// approves what the operator's proposed, and the configuration counts for all who act on it. Later a party is read
// there that was registered at the operator's.
func TestPeerThatGetsBlocksLate(t *testing.T) {
	net := networktest.Private(t, networktest.Config{})
	conn := net.Connection
	gate := networktest.Late(t, net, "licensors")

	time.AfterFunc(late, gate.Shut())
	if err := play.Govern(t.Context(), conn); err != nil {
		t.Fatalf("govern: %v", err)
	}

	seen := &client.Seen{}
	governor := open(t, conn, "operator", "governor", client.Config{Seen: seen})
	reader := open(t, conn, "licensors", "governor", client.Config{Own: true, Seen: seen})
	stranger := open(t, conn, "licensors", "governor", client.Config{Own: true})
	release := gate.Shut()
	defer release()
	id := register(t, governor)
	var refusal *ledger.Refusal
	if _, err := stranger.Evaluate(t.Context(), "governance:Party", id); !errors.As(err, &refusal) ||
		refusal.Kind != ledger.NotFound {
		t.Fatalf("who saw no block: got %v, want the late peer's %s", err, ledger.NotFound)
	}
	time.AfterFunc(late, release)
	if _, err := reader.Evaluate(t.Context(), "governance:Party", id); err != nil {
		t.Errorf("who wrote it: %v", err)
	}
}

// register records a new buyer of the operator's and gives its id.
func register(t *testing.T, governor *client.Client) string {
	t.Helper()
	random := make([]byte, 40)
	if _, err := rand.Read(random); err != nil {
		t.Fatal(err)
	}
	id := "OperatorMSP." + hex.EncodeToString(random[:8])
	doc := party.Party{
		Format: "guildmark/party/1", ID: id, Home: "OperatorMSP", Roles: []string{party.Buyer},
		Keys: []party.Key{{Name: "late", Hash: hex.EncodeToString(random[8:])}},
	}
	if _, err := governor.Submit(t.Context(), "governance:RegisterParty", string(ledger.Encode(doc))); err != nil {
		t.Fatal(err)
	}
	return id
}
