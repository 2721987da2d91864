package services

import (
	"context"

	"guildmark/network/node"
	"guildmark/network/topology"
)

// Govern does the part of Up that starts no process: configuration and first trust bundle. Tests of the ledger itself
// need no more.
func Govern(ctx context.Context, conn topology.Connection) error {
	s := &services{conn: conn, control: node.Dial(conn.ControlSocket), open: map[string]caller{}}
	defer s.close()
	if err := approve(ctx, conn, s.as); err != nil {
		return err
	}
	return putBundle(ctx, conn, s.as)
}
