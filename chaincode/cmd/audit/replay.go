package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/guildmark/guildmark/chaincode/audit"
	"github.com/guildmark/guildmark/chaincode/command"
)

// replayed is the report as the command prints it.
type replayed struct{ audit.Report }

func (r replayed) Text() string {
	var b strings.Builder
	_ = r.Print(&b) // into memory
	return b.String()
}

func replayCommand() *command.Command {
	var headers, genesis, license string
	return &command.Command{
		Name: "replay", Args: "DIR", Short: "checks everything in a copy and prints the books.",
		Guide: "Exit code 1: something is wrong with the ledger or its copy. Exit code 2: the audit itself " +
			"could not be made.",
		Example: "audit replay chaincode/audit/testdata/lifecycle",
		Flags: func(f *command.Flags) {
			f.StringVar(&headers, "headers", "",
				"`FILE` Bitcoin headers to compare payments with, as `audit headers` wrote them")
			f.StringVar(&license, "license", "",
				"`ID` of a license to follow from order to last receipt, or its first digits")
			f.StringVar(&genesis, "genesis", "", "`HASH` of the genesis block that you know, 64 hexadecimal digits")
		},
		Run: func(_ context.Context, call *command.Call) (command.Result, error) {
			return replay(call.Args[0], headers, genesis, license)
		},
	}
}

func replay(dir, headers, genesis, license string) (command.Result, error) {
	config := audit.Config{Genesis: strings.ToLower(genesis), License: license}
	if raw, err := hex.DecodeString(genesis); genesis != "" && (err != nil || len(raw) != 32) {
		return nil, command.Usage("--genesis %s: 64 hexadecimal digits are expected", genesis)
	}
	if headers != "" {
		raw, err := os.ReadFile(headers)
		if err != nil {
			return nil, fmt.Errorf("read headers: %w", err)
		}
		config.Headers = raw
	}
	report, err := audit.Replay(dir, config)
	if err != nil {
		return nil, err
	}
	if !report.OK {
		return replayed{report}, errWrong
	}
	return replayed{report}, nil
}
