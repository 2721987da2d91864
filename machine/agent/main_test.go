package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/profile/beverage"
	"github.com/guildmark/guildmark/machine/device/mixer"
	"github.com/guildmark/guildmark/machine/folder"
	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/market"
	"github.com/guildmark/guildmark/machine/runtime"
	"github.com/guildmark/guildmark/machine/tpm/swtpm"
)

// made holds two TPMs of one authority; each test works on copies.
//
// set once by TestMain
var made string

// TestMain is also the runtime's process: the agent starts this very program with the argument "runtime".
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "runtime" {
		os.Exit(runtime.Main(os.Stdin, os.Stdout))
	}
	if len(os.Args) == 4 && os.Args[1] == "offline-use" {
		if err := offlineUse(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(run(m))
}

// offlineUse is the agent's process in a network namespace of its own.
func offlineUse(configFile, id string) (err error) {
	if all, err := net.Interfaces(); err != nil || len(all) > 1 {
		return fmt.Errorf("%d interfaces, %w", len(all), err)
	}
	config, err := LoadConfig(configFile)
	if err != nil {
		return err
	}
	store, err := folder.Open(config.State)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	a, err := New(config, store, Options{Start: startSelf})
	if err != nil {
		return err
	}
	_, err = a.Use(context.Background(), id)
	return err
}

// startSelf starts this very program as the runtime.
func startSelf(ctx context.Context, job runtime.Job, report func(runtime.Event)) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return runtime.Start(ctx, program, []string{"runtime"}, job, report)
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "agent-test")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	made = dir
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	ca, err := swtpm.NewAuthority(filepath.Join(dir, "ca"))
	for _, name := range []string{"first", "second"} {
		if err == nil {
			err = ca.Make(ctx, filepath.Join(dir, name))
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err, "- apt install swtpm swtpm-tools")
		return 1
	}
	return m.Run()
}

// site is one machine: a TPM, a state folder, an agent on them.
type site struct {
	t      *testing.T
	world  *world
	sim    *swtpm.Simulator
	state  string
	store  *folder.Folder
	agent  *Agent
	events []runtime.Event
	extra  func(runtime.Event) // also told, while the runtime runs
}

func newSite(t *testing.T, w *world, which string) *site {
	t.Helper()
	dir := t.TempDir()
	must(t, swtpm.Clone(filepath.Join(made, which), dir))
	sim, err := swtpm.Start(t.Context(), dir)
	must(t, err)
	t.Cleanup(func() { must(t, sim.Stop(context.Background())) })
	s := &site{t: t, world: w, sim: sim, state: filepath.Join(t.TempDir(), "state")}
	s.open()
	t.Cleanup(func() { _ = s.store.Close() })
	return s
}

func (s *site) config() Config {
	at := market.Server{URL: s.world.server.URL}
	c := Config{Gateway: at, Issuer: at, Registrar: at, Line: "mixer-1", TPM: s.sim.Address(), State: s.state}
	c.Devices = oneMixer(bar(1000, "orange-juice", "pineapple-juice", "grenadine"))
	return c
}

// bar is a mixer with a full bottle of each ingredient, so many times faster than a real one.
func bar(scale int, ingredients ...string) mixer.Setup {
	setup := mixer.Setup{Scale: scale}
	for i, ingredient := range ingredients {
		setup.Pumps = append(setup.Pumps, mixer.Pump{
			Number: i + 1, Ingredient: ingredient, Level: 700_000,
			Calibration: []mixer.Point{{Drive: 200, Flow: 2_000}, {Drive: 1000, Flow: 20_000}},
		})
	}
	return setup
}

func oneMixer(setup mixer.Setup) []Device {
	return []Device{{Profile: beverage.Profile, Setup: ledger.Encode(setup)}}
}

// open is a new agent process on the state folder.
func (s *site) open() {
	s.t.Helper()
	store, err := folder.Open(s.state)
	must(s.t, err)
	s.store = store
	s.agent, err = New(s.config(), store, Options{
		Payer: s.world, Poll: time.Millisecond, Start: startSelf,
		Report: func(p Progress) {
			if p.Runtime == nil {
				return
			}
			s.events = append(s.events, *p.Runtime)
			if s.extra != nil {
				s.extra(*p.Runtime)
			}
		},
	})
	must(s.t, err)
}

// reopen ends the agent process and starts another.
func (s *site) reopen() {
	s.t.Helper()
	must(s.t, s.store.Close())
	s.open()
}

func (s *site) enrolled() *site {
	s.t.Helper()
	_, err := s.agent.Enroll(s.t.Context(), testCode)
	must(s.t, err)
	return s
}

func (s *site) bought() holding.Holding {
	s.t.Helper()
	h, err := s.agent.Buy(s.t.Context(), offerID, 0)
	must(s.t, err)
	return h
}
