package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"github.com/guildmark/guildmark/chaincode/contract"
	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Limits of the connection, as the shim's own server has them (its package internal).
const (
	maxMessage = 100 << 20
	ping       = time.Minute
	pong       = 20 * time.Second
)

// grace is how long a call in flight may take to end; its client repeats what was cut off.
const grace = 2 * time.Second

var errEnvironment = errors.New("the environment lacks")

// config is what the environment says.
type config struct {
	id, address string
	tls         *tls.Config
}

func configFrom(env func(string) string) (config, error) {
	c := config{id: env("CHAINCODE_ID"), address: env("CHAINCODE_ADDRESS")}
	if c.id == "" || c.address == "" {
		return c, fmt.Errorf("%w CHAINCODE_ID or CHAINCODE_ADDRESS", errEnvironment)
	}
	for _, name := range []string{"CHAINCODE_TLS_CERT", "CHAINCODE_TLS_KEY", "CHAINCODE_TLS_CLIENT_CA"} {
		if env(name) == "" {
			return c, fmt.Errorf("%w %s", errEnvironment, name)
		}
	}
	pair, err := host.KeyPair(env("CHAINCODE_TLS_CERT"), env("CHAINCODE_TLS_KEY"))
	if err != nil {
		return c, fmt.Errorf("CHAINCODE_TLS_CERT with CHAINCODE_TLS_KEY: %w", err)
	}
	clients, err := host.Roots(env("CHAINCODE_TLS_CLIENT_CA"))
	if err != nil {
		return c, fmt.Errorf("CHAINCODE_TLS_CLIENT_CA: %w", err)
	}
	c.tls = &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert,
		MinVersion: tls.VersionTLS12,
	}
	return c, nil
}

// run serves until the context ends. It is the shim's ChaincodeServer.Start with an end: the shim offers none.
func run(ctx context.Context, env func(string) string, clock state.Clock) error {
	c, err := configFrom(env)
	if err != nil {
		return err
	}
	cc, err := contract.New(clock)
	if err != nil {
		return fmt.Errorf("start: %w", err)
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", c.address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", c.address, err)
	}
	server := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(c.tls)), grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: ping, Timeout: pong}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: ping, PermitWithoutStream: true}),
	)
	peer.RegisterChaincodeServer(server, &shim.ChaincodeServer{CCID: c.id, Address: c.address, CC: cc})
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case <-ctx.Done():
		stop(server)
		return nil
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", c.address, err)
	}
}

// stop lets calls in flight end, but not for ever: the peer's stream stays open until one side closes it.
func stop(server *grpc.Server) {
	cut := time.AfterFunc(grace, server.Stop)
	defer cut.Stop()
	server.GracefulStop()
}
