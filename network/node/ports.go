package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Blocks of ports lie below 32768, where Linux begins to take ports for outgoing connections by default
// (net.ipv4.ip_local_port_range): otherwise any client could hold the port of a peer that is being restarted.
const (
	lowestPort  = 10000
	highestPort = 32700
)

// ErrPorts means that no block of ports is free, or that another process listens in the block that is wanted.
var ErrPorts = errors.New("ports are in use")

// HoldPorts finds a block of consecutive free ports and holds it by listening on the first. Blocks are
// aligned, so that two networks that choose at the same moment can't overlap. The block is free again when
// the listener closes.
func HoldPorts(ctx context.Context, size int) (*net.TCPListener, int, error) {
	blocks := (highestPort - lowestPort) / size
	first := rand.IntN(blocks) //nolint:gosec // spreads networks over the range; nothing depends on its being unguessable
	for i := range blocks {
		base := lowestPort + (first+i)%blocks*size
		if hold, err := HoldBlock(ctx, base, size); err == nil {
			return hold, base, nil
		}
	}
	return nil, 0, fmt.Errorf("%w: every block of %d between %d and %d is in use", ErrPorts, size, lowestPort,
		highestPort)
}

// HoldBlock holds the block that starts at base, if all its ports are free.
func HoldBlock(ctx context.Context, base, size int) (*net.TCPListener, error) {
	hold, err := listen(ctx, base)
	if err != nil {
		return nil, fmt.Errorf("%w: port %d: %w", ErrPorts, base, err)
	}
	for port := base + 1; port < base+size; port++ {
		probe, err := listen(ctx, port)
		if err != nil {
			_ = hold.Close()
			return nil, fmt.Errorf("%w: port %d: %w", ErrPorts, port, err)
		}
		_ = probe.Close()
	}
	return hold, nil
}

func listen(ctx context.Context, port int) (*net.TCPListener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		return nil, err
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		_ = l.Close()
		return nil, errors.New("not a TCP listener")
	}
	return tcp, nil
}
