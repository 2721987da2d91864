package play

import (
	"context"
	"time"

	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/network/fabric"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

// Status is how a network is.
type Status struct {
	Directory    string            `json:"directory"`
	Up           bool              `json:"up"`
	Supervisor   int               `json:"supervisor_pid,omitempty"`
	Channels     []string          `json:"channels"`
	Consensus    string            `json:"consensus"`
	Partners     []string          `json:"partners"`
	Leader       map[string]string `json:"leader,omitempty"`        // by channel: the orderer that leads
	Heights      map[string]uint64 `json:"heights,omitempty"`       // "<peer>/<channel>": blocks
	Bitcoin      spv.Height        `json:"bitcoin_height"`          // of the regtest chain
	Gateway      *topology.Server  `json:"gateway,omitempty"`       // while it runs
	Auth         *topology.Server  `json:"authorization,omitempty"` // the authorization server, while it runs
	Certificates []Expiry          `json:"certificates"`            // the one that ends first of each partner
	Processes    []node.Status     `json:"processes"`
}

// Expiry is when a certificate ends.
type Expiry struct {
	Partner string    `json:"partner"`
	Name    string    `json:"name"` // what it is for
	File    string    `json:"file"`
	End     time.Time `json:"end"`
	Days    int       `json:"days"`
}

// Status asks supervisor, peers, orderers and files. What can't be asked is left out.
func (n *Network) Status(ctx context.Context, now time.Time) (Status, error) {
	s := Status{
		Directory: n.layout.Dir, Channels: n.state.Channels, Consensus: string(n.state.Topology.Consensus),
		Leader: map[string]string{}, Heights: map[string]uint64{},
	}
	for _, h := range n.homes {
		s.Partners = append(s.Partners, h.Partner.Name)
		first, err := h.FirstExpiry()
		if err != nil {
			return s, err
		}
		s.Certificates = append(s.Certificates, Expiry{
			Partner: h.Partner.Name, Name: first.Name, File: first.File, End: first.End,
			Days: int(first.End.Sub(now).Hours() / 24),
		})
	}
	var err error
	if s.Supervisor, err = n.control.PID(ctx); err != nil {
		return s, nil //nolint:nilerr // down is an answer
	}
	s.Up = true
	if s.Processes, err = n.control.List(ctx); err != nil {
		return s, err
	}
	for _, p := range s.Processes {
		at := n.server(p.Name)
		switch p.Name {
		case "gateway":
			s.Gateway = &at
		case "auth":
			s.Auth = &at
		}
	}
	for _, h := range n.homes {
		for channel, height := range fabric.Heights(ctx, h) {
			s.Heights["peer."+h.Partner.Name+"/"+channel] = height
		}
		for _, channel := range fabric.Leads(ctx, h) {
			s.Leader[channel] = "orderer." + h.Partner.Name
		}
	}
	s.Bitcoin = n.ChainHeight(ctx)
	return s, nil
}
