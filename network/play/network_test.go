package play_test

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc/status"

	"github.com/guildmark/guildmark/network/networktest"
	"github.com/guildmark/guildmark/network/play"
)

// TestNetwork shares one real network with a plain chaincode among its parts: what the product's rules say is
// tested elsewhere.
func TestNetwork(t *testing.T) {
	plain, err := networktest.Build(t.Context(), "./network/play/testdata/plain")
	if err != nil {
		t.Fatal(err)
	}
	n := networktest.Private(t, networktest.Config{Chaincode: plain})
	t.Logf("up from nothing in %.1f s", n.Took.Seconds())
	for _, part := range []struct {
		name string
		run  func(*testing.T, *networktest.Running)
	}{
		{"eight distinct CA roots", distinctRoots},
		{"first transaction commits everywhere", firstTransaction},
		{"endorsement policy", endorsementPolicy},
		{"certificates carry role and party", attributes},
		{"TLS certificate is no identity", tlsCertificateIsNoIdentity},
		{"chaincode takes its own peer only", mutualTLS},
		{"CA refuses", authorityRefuses},
		{"identity added at run time", identityAdded},
		{"second channel", secondChannel},
		{"status", statusTells},
		{"what is killed comes back", restarted},
		{"an orderer's loss is survived", ordererLost},
		{"Bitcoin nodes", bitcoinNodes},
		{"no secret in arguments, environments, logs", noSecrets},
		{"private files", privateFiles},
		{"down leaves nothing, up finds the ledger again", downAndUp},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, n) })
	}
}

func distinctRoots(t *testing.T, n *networktest.Running) {
	t.Helper()
	seen := map[string]string{}
	for _, p := range n.Connection.Peers {
		for kind, path := range map[string]string{"identity": n.Connection.MSPRoots[p.MSP], "tls": p.TLSRoot} {
			cert := readCertificate(t, path)
			sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
			key := hex.EncodeToString(sum[:])
			t.Logf("%-12s %-8s %s %s", p.Partner, kind, key[:16], cert.Subject)
			if other, ok := seen[key]; ok {
				t.Errorf("%s %s has the key of %s", p.Partner, kind, other)
			}
			seen[key] = p.Partner + " " + kind
			if !cert.IsCA {
				t.Errorf("%s %s: not a CA's certificate", p.Partner, kind)
			}
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d root keys, want 8: four partners, an identity CA and a TLS CA each", len(seen))
	}
}

func firstTransaction(t *testing.T, n *networktest.Running) {
	t.Helper()
	contract := as(t, n, "operator", "buyer1", n.Connection.Channel)
	began := time.Now()
	if _, err := contract.SubmitTransaction("Put", "first", "sale"); err != nil {
		t.Fatal(err)
	}
	t.Logf("first transaction committed in %d ms", time.Since(began).Milliseconds())
	for _, p := range n.Connection.Peers {
		eventually(t, "value at "+p.Name, func() error {
			got, err := as(t, n, p.Partner, "governor", n.Connection.Channel).Evaluate("Get",
				client.WithArguments("first"), client.WithEndorsingOrganizations(p.MSP))
			if err == nil && string(got) != "sale" {
				err = fmt.Errorf("got %q", got)
			}
			return err
		})
	}
}

func endorsementPolicy(t *testing.T, n *networktest.Running) {
	t.Helper()
	tests := []struct {
		name string
		orgs []string
		want peer.TxValidationCode
	}{
		{"one partner alone", []string{"OperatorMSP"}, peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE},
		{
			"auditor doesn't count",
			[]string{"OperatorMSP", "AuditorMSP"},
			peer.TxValidationCode_ENDORSEMENT_POLICY_FAILURE,
		},
		{"two of three", []string{"ManufacturerMSP", "LicensorsMSP"}, peer.TxValidationCode_VALID},
	}
	contract := as(t, n, "operator", "buyer1", n.Connection.Channel)
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			key := fmt.Sprintf("policy-%d", i)
			proposal, err := contract.NewProposal("Put", client.WithArguments(key, "x"),
				client.WithEndorsingOrganizations(tt.orgs...))
			if err != nil {
				t.Fatal(err)
			}
			endorsed, err := proposal.Endorse()
			if err != nil {
				t.Fatal(err)
			}
			commit, err := endorsed.Submit()
			if err != nil {
				t.Fatal(err)
			}
			status, err := commit.Status()
			if err != nil {
				t.Fatal(err)
			}
			if status.Code != tt.want {
				t.Errorf("validation code %v, want %v", status.Code, tt.want)
			}
			got, err := contract.EvaluateTransaction("Get", key)
			if err != nil {
				t.Fatal(err)
			}
			if wrote := string(got) == "x"; wrote != (tt.want == peer.TxValidationCode_VALID) {
				t.Errorf("written: %v", wrote)
			}
		})
	}
}

func attributes(t *testing.T, n *networktest.Running) {
	t.Helper()
	for _, id := range n.Connection.Identities {
		if id.Name == "admin" {
			continue
		}
		got, err := as(t, n, id.Partner, id.Name, n.Connection.Channel).EvaluateTransaction("Who")
		if err != nil {
			t.Errorf("%s of %s: %v", id.Name, id.Partner, err)
			continue
		}
		if want := id.MSP + " " + id.Role + " " + id.Party; string(got) != want {
			t.Errorf("%s of %s: %q, want %q", id.Name, id.Partner, got, want)
		}
		if !strings.HasPrefix(id.Party, id.MSP+".") || len(id.Party) != len(id.MSP)+17 {
			t.Errorf("party id %q isn't <MSPID>.<16 hex>", id.Party)
		}
	}
}

