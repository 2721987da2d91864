package main

import (
	"context"
	"syscall"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/network/node"
	"github.com/guildmark/guildmark/network/play"
)

// heldPort is the descriptor of the listener that `up` hands over: the first of exec.Cmd's extra files.
const heldPort = 3

// superviseCommand is the daemon that `network up` starts. All processes of the network are its children.
func superviseCommand() *command.Command {
	var o folder
	return &command.Command{
		Name: "supervise", Hidden: true, Short: "runs the network's processes; `network up` starts it.",
		Flags: o.flags,
		Run: func(ctx context.Context, call *command.Call) (command.Result, error) {
			syscall.Umask(0o077)          // for the children: Fabric CA would make its database and keys 0644
			syscall.CloseOnExec(heldPort) // or every child would hold the block of ports, too
			layout := play.Layout{Dir: o.dir}
			log, err := host.Log(call.Console.Out, "")
			if err != nil {
				return nil, err
			}
			sup := node.New(layout.Logs(), log)
			go func() {
				<-ctx.Done() // SIGTERM or Ctrl-C
				sup.Down()   //nolint:contextcheck // stops because ctx has ended
			}()
			return nil, node.Serve(sup, layout.Socket()) //nolint:contextcheck // lives until Down
		},
	}
}
