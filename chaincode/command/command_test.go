package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

var errStock = ledger.Refuse(ledger.Conflict, "stock.sold", "the item was sold before")

type sold struct {
	Item  string `json:"item"`
	Price int64  `json:"price"`
}

func (s sold) Text() string {
	return fmt.Sprintf("sold %s for %s", s.Item, Sat(ledger.Satoshi(s.Price)))
}

// stall is a small program with everything that the frame offers.
func stall() *Command {
	var price int64
	var item string
	return &Command{
		Name: "stall", Short: "sells things.", Version: "v1 commit abc",
		Guide: "A first sale:\n  1. stall sell --item pear --price 3\n  2. stall list\nstall never sleeps.",
		Commands: []*Command{
			{
				Name: "sell", Short: "sells one item.", Example: "stall sell --item pear --price 3",
				Flags: func(f *Flags) {
					f.StringVar(&item, "item", "", "`NAME` what to sell")
					f.Int64Var(&price, "price", 0, "`SAT` price to ask for")
					f.Need("item", "price")
				},
				Run: func(ctx context.Context, c *Call) (Result, error) {
					c.Progress.Step("weighing", item)
					c.Progress.Moving("weighing [==  ]")
					switch item {
					case "apple":
						return nil, fmt.Errorf("at the till: %w", errStock.With("apple"))
					case "melon":
						return nil, errors.New("open the drawer: it is stuck")
					case "plum":
						return sold{item, 1}, errStock.With("the second plum")
					case "stone":
						return nil, Usage("--item stone: nobody buys it")
					case "snail":
						<-ctx.Done()
						return nil, ctx.Err()
					}
					return sold{item, price}, nil
				},
			},
			{
				Name: "list", Args: "[fruit|tool]", Short: "lists what there is.",
				Run: func(context.Context, *Call) (Result, error) { return Document(`{"items": []}`), nil },
			},
			{Name: "keep", Args: "FILE", Short: "keeps a file.", Run: nothing},
			{Name: "drop", Args: "NAME...", Short: "drops names.", Run: nothing},
			{Name: "till", Commands: []*Command{{Name: "open", Args: "KEY", Short: "opens the till.", Run: nothing}}},
		},
	}
}

func nothing(context.Context, *Call) (Result, error) { return nil, nil }

func execute(ctx context.Context, console Console, args ...string) (code int, out, errs string) {
	var o, e bytes.Buffer
	console.Out, console.Err = &o, &e
	code = Execute(ctx, stall(), args, console)
	return code, o.String(), e.String()
}

