package main

import (
	"context"
	"errors"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/network/partner/registrar"
	"github.com/guildmark/guildmark/network/topology"
)

// enrollmentCode is what an owner gets from the registrar's partner.
type enrollmentCode struct {
	Code  string `json:"code"`
	Owner string `json:"owner"`
	Line  string `json:"line"`
}

// Text is the code alone: it goes into a file.
func (e enrollmentCode) Text() string { return e.Code }

// codeCommand is `partner registrar code`.
func codeCommand() *command.Command {
	var config, owner, line string
	return &command.Command{
		Name: "code", Short: "prints a one-time enrollment code for an owner's machine.",
		Guide: "The registrar keeps the code's hash alone: a code that is lost is made again. It goes into a " +
			"file of mode 0600 at\n" +
			"the machine (`machine enroll --code-file FILE`).",
		Example: "partner registrar code --config build/net/manufacturer/services/registrar/config.json " +
			"--owner buyer1 --line mixer-1",
		Flags: func(f *command.Flags) {
			f.StringVar(&owner, "owner", "", "`NAME` buyer who will own the machine: an identity of the "+
				"connection file, like buyer1, or a party id")
			f.StringVar(&line, "line", "",
				"`LINE` product line of the machine, one of those that the registrar's configuration lists")
			configFlag(f, &config)
			f.Need("owner", "line")
		},
		Run: func(context.Context, *command.Call) (command.Result, error) {
			var c registrarConfig
			if err := load(config, &c); err != nil {
				return nil, err
			}
			party, err := c.party(owner)
			if errors.Is(err, topology.ErrIdentity) {
				return nil, command.Usage("--owner: %v", err)
			}
			if err != nil {
				return nil, err
			}
			code, err := registrar.Add(c.Codes, party, line, c.Lines)
			if errors.Is(err, registrar.ErrLine) {
				return nil, command.Usage("%v", err)
			}
			if err != nil {
				return nil, err
			}
			return enrollmentCode{Code: code, Owner: party, Line: line}, nil
		},
	}
}
