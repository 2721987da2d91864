package main

import (
	"context"
	"io"
	"log/slog"
	"syscall"

	"guildmark/network/channel"
	"guildmark/network/node"
)

// supervise is the daemon that `network up` starts. All processes of the network are its children.
func supervise(ctx context.Context, args []string, out io.Writer) error {
	o := newOptions("supervise", out)
	if err := o.parse(args); err != nil {
		return err
	}
	syscall.Umask(0o077) // for the children: Fabric CA would make its database and keys 0644
	layout := channel.Layout{Dir: o.dir}
	sup := node.New(layout.Logs(), slog.New(slog.NewTextHandler(out, nil)))
	go func() {
		<-ctx.Done() // SIGTERM or Ctrl-C
		sup.Down()   //nolint:contextcheck // stops because ctx has ended
	}()
	return node.Serve(sup, layout.Socket()) //nolint:contextcheck // lives until Down
}