func TestCommandLine(t *testing.T) {
	tests := []struct {
		name    string
		args    string
		code    int
		out     string // all of it, or its beginning before ...
		errs    string
		console Console
	}{
		{
			name: "result in words", args: "sell --item pear --price 17500", out: "sold pear for 17,500 sat\n",
			errs: "weighing   pear\n",
		},
		{
			name: "result as JSON", args: "sell --item pear --price 3 --output json",
			out: `{"item":"pear","price":3}` + "\n",
		},
		{
			name: "output before the command", args: "--output json sell --item pear --price 3",
			out: `{"item":"pear","price":3}` + "\n",
		},
		{name: "a document", args: "list", out: `{"items": []}` + "\n"},
		{name: "a document as JSON", args: "list --output json", out: `{"items":[]}` + "\n"},
		{name: "version", args: "--version", out: "stall v1 commit abc\n"},
		{name: "version, a word", args: "version", out: "stall v1 commit abc\n"},
		{
			name: "version as JSON", args: "--version --output json",
			out: `{"name":"stall","version":"v1 commit abc"}` + "\n",
		},

		{
			name: "events", args: "sell --item pear --price 3 --events --output json", out: "...",
			errs: `{"step":"weighing","detail":"pear"}` + "\n",
		},
		{
			name: "refused", args: "sell --item apple --price 1", code: 1,
			errs: "weighing   apple\nrefused  stock.sold\n         the item was sold before\n         saw: apple\n",
		},
		{
			name: "refused as JSON", args: "sell --item apple --price 1 --output json", code: 1,
			errs: `{"code":"stock.sold","kind":"Conflict","message":"the item was sold before","saw":"apple"}` +
				"\n",
		},
		{
			name: "failed", args: "sell --item melon --price 1", code: 1,
			errs: "weighing   melon\nstall sell: open the drawer: it is stuck\n",
		},
		{
			name: "failed as JSON", args: "sell --item melon --price 1 --output=json", code: 1,
			errs: `{"code":"command.failed","kind":"Unavailable","message":"open the drawer: it is stuck","saw":""}` + "\n",
		},
		{
			name: "a result and a refusal", args: "sell --item plum --price 1 --output json", code: 1,
			out: `{"item":"plum","price":1}` + "\n", errs: `{"code":"stock.sold",...`,
		},
		{
			name: "refused in color", args: "sell --item apple --price 1", console: Console{Color: true}, code: 1,
			errs: "weighing   apple\n\x1b[31mrefused\x1b[0m  stock.sold\n...",
		},
		{
			name: "a moving line on a terminal", args: "sell --item pear --price 1", console: Console{Live: true},
			out: "sold pear for 1 sat\n", errs: "weighing   pear\nweighing [==  ]\r\x1b[K",
		},

		{
			name: "unknown command", args: "sel", code: 2,
			errs: "stall: no command \"sel\"; near it: sell\nsee `stall --help`\n",
		},
		{
			name: "unknown command, nothing near", args: "fly", code: 2,
			errs: "stall: no command \"fly\"\nsee `stall --help`\n",
		},
		{
			name: "unknown command below", args: "till opn", code: 2,
			errs: "stall till: no command \"opn\"; near it: open\nsee `stall till --help`\n",
		},
		{
			name: "unknown command before unknown flags", args: "till opn --fast", code: 2,
			errs: "stall till: no command \"opn\"; near it: open\n...",
		},
		{
			name: "unknown flag of one that only holds others", args: "till --fast", code: 2,
			errs: "stall till: unknown flag: --fast\n...",
		},
		{
			name: "only holds others", args: "till", code: 2,
			errs: "stall till: needs one of: open KEY\nsee `stall till --help`\n",
		},
		{
			name: "unknown flag", args: "sell --fast", code: 2,
			errs: "stall sell: unknown flag: --fast\nsee `stall sell --help`\n",
		},
		{
			name: "unknown flag as JSON", args: "sell --fast --output json", code: 2,
			errs: "{\"code\":\"command.usage\",\"kind\":\"Invalid\",\"message\":\"the command line can't be " +
				"used: see `stall sell --help`\",\"saw\":\"unknown flag: --fast\"}\n",
		},
		{name: "flags are missing", args: "sell", code: 2, errs: "stall sell: --item is needed (also --price)\n..."},
		{name: "one is missing", args: "sell --item x", code: 2, errs: "stall sell: --price is needed\n..."},
		{
			name: "no number", args: "sell --item x --price dear", code: 2,
			errs: "stall sell: --price dear: a whole number is expected\n...",
		},
		{
			name: "no format", args: "list --output xml", code: 2,
			errs: "stall list: --output xml: text or json is expected\n...",
		},
		{
			name: "usage from the command", args: "sell --item stone --price 1", code: 2,
			errs: "weighing   stone\nstall sell: --item stone: nobody buys it\n...",
		},
		{
			name: "an argument is missing", args: "keep", code: 2,
			errs: "stall keep: FILE is needed: stall keep FILE\n...",
		},
		{name: "too many", args: "keep a b", code: 2, errs: "stall keep: \"b\" is one argument too many\n..."},
		{name: "may be left out", args: "list fruit", out: "..."},
		{name: "may be repeated", args: "drop a b c"},
		{
			name: "needs one at least", args: "drop", code: 2,
			errs: "stall drop: NAME... is needed: stall drop NAME...\n...",
		},
		{
			name: "no such shell", args: "completion tcsh", code: 2,
			errs: "stall completion: bash, zsh or fish is expected, got \"tcsh\"\n...",
		},
		{name: "help of nothing", args: "help sel", code: 2, errs: "stall: no command \"sel\"; near it: sell\n..."},

		{name: "help", args: "", out: "stall sells things.\n\nUsage: stall COMMAND [flags]\n\n  sell         " +
			"             sells one item.\n..."},
		{name: "completion for bash", args: "completion bash", out: "# bash completion V2 for stall..."},
		{name: "completion for zsh", args: "completion zsh", out: "#compdef stall..."},
		{name: "completion for fish", args: "completion fish", out: "# fish completion for stall..."},
		{name: "completes words", args: "__complete list ", out: "fruit\ntool\n:4\n", errs: "..."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := strings.Fields(tt.args)
			if strings.HasSuffix(tt.args, " ") { // the shell completes an empty word
				args = append(args, "")
			}
			code, out, errs := execute(t.Context(), tt.console, args...)
			if code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if !matches(out, tt.out) {
				t.Errorf("standard output %q, want %q", out, tt.out)
			}
			if !matches(errs, tt.errs) {
				t.Errorf("standard error %q, want %q", errs, tt.errs)
			}
		})
	}
}

