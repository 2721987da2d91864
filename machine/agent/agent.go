package agent

import (
	"context"
	"time"

	"github.com/guildmark/guildmark/machine/folder"
	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/market"
	"github.com/guildmark/guildmark/machine/purchase"
	"github.com/guildmark/guildmark/machine/runtime"
)

// Starter runs one job in a process of its own and reports its events; runtime.Start with the program's path.
type Starter func(ctx context.Context, job runtime.Job, report func(runtime.Event)) error

// Progress is one line of what happens, for a person; Runtime is set while a use runs.
type Progress struct {
	Step    string         `json:"step"`
	Detail  string         `json:"detail,omitempty"`
	Runtime *runtime.Event `json:"runtime,omitempty"`
}

// Options configure an agent. Without a Payer it shows payment requests instead of paying; without a Start
// function it cannot use a license.
type Options struct {
	Payer  purchase.Payer
	Start  Starter
	Report func(Progress)
	Poll   time.Duration // between two questions to a server while waiting; market.PollEvery when 0
}

// Agent works in one state folder with one TPM. One goroutine at a time uses it.
type Agent struct {
	config    Config
	folder    *folder.Folder
	options   Options
	gateway   *market.Gateway
	issuer    *market.Issuer
	registrar *market.Activations
}

// New reads the CA files that the configuration names. It opens no connection and no TPM.
func New(config Config, files *folder.Folder, options Options) (*Agent, error) {
	a := &Agent{config: config, folder: files, options: options}
	if a.options.Report == nil {
		a.options.Report = func(Progress) {}
	}
	if a.options.Poll == 0 {
		a.options.Poll = market.PollEvery
	}
	var err error
	if a.gateway, err = market.NewGateway(config.Gateway); err != nil {
		return nil, err
	}
	if a.issuer, err = market.NewIssuer(config.Issuer); err != nil {
		return nil, err
	}
	a.registrar, err = market.NewRegistrar(config.Registrar)
	return a, err
}

func (a *Agent) say(step, detail string) { a.options.Report(Progress{Step: step, Detail: detail}) }

func (a *Agent) store() holding.Store { return holding.Store{Folder: a.folder} }
