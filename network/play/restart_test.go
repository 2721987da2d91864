package play_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"

	"github.com/guildmark/guildmark/network/networktest"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

func restarted(t *testing.T, n *networktest.Running) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, name := range []string{"peer.manufacturer", "chaincode.manufacturer"} {
		began := time.Now()
		if err := errors.Join(n.Control.Kill(ctx, name), n.Control.Await(ctx, name)); err != nil {
			t.Fatal(err)
		}
		eventually(t, name+" answers again", func() error {
			_, err := as(t, n, "manufacturer", "oracle", n.Connection.Channel).Evaluate("Who",
				client.WithEndorsingOrganizations("ManufacturerMSP"))
			return err
		})
		t.Logf("%s answers %.1f s after SIGKILL", name, time.Since(began).Seconds())
	}
	log, err := os.ReadFile(filepath.Join(n.Connection.Directory, "logs", "supervisor.log"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `"msg":"died, starting it again","process":"peer.manufacturer","exit":"signal: killed"`; !strings.Contains(string(log), want) {
		t.Errorf("supervisor.log doesn't say %s", want)
	}
}

func ordererLost(t *testing.T, n *networktest.Running) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := n.Made.Status(ctx, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	leader := s.Leader[n.Connection.Channel]
	if err := n.Control.Stop(ctx, leader); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	eventually(t, "transaction without "+leader, func() error {
		_, err := as(t, n, "licensors", "licensor1", n.Connection.Channel).SubmitTransaction("Put", "leaderless", "x")
		return err
	})
	t.Logf("committed %.1f s after the leader was stopped", time.Since(began).Seconds())
	if err := errors.Join(n.Control.Start(ctx, leader), n.Control.Await(ctx, leader)); err != nil {
		t.Fatal(err)
	}
}

func downAndUp(t *testing.T, n *networktest.Running) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	list, err := n.Control.List(ctx)
	if err != nil {
		t.Fatal(err)
	}
	supervisor, err := n.Control.PID(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Control.Down(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, "supervisor gone", func() error { return gone(supervisor) })
	for _, p := range list {
		if err := gone(p.PID); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
	if left := mentioning(t, n.Connection.Directory); len(left) != 0 {
		t.Errorf("processes left: %v", left)
	}
	if _, err := n.Control.List(ctx); !errors.Is(err, node.ErrDown) {
		t.Errorf("supervisor: %v, want %v", err, node.ErrDown)
	}
	began := time.Now()
	n.Relaunch(t)
	t.Logf("up again in %.1f s", time.Since(began).Seconds())
	got, err := as(t, n, "operator", "buyer1", n.Connection.Channel).EvaluateTransaction("Get", "first")
	if err != nil || string(got) != "sale" {
		t.Errorf("from before: %q, %v; want sale", got, err)
	}
	eventually(t, "transaction after the restart", func() error {
		_, err := as(t, n, "operator", "buyer1", "shadow").SubmitTransaction("Put", "again", "x")
		return err
	})
}

// TestRaft: the other protocol of the topology, as far as a first transaction.
func TestRaft(t *testing.T) {
	plain, err := networktest.Build(t.Context(), "./network/play/testdata/plain")
	if err != nil {
		t.Fatal(err)
	}
	n := networktest.Private(t, networktest.Config{Chaincode: plain, Consensus: topology.Raft})
	if _, err := as(t, n, "operator", "buyer1", n.Connection.Channel).SubmitTransaction("Put", "first",
		"sale"); err != nil {
		t.Fatal(err)
	}
	s, err := n.Made.Status(t.Context(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s.Leader[n.Connection.Channel], "orderer.") {
		t.Errorf("leader = %q", s.Leader[n.Connection.Channel])
	}
}
