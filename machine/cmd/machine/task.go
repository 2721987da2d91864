package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/agent"
)

// task is one command line at work.
type task struct {
	name       string
	flags      *flag.FlagSet
	out, errs  io.Writer
	configFile string
	output     string

	code    string // enroll
	offer   string // buy
	atMost  int64
	wait    time.Duration
	license string // use
	count   int

	config agent.Config
	agent  *agent.Agent
	purse  *purse
}

func parse(name string, args []string, out, errs io.Writer) (*task, error) {
	t := &task{name: name, out: out, errs: errs, flags: flag.NewFlagSet("machine "+name, flag.ContinueOnError)}
	f := t.flags
	f.SetOutput(errs)
	f.StringVar(&t.configFile, "config", "machine.json", "configuration `file`")
	f.StringVar(&t.output, "output", "text", "text, or json: one JSON line for each event and one for the result")
	switch name {
	case "enroll":
		f.StringVar(&t.code, "code-file", "", "`file` (0600) with the one-time enrollment code")
	case "buy":
		f.StringVar(&t.offer, "offer", "", "the offer's `id`")
		f.Int64Var(&t.atMost, "at-most", 0, "refuse to pay more than this many `satoshi` (0 = any price)")
		f.DurationVar(&t.wait, "wait", 10*time.Minute, "how long to wait for settlement and grant")
	case "use":
		f.StringVar(&t.license, "license", "", "the license's `id`, or its beginning")
		f.IntVar(&t.count, "count", 1, "how many to make")
	case "sync":
		f.DurationVar(&t.wait, "wait", 10*time.Minute, "how long to wait for settlement and grant")
	}
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return t, err
		}
		return t, fmt.Errorf("%w: %w", errUsage, err)
	}
	return t, t.check()
}

func (t *task) check() error {
	most := map[string]int{"verify": 1, "wallet": 1}[t.name]
	switch {
	case t.output != "text" && t.output != "json":
		return fmt.Errorf("%w: --output is text or json", errUsage)
	case t.flags.NArg() > most:
		return fmt.Errorf("%w: too many arguments", errUsage)
	case t.name == "verify" && t.flags.NArg() == 0:
		return fmt.Errorf("%w: machine verify FILE", errUsage)
	}
	return t.checkFlags()
}

func (t *task) checkFlags() error {
	switch {
	case t.name == "buy" && t.offer == "":
		return fmt.Errorf("%w: machine buy --offer ID", errUsage)
	case t.name == "use" && (t.license == "" || t.count < 1):
		return fmt.Errorf("%w: machine use --license ID [--count N]", errUsage)
	case t.atMost < 0:
		return fmt.Errorf("%w: --at-most is negative", errUsage)
	}
	return nil
}

// line writes one JSON line.
func (t *task) line(v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		_, _ = fmt.Fprintln(t.errs, "machine: encode the output:", err)
		return
	}
	_, _ = t.out.Write(b.Bytes()) // nobody listens any more: nothing to be done
}

// conclude prints how it ended and gives the exit code.
func (t *task) conclude(err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, errUsage) {
		_, _ = fmt.Fprintf(t.errs, "machine %s: %v; `machine help` tells more\n", t.name, err)
		return 2
	}
	r := refusalOf(err)
	if t.output == "json" {
		t.line(struct {
			Refusal *ledger.Refusal `json:"refusal"`
		}{r})
		return 1
	}
	_, _ = fmt.Fprintf(t.errs, "refused  %s\n         %s\n", r.Code, r.Message)
	if r.Saw != "" {
		_, _ = fmt.Fprintf(t.errs, "         saw: %s\n", r.Saw)
	}
	return 1
}

// refusalOf is the refusal to print, that of the check or of the TPM; machine.failed when there is none.
func refusalOf(err error) *ledger.Refusal {
	if r, ok := errors.AsType[*ledger.Refusal](err); ok {
		return r
	}
	return ledger.Refuse(ledger.Unavailable, "machine.failed", "the machine could not do it").With(err.Error())
}
