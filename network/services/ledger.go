package services

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"

	"github.com/guildmark/guildmark/chaincode/client"
)

// caller is an identity's connection to the ledger.
type caller interface {
	Submit(ctx context.Context, function string, args ...string) (client.Result, error)
	Evaluate(ctx context.Context, function string, args ...string) ([]byte, error)
}

// opener connects as one of a partner's identities.
type opener func(partner, identity string) (caller, error)

// output runs a program of ours and gives what it printed.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	c := exec.CommandContext(ctx, program, args...) //nolint:gosec // G204: a program of this project with arguments made here
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(program), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}
