package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/topology"
)

// serviceFlags are those of services.
type serviceFlags struct {
	folder

	programs, roots, heartbeat, terms string
}

const (
	defaultPrograms  = "build/bin"
	defaultHeartbeat = "20s"
)

func defaultServices(dir string) *serviceFlags {
	return &serviceFlags{folder: folder{dir}, programs: defaultPrograms, heartbeat: defaultHeartbeat}
}

// served is the result of services: where clients connect.
type served struct {
	Gateway topology.Server `json:"gateway"`
	Auth    topology.Server `json:"authorization"`
}

func (s *served) Text() string {
	return fmt.Sprintf(`gateway               %s
authorization server  %s
roots of both         %s
next:
  network status                 who runs, heights, addresses
  network machine add mixer1     a machine with a TPM emulator; then machine enroll, buy, use
  guildmark help                 how a licensor seals and publishes
  network down                   stop everything
`, s.Gateway.URL, s.Auth.URL, s.Gateway.Roots)
}

func servicesCommand() *command.Command {
	var s serviceFlags
	return &command.Command{
		Name: "services", Short: "governs the first configuration of a running network and starts what acts " +
			"for its partners.",
		Guide: "Those are heartbeats, oracles, custodians, the registrar, the authorization server and the " +
			"gateway.",
		Example: "network services",
		Flags: func(f *command.Flags) {
			s.flags(f)
			f.StringVar(&s.programs, "programs", defaultPrograms, "`DIR` folder of the product's programs")
			f.StringVar(&s.roots, "ek-roots", "", "`FILE` roots that vouch for virtual TPMs, or a folder of "+
				"such files; default: ek-roots in the folder of the network")
			f.StringVar(&s.terms, "terms", "",
				"`FILE` values of the first configuration; default: network/play/terms.json, as built in")
			f.StringVar(&s.heartbeat, "heartbeat", defaultHeartbeat,
				"`TIME` pause between two proposals of the ledger's time")
		},
		Run: func(ctx context.Context, call *command.Call) (command.Result, error) {
			r, err := s.start(ctx, call)
			if err != nil {
				return nil, err
			}
			return r, nil
		},
	}
}

// start governs the first configuration and starts what the product adds to Fabric.
func (s *serviceFlags) start(ctx context.Context, call *command.Call) (*served, error) {
	conn, err := topology.ReadConnection(filepath.Join(s.dir, "connection.json"))
	if err != nil {
		return nil, fmt.Errorf("%w; `network up` first", err)
	}
	o := play.ServiceOptions{
		Programs: s.programs, EKRoots: s.roots, Heartbeat: s.heartbeat,
		Report: timed(call, time.Now()),
	}
	for _, path := range []*string{&o.Programs, &o.EKRoots} {
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return nil, fmt.Errorf("services: %w", err)
		}
	}
	if s.terms != "" {
		if o.Terms, err = os.ReadFile(s.terms); err != nil {
			return nil, fmt.Errorf("terms: %w", err)
		}
	}
	if err := play.Services(ctx, conn, o); err != nil {
		return nil, err
	}
	return &served{Gateway: conn.Gateway, Auth: conn.Auth}, nil
}
