package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/topology"
)

// upFlags are those of up.
type upFlags struct {
	folder

	topology, consensus, tools, chaincode, mineTo string
	fresh, services                               bool
}

// raised is the result of up.
type raised struct {
	Directory  string  `json:"directory"`
	Connection string  `json:"connection"`
	Seconds    float64 `json:"seconds"`
	Already    bool    `json:"already"`  // it was up before
	Outdated   bool    `json:"outdated"` // the chaincode built now is another than the one this ledger runs
	Services   *served `json:"services,omitempty"`
	Status     *status `json:"status,omitempty"` // where it was up before
}

func (r raised) Text() string {
	var b strings.Builder
	if r.Outdated {
		b.WriteString("note: the chaincode built now differs from the one this ledger runs; `network down` " +
			"and `network up --fresh` start over with it\n")
	}
	if r.Services != nil {
		b.WriteString(r.Services.Text())
	}
	if r.Already {
		return b.String() + "it is up already\n" + r.Status.Text()
	}
	fmt.Fprintf(&b, "up in %.1f s; clients read %s\n", r.Seconds, r.Connection)
	if r.Services == nil {
		b.WriteString("next: `network services` starts heartbeats, oracles, custodians, the registrar, the " +
			"authorization server and the gateway\n")
	}
	return b.String()
}

func upCommand() *command.Command {
	var u upFlags
	return &command.Command{
		Name: "up", Short: "brings the network up, with the ledger from before if there is one.",
		Example: "network up --fresh --services",
		Flags: func(f *command.Flags) {
			u.flags(f)
			f.BoolVar(&u.fresh, "fresh", false, "start over: removes the ledger from before")
			f.BoolVar(&u.services, "services", false, "also what acts for the partners, as `network services` does")
			f.StringVar(&u.topology, "topology", "",
				"`FILE` description of the consortium; default: the four partners that `network topology` prints")
			f.StringVar(&u.consensus, "consensus", "", "`NAME` bft or raft, instead of what the description says")
			f.StringVar(&u.mineTo, "mine-to", "",
				"`ADDRESS` regtest address that mined blocks pay; default: the play's own faucet")
			f.StringVar(&u.tools, "tools", "build/tools",
				"`DIR` folder of peer, orderer, configtxgen, fabric-ca-server and btcd")
			f.StringVar(&u.chaincode, "chaincode", "build/bin/chaincode", "`FILE` the chaincode's program")
		},
		Run: u.up,
	}
}

func (u *upFlags) up(ctx context.Context, call *command.Call) (command.Result, error) {
	t, err := u.description()
	if err != nil {
		return nil, err
	}
	p, err := programs(u.tools, u.chaincode)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	n, err := play.Launch(ctx, play.Options{
		Dir: u.dir, Programs: p, Topology: t, Fresh: u.fresh,
		Config: play.Config{Report: timed(call, began), MineTo: u.mineTo},
	})
	if errors.Is(err, play.ErrRunning) {
		return u.already(ctx, call)
	}
	if err != nil {
		return nil, err
	}
	r := raised{Directory: n.Layout().Dir, Connection: n.Layout().Connection()}
	if old, err := n.Outdated(); err == nil {
		r.Outdated = old
	}
	if u.services {
		if r.Services, err = raise(ctx, call, n); err != nil {
			return nil, err
		}
	}
	r.Seconds = time.Since(began).Seconds()
	return r, nil
}

func (u *upFlags) already(ctx context.Context, call *command.Call) (command.Result, error) {
	if u.fresh {
		return nil, fmt.Errorf("%w: `network down` first", play.ErrRunning)
	}
	r := raised{Already: true}
	var err error
	if u.services {
		if r.Services, err = defaultServices(u.dir).start(ctx, call); err != nil {
			return nil, err
		}
	}
	if r.Status, err = statusOf(ctx, call, u.folder); err != nil {
		return nil, err
	}
	r.Directory = r.Status.Directory
	r.Connection = play.Layout{Dir: r.Directory}.Connection()
	return r, nil
}

// servicesLimit: they are ready within seconds; one that can't start must not make `up` wait for ever.
const servicesLimit = 2 * time.Minute

// raise starts the product's services on a network just made. If it fails nothing stays up, as with the network
// itself.
func raise(ctx context.Context, call *command.Call, n *play.Network) (*served, error) {
	rising, giveUp := context.WithTimeout(ctx, servicesLimit)
	defer giveUp()
	s, err := defaultServices(n.Layout().Dir).start(rising, call)
	if err == nil {
		return s, nil
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), downLimit)
	defer cancel()
	return nil, errors.Join(err, n.Control().Down(stop))
}

func (u *upFlags) description() (topology.Topology, error) {
	t, err := topology.Default()
	if u.topology != "" {
		t, err = topology.Read(u.topology)
	}
	if err != nil {
		return t, err
	}
	if u.consensus != "" {
		t.Consensus = topology.Consensus(u.consensus)
	}
	return t, t.Validate()
}

func topologyCommand() *command.Command {
	return &command.Command{
		Name: "topology", Short: "prints the description of the consortium, to change and give to up --topology.",
		Example: "network topology > build/topology.json",
		Run: func(context.Context, *command.Call) (command.Result, error) {
			return command.Document(topology.DefaultText()), nil
		},
	}
}