// matches compares whole texts, or beginnings where want ends with "...".
func matches(got, want string) bool {
	if begin, ok := strings.CutSuffix(want, "..."); ok {
		return strings.HasPrefix(got, begin)
	}
	return got == want
}

func TestHelpOfACommand(t *testing.T) {
	want := `sell sells one item.

Usage: stall sell --item NAME --price SAT [flags]

Example:
  build/bin/stall sell --item pear --price 3

Flags:
      --item NAME      what to sell (required)
      --price SAT      price to ask for (required)
      --output FORMAT  form of result and errors: text or json (default text)
      --events         progress as JSON, one line a step on standard error
  -h, --help           show this help

Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
`
	for _, args := range [][]string{{"sell", "--help"}, {"help", "sell"}, {"sell", "-h", "--output", "json"}} {
		if code, out, errs := execute(t.Context(), Console{Typed: "build/bin/stall"}, args...); code != 0 ||
			out != want || errs != "" {
			t.Errorf("%v: exit code %d, printed\n%s%s\nwant\n%s", args, code, out, errs, want)
		}
	}
}

func TestGuideRunsAsPrinted(t *testing.T) {
	_, out, _ := execute(t.Context(), Console{Typed: "./stall"}, "--help")
	if _, shell, _ := execute(t.Context(), Console{Typed: "./stall"}, "help",
		"completion"); !strings.Contains(shell, "  source <(./stall completion bash)\n") {
		t.Errorf("the example does not say how the program was called:\n%s", shell)
	}
	if !strings.Contains(out, "  1. ./stall sell --item pear --price 3\n  2. ./stall list\nstall never sleeps.\n") {
		t.Errorf("the guide does not say how the program was called:\n%s", out)
	}
}

// The programs of the project lie in one folder: an example that begins with another one is found there.
func TestExampleOfAProgramBeside(t *testing.T) {
	p := &program{root: &Command{Name: "partner"}}
	for typed, want := range map[string]string{
		"":                  "  network stop x\n  partner heartbeat",
		"partner":           "  network stop x\n  partner heartbeat",
		"build/bin/partner": "  build/bin/network stop x\n  build/bin/partner heartbeat",
		"/tmp/a.test":       "  network stop x\n  /tmp/a.test heartbeat",
	} {
		p.console.Typed = typed
		if got := p.typed("  network stop x\n  partner heartbeat"); got != want {
			t.Errorf("called as %q: %q, want %q", typed, got, want)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	code, _, errs := execute(ctx, Console{}, "sell", "--item", "snail", "--price", "1", "--output", "json")
	var got problem
	if err := json.Unmarshal([]byte(errs), &got); err != nil || code != ExitFailed ||
		got.Code != ErrInterrupted.Code {
		t.Errorf("exit code %d, printed %q, want code %s (%v)", code, errs, ErrInterrupted.Code, err)
	}
}

// The cause of a wrong usage can be told from a refusal by its class.
func TestUsageIsErrUsage(t *testing.T) {
	if err := fmt.Errorf("read: %w", Usage("x")); !errors.Is(err, ErrUsage) || errors.Is(err, ErrFailed) {
		t.Errorf("%v is not ErrUsage alone", err)
	}
}
