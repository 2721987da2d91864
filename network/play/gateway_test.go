package play_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"os"
	"testing"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/hash"
	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/guildmark/guildmark/network/networktest"
)

// as is a partner's identity at its own partner's peer.
func as(t *testing.T, n *networktest.Running, partner, name, on string) *client.Contract {
	t.Helper()
	id, ok := n.Connection.Identity(partner, name)
	if !ok {
		t.Fatalf("no identity %s of %s", name, partner)
	}
	return contractOf(t, n, partner, id.MSP, id.Certificate, id.Key, on)
}

func contractOf(t *testing.T, n *networktest.Running, partner, msp, certPath, keyPath, on string) *client.Contract {
	t.Helper()
	endpoint, ok := n.Connection.Peer(partner)
	if !ok {
		t.Fatalf("no peer of %s", partner)
	}
	id, err := identity.NewX509Identity(msp, readCertificate(t, certPath))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(keyPath)
	if err != nil {
		t.Fatal(err)
	}
	private, err := identity.PrivateKeyFromPEM(raw)
	if err != nil {
		t.Fatal(err)
	}
	sign, err := identity.NewPrivateKeySign(private)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(endpoint.Address, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
		RootCAs: pool(t, endpoint.TLSRoot), ServerName: endpoint.ServerName, MinVersion: tls.VersionTLS12,
	})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	gateway, err := client.Connect(id, client.WithSign(sign), client.WithHash(hash.SHA256),
		client.WithClientConnection(conn),
		client.WithEndorseTimeout(10*time.Second), client.WithCommitStatusTimeout(15*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { gateway.Close() })
	return gateway.GetNetwork(on).GetContract(n.Connection.Chaincode.Name)
}

func readCertificate(t *testing.T, path string) *x509.Certificate {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		t.Fatalf("no certificate in %s", path)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func pool(t *testing.T, path string) *x509.CertPool {
	t.Helper()
	p := x509.NewCertPool()
	p.AddCert(readCertificate(t, path))
	return p
}

// eventually waits for what comes by itself a moment later: gossip, a new leader, a restarted process.
func eventually(t *testing.T, what string, try func() error) {
	t.Helper()
	deadline := time.After(40 * time.Second)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-deadline:
			t.Fatalf("%s: %v", what, err)
		case <-tick.C:
		}
	}
}
