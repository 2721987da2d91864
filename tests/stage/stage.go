// Package stage sets the scene for what is told across processes: a network of four partners with its services, a
// Bitcoin node with a faucet, machines with TPM emulators, recipes to sell. The demo and the stories play on it.
//
// It refuses to judge: it gives back what the project's own programs answered, and whoever tells the story says what
// should have come out.
package stage

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/partner/bitcoin"
	"github.com/guildmark/guildmark/network/topology"
)

// Stage is the folders, the running network and the Bitcoin node of one story.
type Stage struct {
	Root, Dir  string // the project's folder, and the story's own
	Bin, Tools string // the project's programs and the foreign ones
	Out        io.Writer

	Conn    topology.Connection
	Control *node.Client // nil until Raise
	Bitcoin *rpc.Node
	Faucet  *bitcoin.Faucet

	mu      sync.Mutex
	seen    client.Seen // of all that the story itself writes
	clients map[string]*client.Client
	sockets []string // folders outside of the story's own, for sockets whose path would be too long
}

// New makes the story's folder anew. What an earlier story left there is gone; a network that still runs there is
// refused, not killed.
func New(root, dir string, out io.Writer) (*Stage, error) {
	for _, p := range []*string{&root, &dir} {
		abs, err := filepath.Abs(*p)
		if err != nil {
			return nil, fmt.Errorf("set the stage: %w", err)
		}
		*p = abs
	}
	s := &Stage{
		Root: root, Dir: dir, Bin: filepath.Join(root, "build/bin"), Tools: filepath.Join(root, "build/tools"),
		Out:     out,
		clients: map[string]*client.Client{},
	}
	if c, err := topology.ReadConnection(s.ConnectionFile()); err == nil {
		if _, err := node.Dial(c.ControlSocket).PID(context.Background()); err == nil {
			return nil, fmt.Errorf("a network still runs in %s: stop it with build/bin/network down --dir %s",
				dir, s.Net())
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("clear the last story's folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("set the stage: %w", err)
	}
	return s, nil
}

// Net is the network's folder.
func (s *Stage) Net() string { return filepath.Join(s.Dir, "net") }

// ConnectionFile tells where everything of the network is.
func (s *Stage) ConnectionFile() string { return filepath.Join(s.Net(), "connection.json") }

// Identity is the folder of one of a partner's identities.
func (s *Stage) Identity(partner, name string) string {
	return filepath.Join(s.Net(), partner, "identities", name)
}

// Party is an identity's party id.
func (s *Stage) Party(partner, name string) string {
	id, _ := s.Conn.Identity(partner, name)
	return id.Party
}

// Raise starts the four partners with the foreign tools of a folder, then everything above them.
func (s *Stage) Raise(ctx context.Context, tools string) error {
	faucet, err := bitcoin.OpenFaucet(filepath.Join(s.Dir, "faucet.key"), "regtest")
	if err != nil {
		return err
	}
	s.Faucet = faucet
	up := s.Show(ctx, "network", "up", "--fresh", "--dir", s.Net(), "--tools", tools, "--chaincode",
		filepath.Join(s.Bin, "chaincode"), "--mine-to", faucet.Address())
	if conn, err := topology.ReadConnection(s.ConnectionFile()); err == nil {
		s.Conn, s.Control = conn, node.Dial(conn.ControlSocket)
	}
	if up != nil {
		return up
	}
	return s.Show(ctx, "network", "services", "--dir", s.Net(), "--programs", s.Bin)
}

// OpenBitcoin connects to the operator's Bitcoin node.
func (s *Stage) OpenBitcoin() error {
	at := s.Conn.Bitcoin[0]
	n, err := rpc.Open(rpc.Config{
		RPC: at.RPC, Certificate: at.Certificate, Credentials: at.Credentials,
		Network: at.Network,
	})
	s.Bitcoin = n
	return err
}

// Ripe is how many blocks make a faucet: coins may be spent 100 blocks after they were made.
const Ripe = 110

// Tip is the end of the chain that the ledger knows.
type Tip struct {
	Height int64  `json:"height"`
	Hash   string `json:"hash"`
}

// AwaitTip waits until the ledger knows the chain up to a height.
func (s *Stage) AwaitTip(ctx context.Context, limit time.Duration, height int64) (Tip, error) {
	var tip Tip
	err := Wait(ctx, limit, fmt.Sprintf("the ledger to know Bitcoin block %d", height), func() (bool, error) {
		err := s.Read(ctx, &tip, "bitcoin:Tip")
		return err == nil && tip.Height >= height, err
	})
	if err != nil {
		err = fmt.Errorf("%w (the ledger knows %d)", err, tip.Height)
	}
	return tip, err
}

// As connects to the ledger as one of a partner's identities, once.
func (s *Stage) As(partner, name string) (*client.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.clients[partner+"/"+name]; ok {
		return c, nil
	}
	c, err := client.Open(s.ConnectionFile(), s.Identity(partner, name), client.Config{Seen: &s.seen, Newest: true})
	if err != nil {
		return nil, fmt.Errorf("connect as %s of %s: %w", name, partner, err)
	}
	s.clients[partner+"/"+name] = c
	return c, nil
}

// Read evaluates a function as the operator's reader and decodes its document.
func (s *Stage) Read(ctx context.Context, into any, function string, args ...string) error {
	c, err := s.As("operator", "reader")
	if err != nil {
		return err
	}
	raw, err := c.Evaluate(ctx, function, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", function, err)
	}
	return json.Unmarshal(raw, into)
}

// BundleFile is the trust bundle as licensors keep it.
func (s *Stage) BundleFile() string { return filepath.Join(s.Dir, "bundle.json") }

// FetchBundle writes it.
func (s *Stage) FetchBundle(ctx context.Context) error {
	var stored struct {
		Bundle string `json:"bundle"`
	}
	if err := s.Read(ctx, &stored, "governance:Bundle", ""); err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(stored.Bundle)
	if err != nil {
		return fmt.Errorf("trust bundle: %w", err)
	}
	return os.WriteFile(s.BundleFile(), raw, 0o644)
}

// Mine adds blocks one by one while work runs, as miners somewhere do.
func (s *Stage) Mine(ctx context.Context, work func(context.Context) error) error {
	mining, stop := context.WithCancel(ctx)
	var miners sync.WaitGroup
	miners.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-mining.Done():
				return
			case <-tick.C:
				_, _ = s.Bitcoin.Generate(mining, 1) // the next tick tries again; without blocks the work times out
			}
		}
	})
	err := work(ctx)
	stop()
	miners.Wait()
	return err
}

// Close stops everything that was started on the stage.
func (s *Stage) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.clients {
		_ = c.Close() // connections to processes that are about to end
	}
	if s.Bitcoin != nil {
		s.Bitcoin.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var failed []error
	if s.Control != nil {
		if err := s.Control.Down(ctx); err != nil && !errors.Is(err, node.ErrDown) {
			failed = append(failed, fmt.Errorf("stop the network: %w", err))
		}
	}
	for _, dir := range s.sockets {
		failed = append(failed, os.RemoveAll(dir))
	}
	// A supervisor that answers no more still needs a moment to end; so does a network whose start was interrupted.
	err := Wait(ctx, 20*time.Second, "the network's processes to end", func() (bool, error) {
		left, err := running(s.Net())
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("still running: %v", left)
		}
		return err == nil, err
	})
	return errors.Join(append(failed, err)...)
}
