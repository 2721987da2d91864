// Command audit copies the ledger's blocks and Bitcoin's headers, and checks both without asking anybody again.
// It refuses to change anything, on the ledger or in a copy.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/guildmark/guildmark/chaincode/audit"
	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/host"
)

const usage = `audit copies and checks a guildmark ledger.

  audit copy    --connection FILE --identity DIR --out DIR       copy every block from a peer; repeated, go on
  audit headers --connection FILE --node NAME --out FILE         export a Bitcoin node's headers
  audit replay  [--headers FILE] [--genesis HASH] [--output json] DIR
                                                                 check everything in a copy and print the books
  audit --version

replay exits 0 when all is in order, 1 when something is wrong with the ledger, 2 when the audit itself couldn't be done.
It asks no peer and no node: what it says follows from the copied files and the genesis block's hash.
`

// Exit codes.
const (
	exitWrong = 1
	exitUsage = 2
)

var errWrong = errors.New("the copy is not in order")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errWrong):
		os.Exit(exitWrong)
	default:
		fmt.Fprintln(os.Stderr, "audit:", err)
		os.Exit(exitUsage)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("which command? See audit --help")
	}
	switch args[0] {
	case "copy":
		return copyBlocks(ctx, args[1:], out)
	case "headers":
		return exportHeaders(ctx, args[1:], out)
	case "replay":
		return replay(args[1:], out)
	case "--version", "version":
		_, err := fmt.Fprintln(out, "audit", host.Version())
		return err
	case "--help", "-h", "help":
		_, err := fmt.Fprint(out, usage)
		return err
	}
	return fmt.Errorf("no command %q. See audit --help", args[0])
}

func flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet("audit "+name, flag.ContinueOnError)
	return f
}

func copyBlocks(ctx context.Context, args []string, out io.Writer) error {
	f := flags("copy")
	connection := f.String("connection", "build/net/connection.json", "the network's connection `file`")
	identity := f.String("identity", "", "`folder` of an identity that may read blocks")
	dir := f.String("out", "", "`folder` for the copied blocks")
	channel := f.String("channel", "", "`name` of the channel; default: the connection's")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *identity == "" || *dir == "" {
		return errors.New("copy needs --identity and --out")
	}
	c, err := client.Open(*connection, *identity, client.Config{Channel: *channel})
	if err != nil {
		return err
	}
	height, err := audit.Copy(ctx, c, *dir)
	if err = errors.Join(err, c.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d blocks in %s\n", height, *dir)
	return err
}

func exportHeaders(ctx context.Context, args []string, out io.Writer) error {
	f := flags("headers")
	connection := f.String("connection", "build/net/connection.json", "the network's connection `file`")
	name := f.String("node", "", "`name` of the node, such as btcd.operator; default: the first")
	file := f.String("out", "", "`file` for the headers")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *file == "" {
		return errors.New("headers needs --out")
	}
	node, err := findNode(*connection, *name)
	if err != nil {
		return err
	}
	headers, err := node.Headers(ctx)
	if err != nil {
		return err
	}
	doc, err := json.Marshal(headers)
	if err != nil {
		return fmt.Errorf("encode headers: %w", err)
	}
	if err := os.WriteFile(*file, doc, 0o600); err != nil {
		return fmt.Errorf("write headers: %w", err)
	}
	_, err = fmt.Fprintf(out, "%d headers in %s\n", len(headers.Headers), *file)
	return err
}

func findNode(connection, name string) (audit.Node, error) {
	raw, err := os.ReadFile(connection)
	if err != nil {
		return audit.Node{}, fmt.Errorf("read connection: %w", err)
	}
	var c struct {
		Bitcoin []struct{ Name, Network, RPC, Certificate, Credentials string }
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return audit.Node{}, fmt.Errorf("read connection: %w", err)
	}
	for _, b := range c.Bitcoin {
		if name == "" || b.Name == name {
			return audit.Node{URL: "https://" + b.RPC, Network: b.Network, Certificate: b.Certificate, Credentials: b.Credentials}, nil
		}
	}
	return audit.Node{}, fmt.Errorf("no Bitcoin node %q in %s", name, connection)
}

func replay(args []string, out io.Writer) error {
	f := flags("replay")
	headers := f.String("headers", "", "`file` of Bitcoin headers to compare payments with")
	genesis := f.String("genesis", "", "`hash` of the genesis block that you know")
	output := f.String("output", "text", "text or json")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() != 1 || *output != "text" && *output != "json" {
		return errors.New("replay takes one folder, and --output text or json")
	}
	config := audit.Config{Genesis: *genesis}
	if *headers != "" {
		raw, err := os.ReadFile(*headers)
		if err != nil {
			return fmt.Errorf("read headers: %w", err)
		}
		config.Headers = raw
	}
	report, err := audit.Replay(f.Arg(0), config)
	if err != nil {
		return err
	}
	if *output == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		err = e.Encode(report)
	} else {
		err = report.Print(out)
	}
	if err == nil && !report.OK {
		return errWrong
	}
	return err
}