func tlsCertificateIsNoIdentity(t *testing.T, n *networktest.Running) {
	t.Helper()
	dir := filepath.Join(n.Connection.Directory, "operator", "peer", "tls")
	contract := contractOf(t, n, "operator", "OperatorMSP", filepath.Join(dir, "cert.pem"),
		filepath.Join(dir, "key.pem"), n.Connection.Channel)
	got, err := contract.EvaluateTransaction("Who")
	if err == nil {
		t.Fatalf("a peer's TLS certificate was taken for an identity: %s", got)
	}
	var details strings.Builder
	for _, d := range status.Convert(err).Details() {
		fmt.Fprintf(&details, "%v", d)
	}
	if text := err.Error() + details.String(); !strings.Contains(text, "creator") &&
		!strings.Contains(text, "access denied") {
		t.Errorf("refused, but not for who called: %s", text)
	}
}

func mutualTLS(t *testing.T, n *networktest.Running) {
	t.Helper()
	folder := func(partner, end string) tls.Certificate {
		dir := filepath.Join(n.Connection.Directory, partner, "chaincode", end)
		cert, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
		if err != nil {
			t.Fatal(err)
		}
		return cert
	}
	tests := []struct {
		name string
		with []tls.Certificate
		want bool
	}{
		{"own peer", []tls.Certificate{folder("operator", "client")}, true},
		{"nobody's certificate", nil, false},
		{"another partner's peer", []tls.Certificate{folder("manufacturer", "client")}, false},
	}
	var address, root string
	for _, c := range n.Connection.Chaincodes {
		if c.Partner == "operator" {
			address, root = c.Address, c.TLSRoot
		}
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			config := &tls.Config{
				RootCAs: pool(t, root), ServerName: "localhost", MinVersion: tls.VersionTLS12,
				NextProtos: []string{"h2"},
			}
			// given even if the server wouldn't want it
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if len(tt.with) == 0 {
					return &tls.Certificate{}, nil
				}
				return &tt.with[0], nil
			}
			conn, err := tls.DialWithDialer(&net.Dialer{Timeout: 5 * time.Second}, "tcp", address, config)
			// with TLS 1.3 the server's refusal comes with the first read; a server that accepts sends its
			// HTTP/2 settings
			if err == nil {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
				_, err = conn.Read(make([]byte, 1))
			}
			if got := err == nil; got != tt.want {
				t.Errorf("reached: %v (%v), want %v", got, err, tt.want)
			}
		})
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := conn.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	answer := make([]byte, 64)
	read, _ := conn.Read(answer)
	if read > 0 && answer[0] != 0x15 { // a TLS alert record
		t.Errorf("answered without TLS: %q", answer[:read])
	}
}

func identityAdded(t *testing.T, n *networktest.Running) {
	t.Helper()
	id, err := n.Made.AddIdentity(t.Context(), "operator", "buyer9", "buyer")
	if err != nil {
		t.Fatal(err)
	}
	got, err := contractOf(t, n, "operator", id.MSP, id.Certificate, id.Key,
		n.Connection.Channel).EvaluateTransaction("Who")
	if err != nil {
		t.Fatal(err)
	}
	if want := "OperatorMSP buyer " + id.Party; string(got) != want {
		t.Errorf("Who = %q, want %q", got, want)
	}
	if _, err := n.Made.AddIdentity(t.Context(), "operator", "buyer9", "governor"); err == nil {
		t.Error("the same name was enrolled twice")
	}
}

func secondChannel(t *testing.T, n *networktest.Running) {
	t.Helper()
	began := time.Now()
	if err := n.Made.AddChannel(t.Context(), "shadow"); err != nil {
		t.Fatal(err)
	}
	t.Logf("second channel in %.1f s", time.Since(began).Seconds())
	shadow := as(t, n, "operator", "buyer1", "shadow")
	if _, err := shadow.SubmitTransaction("Put", "where", "shadow"); err != nil {
		t.Fatal(err)
	}
	got, err := as(t, n, "operator", "buyer1", n.Connection.Channel).EvaluateTransaction("Get", "where")
	if err != nil || len(got) != 0 {
		t.Errorf("on %s: %q, %v; want nothing", n.Connection.Channel, got, err)
	}
	if err := n.Made.AddChannel(t.Context(), "shadow"); !errors.Is(err, play.ErrState) {
		t.Errorf("shadow again: %v, want %v", err, play.ErrState)
	}
}

func statusTells(t *testing.T, n *networktest.Running) {
	t.Helper()
	s, err := n.Made.Status(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if !s.Up || len(s.Processes) != 18 || len(s.Certificates) != 4 {
		t.Errorf("up %v, %d processes, %d certificates", s.Up, len(s.Processes), len(s.Certificates))
	}
	if !strings.HasPrefix(s.Leader[n.Connection.Channel], "orderer.") {
		t.Errorf("leader = %q", s.Leader[n.Connection.Channel])
	}
	for _, p := range n.Connection.Peers {
		if got := s.Heights[p.Name+"/"+n.Connection.Channel]; got < 3 {
			t.Errorf("height of %s = %d", p.Name, got)
		}
	}
	for _, c := range s.Certificates {
		if c.Days < 300 || c.Days > 366 {
			t.Errorf("certificates of %s are good for %d days", c.Partner, c.Days)
		}
	}
	late, err := n.Made.Status(t.Context(), time.Now().AddDate(0, 11, 20))
	if err != nil || late.Certificates[0].Days > 20 {
		t.Errorf("eleven months later: %+v, %v", late.Certificates, err)
	}
}
