package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/topology"
)

// raiseServices governs the first configuration and starts what the product adds to Fabric.
func raiseServices(ctx context.Context, args []string, out io.Writer) error {
	o := newOptions("services", out)
	programs := o.set.String("programs", "build/bin", "folder of the product's programs")
	roots := o.set.String("ek-roots", "", "file or folder of roots that vouch for virtual TPMs; default: ek-roots in the folder of the network")
	heartbeat := o.set.String("heartbeat", "20s", "pause between two proposals of the ledger's time")
	if err := o.parse(args); err != nil {
		return err
	}
	conn, err := topology.ReadConnection(filepath.Join(o.dir, "connection.json"))
	if err != nil {
		return fmt.Errorf("%w; `network up` first", err)
	}
	for _, path := range []*string{programs, roots} {
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return fmt.Errorf("services: %w", err)
		}
	}
	began := time.Now()
	err = play.Services(ctx, conn, play.ServiceOptions{
		Programs: *programs, EKRoots: *roots, Heartbeat: *heartbeat,
		Report: func(step string) { say(out, "%6.1f s  %s\n", time.Since(began).Seconds(), step) },
	})
	if err != nil {
		return err
	}
	say(out, `gateway               %s
authorization server  %s
roots of both         %s
next:
  network status                 who runs, heights, addresses
  network machine add mixer1     a machine with a TPM emulator; then machine enroll, offers, buy, use
  guildmark help                 how a licensor seals and publishes
  network down                   stop everything
`, conn.Gateway.URL, conn.Auth.URL, conn.Gateway.Roots)
	return nil
}
