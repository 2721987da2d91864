package main

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/agent"
)

// errDoctor means that a check failed. Do what the list says beside it.
var errDoctor = ledger.Refuse(ledger.Unavailable, "machine.doctor", "a check failed: see what to do above")

// maxFile bounds a signed file, bytes.
const maxFile = 1 << 20

// patience is how long buy and sync wait for others, if no flag says otherwise.
const patience = 10 * time.Minute

func enrollCommand() *command.Command {
	var s settings
	var file string
	return &command.Command{
		Name: "enroll", Short: "makes this machine known: registrar and custodians check its TPM.",
		Guide: "The one-time code comes from the registrar's partner (`partner registrar code`). Repeated, " +
			"it goes on where it stopped.",
		Example: "machine enroll --code-file code",
		Flags: func(f *command.Flags) {
			s.flags(f)
			f.StringVar(&file, "code-file", "",
				"`FILE` file of mode 0600 with the one-time code; needed the first time")
		},
		Run: s.at(func(ctx context.Context, t *task) (command.Result, error) {
			code := ""
			if file != "" {
				text, err := host.ReadPrivate(file)
				if err != nil {
					return nil, agent.ErrConfig.With(err.Error())
				}
				code = strings.TrimSpace(string(text))
			}
			e, err := t.agent.Enroll(ctx, code)
			if err != nil {
				return nil, err
			}
			return enrolled{
				Machine: e.Machine.ID, Owner: e.Machine.Owner, Assurance: e.Machine.Assurance, Bundle: e.Bundle,
				Custodians: e.Custodians,
			}, nil
		}),
	}
}

func buyCommand() *command.Command {
	s := settings{wallet: true}
	var offer string
	var most int64
	var wait time.Duration
	return &command.Command{
		Name: "buy", Short: "orders a license, checks the order, pays it, and waits for the license and its grant.",
		Guide:   "Interrupted, the same command goes on where it stopped and pays nothing twice.",
		Example: "machine buy --offer OFFER --at-most 25000",
		Flags: func(f *command.Flags) {
			f.StringVar(&offer, "offer", "", "`OFFER` id of the offer, or its first 8 digits or more")
			f.Need("offer")
			s.flags(f)
			f.Int64Var(&most, "at-most", 0, "`SAT` refuse to pay more than this many satoshi; default: any price")
			f.DurationVar(&wait, "wait", patience, "`TIME` how long to wait for settlement and grant")
		},
		Run: s.at(func(ctx context.Context, t *task) (command.Result, error) {
			if most < 0 {
				return nil, command.Usage("--at-most %d: an amount above zero is expected", most)
			}
			ctx, cancel := context.WithTimeout(ctx, wait)
			defer cancel()
			h, err := t.agent.Buy(ctx, offer, ledger.Satoshi(most))
			if err != nil {
				return nil, err
			}
			return bought{
				License: h.License.ID, Title: h.Title, Order: h.License.Order,
				Uses: h.License.Model.Uses,
			}, nil
		}),
	}
}

func licensesCommand() *command.Command {
	var s settings
	return &command.Command{
		Name: "licenses", Short: "lists what this machine holds, with the uses that its TPM has counted.",
		Example: "machine licenses", Flags: s.flags,
		Run: s.at(func(ctx context.Context, t *task) (command.Result, error) {
			all, err := t.agent.Status(ctx)
			if err != nil {
				return nil, err
			}
			return holdings{all}, nil
		}),
	}
}

func useCommand() *command.Command {
	var s settings
	var license string
	var count int
	return &command.Command{
		Name: "use", Short: "makes the product of a license, without any network.",
		Guide:   "Each product takes one use of the license, which the TPM counts before the data is opened.",
		Example: "machine use --license LICENSE --count 2",
		Flags: func(f *command.Flags) {
			f.StringVar(&license, "license", "", "`LICENSE` id of the license, or its beginning")
			f.Need("license")
			s.flags(f)
			f.IntVar(&count, "count", 1, "`N` how many to make")
		},
		Run: s.at(func(ctx context.Context, t *task) (command.Result, error) {
			if count < 1 {
				return nil, command.Usage("--count %d: 1 or more is expected", count)
			}
			return use(ctx, t, license, count)
		}),
	}
}

