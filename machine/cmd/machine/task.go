package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/agent"
	"github.com/guildmark/guildmark/machine/folder"
	"github.com/guildmark/guildmark/machine/runtime"
)

// errFailed means that a step failed that has no code of its own. Read what it saw.
var errFailed = ledger.Refuse(ledger.Unavailable, "machine.failed", "the machine could not do it")

// task is one command at work: configuration, state folder, wallet and agent, opened.
type task struct {
	call   *command.Call
	config agent.Config
	agent  *agent.Agent
	purse  *purse
}

// settings is what all commands of the machine are told.
type settings struct {
	config string
	wallet bool // the command asks the wallet: offline use touches neither its keys nor its node
}

func (s *settings) flags(f *command.Flags) {
	f.StringVar(&s.config, "config", "machine.json", "`FILE` configuration of the machine")
}

// at opens everything around one command, and closes it.
func (s *settings) at(do func(context.Context, *task) (command.Result, error)) command.Run {
	return func(ctx context.Context, call *command.Call) (command.Result, error) {
		result, err := s.perform(ctx, &task{call: call}, do)
		_, refused := errors.AsType[*ledger.Refusal](err)
		if err != nil && !refused && !errors.Is(err, command.ErrUsage) {
			err = errFailed.With(err.Error())
		}
		return result, err
	}
}

func (s *settings) perform(ctx context.Context, t *task,
	do func(context.Context, *task) (command.Result, error),
) (result command.Result, err error) {
	if t.config, err = agent.LoadConfig(s.config); err != nil {
		return nil, err
	}
	files, err := folder.Open(t.config.State)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own program: %w", err)
	}
	if t.purse, err = openPurse(t.config, s.wallet); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.purse.close()) }()
	options := agent.Options{
		Report: t.report,
		Start: func(ctx context.Context, job runtime.Job, report func(runtime.Event)) error {
			return runtime.Start(ctx, program, []string{"runtime"}, job, report)
		},
	}
	if t.purse.wallet != nil {
		options.Payer = t.purse
	}
	if t.agent, err = agent.New(t.config, files, options); err != nil {
		return nil, err
	}
	return do(ctx, t)
}
