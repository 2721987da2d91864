package fabric

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/hyperledger/fabric-admin-sdk/pkg/identity"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/network/home"
)

// ErrFabric means that Fabric refused a call; its own words follow. The same call will be refused again.
var ErrFabric = errors.New("refused by Fabric")

// asAdmin connects to the partner's own peer in its administrator's name.
func asAdmin(h *home.Home) (*grpc.ClientConn, identity.SigningIdentity, error) {
	dir := h.Identity("admin")
	cert, err := identity.ReadCertificate(home.Certificate(dir))
	if err != nil {
		return nil, nil, fmt.Errorf("admin of %s: %w", h.Partner.Name, err)
	}
	private, err := identity.ReadPrivateKey(home.Key(dir))
	if err != nil {
		return nil, nil, fmt.Errorf("admin of %s: %w", h.Partner.Name, err)
	}
	admin, err := identity.NewPrivateKeySigningIdentity(h.Partner.MSP, cert, private)
	if err != nil {
		return nil, nil, fmt.Errorf("admin of %s: %w", h.Partner.Name, err)
	}
	pool, err := ownRoots(h)
	if err != nil {
		return nil, nil, err
	}
	conn, err := grpc.NewClient(h.Address("peer"),
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})),
		// gRPC's default first pause of 1 s slows the start down.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay: 50 * time.Millisecond, Multiplier: 1.6,
				MaxDelay: 500 * time.Millisecond,
			},
			MinConnectTimeout: 2 * time.Second,
		}))
	if err != nil {
		return nil, nil, fmt.Errorf("peer of %s: %w", h.Partner.Name, err)
	}
	return conn, admin, nil
}

func ownRoots(h *home.Home) (*x509.CertPool, error) { return host.Roots(h.Public().TLSRoot()) }
