package services

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/topology"
)

// Govern does the part of Up that starts no process, on the channel that conn names: configuration, a first tick,
// parties, trust bundle. Tests of the ledger itself need no more. Partners who collude can do it on a channel of their
// own; no machine believes what such a channel signs.
func Govern(ctx context.Context, conn topology.Connection) error {
	s := &services{conn: conn, channel: conn.Channel, control: node.Dial(conn.ControlSocket), open: map[string]caller{}}
	defer s.close()
	if err := approve(ctx, conn, s.as); err != nil {
		return err
	}
	heartbeat, err := s.as("operator", "heartbeat")
	if err != nil {
		return err
	}
	if _, err := heartbeat.Submit(ctx, "governance:Tick", strconv.FormatInt(time.Now().Unix(), 10)); err != nil && !errors.Is(err, consortium.ErrTickBack) {
		return fmt.Errorf("first tick: %w", err)
	}
	if err := registerParties(ctx, conn, s.as); err != nil {
		return err
	}
	return putBundle(ctx, conn, s.as)
}
