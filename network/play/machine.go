package play

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/topology"
)

// EnrollmentCode lets the partner whose registrar it is draw a one-time code for a buyer's machine of the play's product
// line. Programs is the folder of the product's programs.
func EnrollmentCode(ctx context.Context, conn topology.Connection, programs, owner string) (string, error) {
	for _, p := range conn.Peers {
		if _, ok := conn.Ports["registrar."+p.Partner]; !ok {
			continue
		}
		registrar := home.Home{Dir: Layout{Dir: conn.Directory}.Home(p.Partner)}
		config := filepath.Join(registrar.Service("registrar"), "config.json")
		out, err := output(ctx, filepath.Join(programs, "partner"), "registrar", "code", "--config", config, "--owner", owner, "--line", Line)
		if err != nil {
			return "", fmt.Errorf("enrollment code of %s: %w", p.Partner, err)
		}
		return strings.TrimSpace(string(out)), nil
	}
	return "", fmt.Errorf("%w: no partner runs a registrar", ErrState)
}

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
