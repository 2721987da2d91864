package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/guildmark/guildmark/network/node"
)

// ErrTool means that a program is missing; the text behind it names the make target that builds it.
var ErrTool = errors.New("program missing")

// ErrLate means that processes did not become ready within the time allowed; the text behind it names each
// with its state and the end of its log.
var ErrLate = errors.New("not ready in time")

// Programs are the files that are run. All paths are absolute.
type Programs struct {
	Tools     string // folder of peer, orderer, configtxgen, fabric-ca-server, btcd
	Network   string // this project's network command: it supervises, and it is the peers' external builder
	Chaincode string // the chaincode's binary
}

// Tool is the path of a foreign program.
func (p Programs) Tool(name string) string { return filepath.Join(p.Tools, name) }

// Check returns [ErrTool] for the first program that is missing.
func (p Programs) Check() error {
	for _, name := range []string{"peer", "orderer", "configtxgen", "fabric-ca-server", "btcd"} {
		if _, err := os.Stat(p.Tool(name)); err != nil {
			return fmt.Errorf("%w: %s: run `make tools` (%w)", ErrTool, name, err)
		}
	}
	for _, path := range []string{p.Network, p.Chaincode} {
		if _, err := os.Stat(path); err != nil {
			return fmt.Errorf("%w: %s: run `make build` (%w)", ErrTool, path, err)
		}
	}
	return nil
}

// Start gives processes to the supervisor, which starts them. A process that it has already is left as it is.
func Start(ctx context.Context, control *node.Client, specs ...node.Spec) error {
	for _, spec := range specs {
		if err := control.Add(ctx, spec); err != nil && !errors.Is(err, node.ErrExists) {
			return fmt.Errorf("start %s: %w", spec.Name, err)
		}
	}
	return nil
}

// Await waits until the selected processes are ready, at most for limit.
func Await(ctx context.Context, control *node.Client, logs string, limit time.Duration, selectors ...string) error {
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := control.Await(bounded, selectors...)
	if err == nil || ctx.Err() != nil {
		return err
	}
	if bounded.Err() == nil {
		return fmt.Errorf("%w (logs are in %s)", err, logs)
	}
	return fmt.Errorf("%w, %s allowed: %s (logs are in %s)", ErrLate, limit,
		unready(ctx, control, logs, selectors), logs)
}
