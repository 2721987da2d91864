package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
	"github.com/guildmark/guildmark/network/partner/bitcoin"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/process"
	"github.com/guildmark/guildmark/network/topology"
)

// floorName is the floor's chaincode on the channel.
const floorName = "floor"

// network is the product's network of four partners, with the floor's chaincode beside the product's. Heartbeats and
// oracles don't run: the bench does their part between measurements, so that nothing else writes during one.
type network struct {
	conn    topology.Connection
	made    *play.Network
	faucet  string // file of the key that mined coins pay
	bitcoin *rpc.Node
	mu      sync.Mutex
	seen    client.Seen
	product map[string]*client.Client // by "<partner>/<identity>"
	floor   map[string]*client.Client
	ticked  time.Time
	up      time.Duration // from nothing to the first committed transaction
	market  *market       // nil until a row needs it
	failed  error         // why there is no market
	rate    float64       // transactions of purchases a second, as row 1 measured it; 0: not measured
}

// raise starts the network once.
func (b *bench) raise(ctx context.Context) (*network, error) {
	if b.net != nil {
		return b.net, nil
	}
	topo, err := topology.Default()
	if err != nil {
		return nil, err
	}
	n := &network{
		faucet: filepath.Join(b.dir, "faucet.key"), product: map[string]*client.Client{},
		floor: map[string]*client.Client{},
	}
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		return nil, err
	}
	faucet, err := bitcoin.OpenFaucet(n.faucet, topo.Bitcoin.Network)
	if err != nil {
		return nil, err
	}
	program, err := b.buildFloor(ctx)
	if err != nil {
		return nil, err
	}
	b.progress.say("network: up")
	began := time.Now()
	n.made, err = play.Launch(ctx, play.Options{
		Dir: filepath.Join(b.dir, "net"), Topology: topo, Fresh: true,
		Programs: process.Programs{
			Tools: b.tools, Network: filepath.Join(b.bin, "network"),
			Chaincode: filepath.Join(b.bin, "chaincode"),
		},
		Config: play.Config{MineTo: faucet.Address()},
	})
	if err != nil {
		return nil, err
	}
	b.net = n // from here on close stops it
	if n.conn, err = topology.ReadConnection(n.made.Layout().Connection()); err != nil {
		return nil, err
	}
	if err := n.govern(ctx, began); err != nil {
		return nil, err
	}
	b.progress.say("network: first transaction committed after %.1f s; governed after %.1f s", n.up.Seconds(),
		time.Since(began).Seconds())
	return n, n.addFloor(ctx, program)
}

// buildFloor builds the floor as `make build` builds the product's chaincode.
func (b *bench) buildFloor(ctx context.Context) (string, error) {
	to := filepath.Join(b.dir, floorName)
	c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-o", to, "./tests/bench/floor")
	c.Dir, c.Env = b.root, append(os.Environ(), "CGO_ENABLED=0")
	if said, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the floor: %w\n%s", err, said)
	}
	return to, nil
}

