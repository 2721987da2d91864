package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

// authority issues certificates for one test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert, a.key, a.pem, _ = a.issue(&x509.Certificate{
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	})
	return a
}

func (a *authority) issue(template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey, []byte, []byte) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template.SerialNumber, template.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: "test"}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := template, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

func (a *authority) client() tls.Certificate {
	a.t.Helper()
	_, _, cert, key := a.issue(&x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		a.t.Fatal(err)
	}
	return pair
}

// environment writes a server's files and gives the environment that names them.
func environment(t *testing.T, a *authority, address string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	_, _, cert, key := a.issue(&x509.Certificate{
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	})
	env := map[string]string{"CHAINCODE_ID": "guildmark:0", "CHAINCODE_ADDRESS": address}
	for name, b := range map[string][]byte{
		"CHAINCODE_TLS_CERT": cert, "CHAINCODE_TLS_KEY": key,
		"CHAINCODE_TLS_CLIENT_CA": a.pem,
	} {
		env[name] = filepath.Join(dir, name)
		if err := os.WriteFile(env[name], b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return env
}

func freeAddress(t *testing.T) string {
	t.Helper()
	var listen net.ListenConfig
	l, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// register connects as a peer does and waits for the chaincode's first word.
func register(ctx context.Context, address string, config *tls.Config) (*peer.ChaincodeMessage, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	stream, err := peer.NewChaincodeClient(conn).Connect(ctx, grpc.WaitForReady(false))
	if err != nil {
		return nil, err
	}
	return stream.Recv()
}

func TestServesPeersOfItsAuthorityAlone(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	address := freeAddress(t)
	env := environment(t, a, address)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- run(ctx, func(name string) string { return env[name] }, time.Now) }()

	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	good := &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{a.client()}, MinVersion: tls.VersionTLS12}
	var message *peer.ChaincodeMessage
	var err error
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if message, err = register(t.Context(), address, good); err == nil {
			break
		}
	}
	if err != nil || message.GetType() != peer.ChaincodeMessage_REGISTER {
		t.Fatalf("got %v, %v", message, err)
	}
	for name, certificates := range map[string][]tls.Certificate{
		"no certificate": nil,
		"a stranger's":   {stranger.client()},
	} {
		bad := &tls.Config{RootCAs: roots, Certificates: certificates, MinVersion: tls.VersionTLS12}
		if message, err := register(t.Context(), address, bad); err == nil {
			t.Errorf("%s: got %v", name, message)
		}
	}
	cancel()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("stopped with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("did not stop")
	}
}

func TestRefusesToStart(t *testing.T) {
	a := newAuthority(t)
	good := environment(t, a, "127.0.0.1:0")
	for name := range good {
		t.Run("without "+name, func(t *testing.T) {
			env := func(n string) string {
				if n == name {
					return ""
				}
				return good[n]
			}
			if err := run(t.Context(), env, time.Now); !errors.Is(err, errEnvironment) {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, name := range []string{"CHAINCODE_TLS_CERT", "CHAINCODE_TLS_KEY", "CHAINCODE_TLS_CLIENT_CA"} {
		t.Run("nothing in "+name, func(t *testing.T) {
			empty := filepath.Join(t.TempDir(), "empty")
			if err := os.WriteFile(empty, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			env := func(n string) string {
				if n == name {
					return empty
				}
				return good[n]
			}
			if err := run(t.Context(), env, time.Now); err == nil {
				t.Error("started")
			}
		})
	}
}
