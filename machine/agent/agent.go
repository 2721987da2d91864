package agent

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/folder"
	"github.com/guildmark/guildmark/machine/runtime"
	"github.com/guildmark/guildmark/machine/tpm"
)

// Payer pays a script from the machine's own wallet. reference names the payment: asked twice with one reference, it
// pays once and answers with the same transaction id.
type Payer interface {
	Pay(ctx context.Context, reference string, script []byte, amount ledger.Satoshi) (txid string, err error)
}

// Starter runs one job in a process of its own and reports its events; runtime.Start with the program's path.
type Starter func(ctx context.Context, job runtime.Job, report func(runtime.Event)) error

// Progress tells a person what happens; Runtime is set while a use runs.
type Progress struct {
	Step    string         `json:"step"`
	Detail  string         `json:"detail,omitempty"`
	Runtime *runtime.Event `json:"runtime,omitempty"`
}

// Options are what an agent may be given; without a Payer it can't buy, without a Starter it can't use.
type Options struct {
	Payer  Payer
	Start  Starter
	Report func(Progress)
	Random io.Reader     // crypto/rand when nil
	Poll   time.Duration // how often to ask for what others must do; a second when 0
}

// Agent works in one state folder with one TPM. One goroutine at a time uses it.
type Agent struct {
	config    Config
	store     *folder.Folder
	options   Options
	gateway   *client
	issuer    *client
	registrar *client
}

// New connects nothing yet.
func New(config Config, store *folder.Folder, options Options) (*Agent, error) {
	a := &Agent{config: config, store: store, options: options}
	if a.options.Report == nil {
		a.options.Report = func(Progress) {}
	}
	if a.options.Random == nil {
		a.options.Random = rand.Reader
	}
	if a.options.Poll == 0 {
		a.options.Poll = pollEvery
	}
	for _, s := range []struct {
		to   **client
		from Server
	}{{&a.gateway, config.Gateway}, {&a.issuer, config.Issuer}, {&a.registrar, config.Registrar}} {
		c, err := newClient(s.from)
		if err != nil {
			return nil, err
		}
		*s.to = c
	}
	return a, nil
}

func (a *Agent) say(step, detail string) { a.options.Report(Progress{Step: step, Detail: detail}) }

// fresh is 32 random bytes in hex: a nonce, a salt, an idempotency key.
func (a *Agent) fresh() (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(a.options.Random, b); err != nil {
		return "", fmt.Errorf("draw a nonce: %w", err)
	}
	return hex.EncodeToString(b), nil
}

// desk is the agent with the TPM in its hands: open for one command, closed before a runtime starts.
type desk struct {
	*Agent
	conn     transport.TPMCloser
	tpm      *tpm.TPM
	enrolled Enrollment
	token    accessToken
}

// dial opens the TPM and drops what a killed process left in it, except sessions that a purchase still needs.
func (a *Agent) dial(ctx context.Context) (transport.TPMCloser, error) {
	conn, err := tpm.Dial(ctx, a.config.TPM)
	if err != nil {
		return nil, runtime.ErrTPM.With(err.Error())
	}
	keep, err := a.openSessions()
	if err == nil {
		err = tpm.Sweep(conn, keep...)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// open takes the TPM of an enrolled machine.
func (a *Agent) open(ctx context.Context) (*desk, error) {
	enrolled, err := a.enrollment()
	if err != nil {
		return nil, err
	}
	conn, err := a.dial(ctx)
	if err != nil {
		return nil, err
	}
	m, err := tpm.Open(conn)
	if err != nil {
		return nil, errors.Join(otherTPM(err), conn.Close())
	}
	if !slices.Equal(m.Keys().AK, enrolled.Keys.AK) || !slices.Equal(m.Keys().SRK, enrolled.Keys.SRK) {
		return nil, errors.Join(ErrOtherTPM, conn.Close())
	}
	d := &desk{Agent: a, conn: conn, tpm: m, enrolled: enrolled}
	d.Agent = a.withToken(d.bearer)
	return d, nil
}

// otherTPM tells a TPM without this machine's keys from one that can't be asked.
func otherTPM(err error) error {
	var judged *ledger.Refusal
	if errors.Is(err, tpm.ErrNotProvisioned) || errors.Is(err, tpm.ErrForeignCounter) || errors.As(err, &judged) {
		return ErrOtherTPM.With(err.Error())
	}
	if runtime.FromTPM(err) != nil {
		return err
	}
	return runtime.ErrTPM.With(err.Error())
}

func (d *desk) close() error { return d.conn.Close() }

// withToken is the agent whose gateway client sends a bearer token.
func (a *Agent) withToken(token func(context.Context) (string, error)) *Agent {
	c := *a
	gateway := *a.gateway
	gateway.token = token
	c.gateway = &gateway
	return &c
}
