package command

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"
)

// Main runs a program with the arguments after its name and gives the exit code. SIGINT, SIGTERM and SIGHUP
// cancel the context of the command, which then ends by itself.
func Main(root *Command, args []string, console Console) int {
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}
	ends = slices.DeleteFunc(ends, signal.Ignored) // by nohup, or by a shell for its background jobs
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	defer stop()
	return Execute(ctx, root, args, console)
}

// Execute is Main under a context of the caller's, for tests and for programs with signals of their own.
func Execute(ctx context.Context, root *Command, args []string, console Console) int {
	p := &program{root: root, console: console, args: args, format: textFormat, tree: map[*cobra.Command]*Command{}}
	c := p.cobra() //nolint:contextcheck // each command gets the context from cobra, at ExecuteContext below
	c.SetArgs(slices.Clone(nonNil(args)))
	c.SetOut(console.Out)
	c.SetErr(console.Err)
	err := c.ExecuteContext(ctx)
	if asked(args) { // also where parsing ended before it
		p.format = jsonFormat
	}
	return p.conclude(ctx, err)
}

// nonNil keeps cobra from taking the process's own arguments.
func nonNil(args []string) []string {
	if args == nil {
		return []string{}
	}
	return args
}

// asked looks for --output json by itself: an error in the flags before it must be JSON, too.
func asked(args []string) bool {
	for i, a := range args {
		if a == "--" {
			break
		}
		if a == "--output=json" || a == "--output" && i+1 < len(args) && args[i+1] == "json" {
			return true
		}
	}
	return false
}
