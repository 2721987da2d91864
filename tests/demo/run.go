package main

import (
	"context"
	"os"
	"os/exec"

	"github.com/guildmark/guildmark/tests/stage"
)

// withoutNetwork runs a program in a network namespace that has no interface; the TPM is a unix socket.
func withoutNetwork() []string { return []string{"unshare", "-n"} }

// below is one of our programs started through others.
func below(ctx context.Context, through []string, c *exec.Cmd) *exec.Cmd {
	outer := exec.CommandContext(ctx, through[0], append(append(through[1:], c.Path), c.Args[1:]...)...) // #nosec G204: unshare and our own program
	outer.SysProcAttr, outer.Cancel, outer.WaitDelay = c.SysProcAttr, func() error { return outer.Process.Kill() }, c.WaitDelay
	return outer
}

// offline runs the machine command without a network and gives its lines or its refusal.
func (w *world) offline(ctx context.Context, b *stage.Box, name string, args ...string) (stage.Answer, error) {
	return stage.Follow(below(ctx, withoutNetwork(), w.MachineCommand(ctx, b, name, args...)), nil)
}

// copyTree copies a folder with its modes, as a thief with root would.
func copyTree(from, to string) error {
	return os.CopyFS(to, os.DirFS(from))
}
