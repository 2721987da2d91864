package main

import (
	"context"
	"errors"
	"strings"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/gateway/licensor"
)

// Names of flags that messages mention.
const (
	flagGateway = "gateway"
	flagRoots   = "gateway-roots"
)

// access is how the licensor reaches ledger and gateway.
type access struct {
	connection, identity, gateway, roots string
}

func (a *access) ledgerFlags(f *command.Flags) {
	f.StringVar(&a.identity, "identity", "", "`DIR` folder of your identity: cert.pem and key.pem")
	f.StringVar(&a.connection, "connection", "build/net/connection.json", "`FILE` connection file of the network")
	f.Need("identity")
}

func (a *access) gatewayFlags(f *command.Flags, instead string) {
	f.StringVar(&a.gateway, flagGateway, "", "`URL` address of a gateway; default: "+instead)
	f.StringVar(&a.roots, flagRoots, "", "`FILE` PEM roots for the gateway's certificate; default: the system's")
}

// licensor opens the identity.
func (a *access) licensor(c licensor.Connection) (licensor.Licensor, error) {
	msp, err := c.MSPOf(a.identity)
	if err != nil {
		return licensor.Licensor{}, err
	}
	return licensor.OpenLicensor(a.identity, msp)
}

// market opens the gateway that a flag names, else the one in the connection file.
func (a *access) market() (*licensor.Gateway, error) {
	if a.gateway != "" {
		return licensor.NewGateway(a.gateway, a.roots)
	}
	c, err := licensor.ReadConnection(a.connection)
	if err != nil {
		return nil, command.Usage("--%s is needed, or a connection file that names one: %v", flagGateway, err)
	}
	if c.Gateway.URL == "" {
		return nil, command.Usage("--%s is needed: %s names none", flagGateway, a.connection)
	}
	roots := a.roots
	if roots == "" {
		roots = c.Gateway.Roots
	}
	return licensor.NewGateway(c.Gateway.URL, roots)
}

// ask gives the way to the signed recipients: the gateway's if a flag names one, else the licensor's own to the
// peers.
func (a *access) ask(b *signed.Bundle) (ask licensor.Ask, end func() error, err error) {
	if a.gateway != "" {
		g, err := licensor.NewGateway(a.gateway, a.roots)
		if err != nil {
			return nil, nil, err
		}
		return g.SignRecipients, func() error { return nil }, nil
	}
	c, err := client.Open(a.connection, a.identity, client.Config{})
	if err != nil {
		return nil, nil, err
	}
	var signing []string
	for _, p := range b.Partners {
		if p.Signs {
			signing = append(signing, p.MSP)
		}
	}
	plan, err := client.Quorum(b.Quorum, signing, nil)
	if err != nil {
		return nil, nil, errors.Join(err, c.Close())
	}
	return func(ctx context.Context, nonce string) ([]byte, error) {
		f, err := c.Sign(ctx, plan, signed.FunctionRecipients, nonce)
		if err != nil {
			return nil, err
		}
		return f.Encode(), nil
	}, c.Close, nil
}

// list splits a comma-separated flag.
func list(text string) []string {
	var all []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}