// use makes the product count times, if the license has so many uses left; the first refusal ends it, and what
// was made is told all the same.
func use(ctx context.Context, t *task, license string, count int) (command.Result, error) {
	if count > 1 {
		if err := t.agent.CheckUses(ctx, license, int64(count)); err != nil {
			return nil, err
		}
	}
	var made made
	for range count {
		used, err := t.agent.Use(ctx, license)
		if used.Count > 0 {
			if made.Made > 0 {
				t.call.Progress.Step("made", made.which())
			}
			made.Used, made.Made = used, made.Made+1
		}
		if err != nil && made.Made == 0 {
			return nil, err
		}
		if err != nil {
			return made, err
		}
	}
	return made, nil
}

func syncCommand() *command.Command {
	s := settings{wallet: true}
	var wait time.Duration
	return &command.Command{
		Name: "sync", Short: "finishes interrupted purchases, delivers receipts and renews signed licenses.",
		Example: "machine sync",
		Flags: func(f *command.Flags) {
			s.flags(f)
			f.DurationVar(&wait, "wait", patience, "`TIME` how long to wait for settlement and grant")
		},
		Run: s.at(func(ctx context.Context, t *task) (command.Result, error) {
			ctx, cancel := context.WithTimeout(ctx, wait)
			defer cancel()
			done, err := t.agent.Sync(ctx)
			return synced{done}, err
		}),
	}
}

func verifyCommand() *command.Command {
	var s settings
	return &command.Command{
		Name: "verify", Args: "FILE", Short: "checks a signed file under this machine's trust bundle, offline.",
		Example: "machine verify state/licenses/LICENSE/license.signed.json", Flags: s.flags,
		Run: s.at(func(ctx context.Context, t *task) (command.Result, error) {
			file, err := readSigned(t.call.Args[0])
			if err != nil {
				return nil, err
			}
			v, err := t.agent.Verify(ctx, file)
			if err != nil {
				return nil, err
			}
			return verdict{v}, nil
		}),
	}
}

func readSigned(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, command.Usage("%v", err)
	}
	if info.Size() > maxFile {
		return nil, ledger.ErrTooLarge.With(name)
	}
	file, err := os.ReadFile(name)
	if err != nil {
		return nil, command.Usage("%v", err)
	}
	return file, nil
}

func doctorCommand() *command.Command {
	s := settings{wallet: true}
	return &command.Command{
		Name: "doctor", Short: "checks everything that a purchase and a use need, and says what to do.",
		Example: "machine doctor", Flags: s.flags,
		Run: s.at(func(ctx context.Context, t *task) (command.Result, error) {
			checks := append(t.agent.Doctor(ctx), t.purse.check(ctx))
			for _, c := range checks {
				if !c.OK {
					return diagnosis{checks}, errDoctor
				}
			}
			return diagnosis{checks}, nil
		}),
	}
}

func tokenCommand() *command.Command {
	var s settings
	var scope string
	return &command.Command{
		Name: "token", Short: "prints an access token for the gateway, signed in by this machine's TPM.",
		Guide: "The token is good for five minutes and for one scope: order places and reads this machine's " +
			"orders, license\n" +
			"reads its licenses, asks for grants and delivers receipts. Whoever holds it can do that in the " +
			"machine's name: do\n" +
			"not write it to a log. The gateway's /openapi.yaml says what can be asked.",
		Example: `curl --cacert roots.pem -H "Authorization: Bearer $(machine token --scope order)" https://GATEWAY/v1/machines/MACHINE/orders`,
		Flags: func(f *command.Flags) {
			f.StringVar(&scope, "scope", "", "`SCOPE` order or license")
			f.Need("scope")
			s.flags(f)
		},
		Run: s.at(func(ctx context.Context, t *task) (command.Result, error) {
			if scope != "order" && scope != "license" {
				return nil, command.Usage("--scope %s: order or license is expected", scope)
			}
			token, err := t.agent.Token(ctx, scope)
			if err != nil {
				return nil, err
			}
			return accessToken{Token: token.Text, Scope: scope, Expires: token.Expires.UTC()}, nil
		}),
	}
}
