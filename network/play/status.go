package play

import (
	"context"
	"time"

	"github.com/guildmark/guildmark/network/fabric"
	"github.com/guildmark/guildmark/network/node"
)

// Status is how a network is.
type Status struct {
	Directory    string            `json:"directory"`
	Up           bool              `json:"up"`
	Supervisor   int               `json:"supervisor_pid,omitempty"`
	Channels     []string          `json:"channels"`
	Consensus    string            `json:"consensus"`
	Leader       map[string]string `json:"leader,omitempty"`  // by channel: the orderer that leads
	Heights      map[string]uint64 `json:"heights,omitempty"` // "<peer>/<channel>": blocks
	Certificates []Expiry          `json:"certificates"`      // the one that ends first of each partner
	Processes    []node.Status     `json:"processes"`
}

// Expiry is when a certificate ends.
type Expiry struct {
	Partner string `json:"partner"`
	File    string `json:"file"`
	Days    int    `json:"days"`
}

// Status asks supervisor, peers, orderers and files. What can't be asked is left out.
func (n *Network) Status(ctx context.Context, now time.Time) (Status, error) {
	s := Status{
		Directory: n.layout.Dir, Channels: n.state.Channels, Consensus: string(n.state.Topology.Consensus),
		Leader: map[string]string{}, Heights: map[string]uint64{},
	}
	for _, h := range n.homes {
		first, err := h.FirstExpiry()
		if err != nil {
			return s, err
		}
		s.Certificates = append(s.Certificates, Expiry{Partner: h.Partner.Name, File: first.File, Days: int(first.End.Sub(now).Hours() / 24)})
	}
	var err error
	if s.Supervisor, err = n.control.PID(ctx); err != nil {
		return s, nil //nolint:nilerr // down is an answer
	}
	s.Up = true
	if s.Processes, err = n.control.List(ctx); err != nil {
		return s, err
	}
	for _, h := range n.homes {
		for channel, height := range fabric.Heights(ctx, h) {
			s.Heights["peer."+h.Partner.Name+"/"+channel] = height
		}
		for _, channel := range fabric.Leads(ctx, h) {
			s.Leader[channel] = "orderer." + h.Partner.Name
		}
	}
	return s, nil
}
