package node_test

import (
	"errors"
	"net"
	"strconv"
	"testing"

	"github.com/guildmark/guildmark/network/node"
)

func TestPortBlocks(t *testing.T) {
	const size = 10
	held, base, err := node.HoldPorts(t.Context(), size)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if base%size != 0 || held.Addr().String() != "127.0.0.1:"+strconv.Itoa(base) {
		t.Errorf("holds %s, base %d", held.Addr(), base)
	}
	if _, err := node.HoldBlock(t.Context(), base, size); !errors.Is(err, node.ErrPorts) {
		t.Errorf("the same block again: %v, want %v", err, node.ErrPorts)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	inside, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:"+strconv.Itoa(base+size-1))
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	if _, err := node.HoldBlock(t.Context(), base, size); !errors.Is(err, node.ErrPorts) {
		t.Errorf("a block with one port taken: %v, want %v", err, node.ErrPorts)
	}
}
