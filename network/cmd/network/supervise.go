package main

import (
	"context"
	"io"
	"syscall"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/play"
)

// heldPort is the descriptor of the listener that `up` hands over: the first of exec.Cmd's extra files.
const heldPort = 3

// supervise is the daemon that `network up` starts. All processes of the network are its children.
func supervise(ctx context.Context, args []string, out io.Writer) error {
	o := newOptions("supervise", out)
	if err := o.parse(args); err != nil {
		return err
	}
	syscall.Umask(0o077)          // for the children: Fabric CA would make its database and keys 0644
	syscall.CloseOnExec(heldPort) // or every child would hold the block of ports, too
	layout := play.Layout{Dir: o.dir}
	log, err := host.Log(out, "")
	if err != nil {
		return err
	}
	sup := node.New(layout.Logs(), log)
	go func() {
		<-ctx.Done() // SIGTERM or Ctrl-C
		sup.Down()   //nolint:contextcheck // stops because ctx has ended
	}()
	return node.Serve(sup, layout.Socket()) //nolint:contextcheck // lives until Down
}