// govern approves the configuration and signs the bundle. The first transaction of the product commits in it: the
// moment of row 27.
func (n *network) govern(ctx context.Context, began time.Time) error {
	reader, err := n.as("operator", "reader")
	if err != nil {
		return err
	}
	height, err := reader.Height(ctx)
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	first := make(chan time.Time, 1)
	go func() {
		for _, err := range reader.Blocks(watching, height) {
			if err == nil {
				first <- time.Now()
			}
			return
		}
	}()
	if err := play.Govern(ctx, n.conn); err != nil {
		return err
	}
	n.ticked = time.Now()
	select {
	case at := <-first:
		n.up = at.Sub(began)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// addFloor defines the floor's chaincode on the product's channel under the product's endorsement policy.
func (n *network) addFloor(ctx context.Context, program string) error {
	var addresses []string
	for i := range n.conn.Peers {
		addresses = append(addresses, n.conn.Ports.Address("spare."+strconv.Itoa(i)))
	}
	if err := n.made.AddChaincode(ctx, floorName, program, addresses); err != nil {
		return fmt.Errorf("the floor beside the product: %w", err)
	}
	c := n.conn
	c.Chaincode.Name = floorName
	return c.Write(n.floorFile())
}

func (n *network) floorFile() string { return filepath.Join(n.conn.Directory, "floor.json") }

func (n *network) identity(partner, name string) string {
	return filepath.Join(n.conn.Directory, partner, "identities", name)
}

// as is the product's own client for one of a partner's identities.
func (n *network) as(partner, name string) (*client.Client, error) {
	return n.open(n.product, n.made.Layout().Connection(), partner, name)
}

// below is the same client, on the floor's chaincode.
func (n *network) below(partner, name string) (*client.Client, error) {
	return n.open(n.floor, n.floorFile(), partner, name)
}

func (n *network) open(known map[string]*client.Client, file, partner, name string) (*client.Client, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := partner + "/" + name
	if c, ok := known[key]; ok {
		return c, nil
	}
	c, err := client.Open(file, n.identity(partner, name), client.Config{Seen: &n.seen})
	if err != nil {
		return nil, err
	}
	known[key] = c
	return c, nil
}

// submit writes as one of a partner's identities and decodes the answer, if into is not nil.
func (n *network) submit(ctx context.Context, into any, partner, name, function string, args ...string) error {
	c, err := n.as(partner, name)
	if err != nil {
		return err
	}
	r, err := c.Submit(ctx, function, args...)
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(r.Payload, into)
}

// beat gives the ledger its time as a heartbeat does (T7), but between measurements only.
func (n *network) beat(ctx context.Context) error {
	const often = 30 * time.Second
	if time.Since(n.ticked) < often {
		return nil
	}
	now := time.Now()
	c, err := n.as("operator", "heartbeat")
	if err == nil {
		_, err = c.Submit(ctx, "governance:Tick", strconv.FormatInt(now.Unix(), 10))
	}
	if err != nil && !errors.Is(err, consortium.ErrTickBack) {
		return err
	}
	n.ticked = now
	return nil
}

// beating is a measure that gives the ledger its time before it starts.
func (n *network) beating(m measure) measure {
	return func(ctx context.Context) (float64, error) {
		if err := n.beat(ctx); err != nil {
			return 0, err
		}
		return m(ctx)
	}
}

// count tells how many transactions of the blocks from a height on are valid, failed by MVCC or phantom reads, or
// failed otherwise.
func (n *network) count(ctx context.Context, from uint64) (valid, conflicts, others int, err error) {
	reader, err := n.as("operator", "reader")
	if err != nil {
		return 0, 0, 0, err
	}
	to, err := reader.Height(ctx)
	if err != nil || to == from {
		return 0, 0, 0, err
	}
	for block, err := range reader.Blocks(ctx, from) {
		if err != nil {
			return 0, 0, 0, err
		}
		for _, code := range block.GetMetadata().GetMetadata()[common.BlockMetadataIndex_TRANSACTIONS_FILTER] {
			switch peer.TxValidationCode(code) {
			case peer.TxValidationCode_VALID:
				valid++
			case peer.TxValidationCode_MVCC_READ_CONFLICT, peer.TxValidationCode_PHANTOM_READ_CONFLICT:
				conflicts++
			default:
				others++
			}
		}
		if block.GetHeader().GetNumber()+1 >= to {
			break
		}
	}
	return valid, conflicts, others, nil
}

// close stops all processes; the folder stays for its logs until the next run.
func (n *network) close() error {
	for _, clients := range []map[string]*client.Client{n.product, n.floor} {
		for _, c := range clients {
			_ = c.Close() // connections to processes that are about to end
		}
	}
	if n.bitcoin != nil {
		n.bitcoin.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return n.made.Control().Down(ctx)
}

// bringUp is row 27.
func bringUp(ctx context.Context, b *bench) ([]Row, error) {
	n, err := b.raise(ctx)
	if err != nil {
		return nil, err
	}
	row := Row{
		ID: "27", Name: "network up, programs built, to the first committed transaction", Unit: "s",
		Product: n.up.Seconds(), Goal: "measured",
		Pairs: 1, Load: loadAverage(), By: "one measurement, no floor", Raw: []Pair{{Product: n.up.Seconds()}},
	}
	row.judge()
	return []Row{row}, nil
}
