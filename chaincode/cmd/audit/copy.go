package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/guildmark/guildmark/chaincode/audit"
	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/spv/rpc"
)

// source is where a copy comes from.
type source struct{ connection, identity, channel, node, out string }

func (s *source) connectionFlag(f *command.Flags) {
	f.StringVar(&s.connection, "connection", "build/net/connection.json", "`FILE` connection file of the network")
}

// copied is the result of copy.
type copied struct {
	Folder string `json:"folder"`
	Blocks uint64 `json:"blocks"`
}

func (c copied) Text() string {
	return fmt.Sprintf("%s in %s", command.Count(int(c.Blocks), "block"), c.Folder) //nolint:gosec // G115: no ledger has 2^63 blocks
}

func copyCommand() *command.Command {
	var s source
	return &command.Command{
		Name: "copy", Short: "copies every block of the ledger from a peer; repeated, it goes on.",
		Example: "audit copy --identity build/net/auditor/identities/auditor --out build/blocks",
		Flags: func(f *command.Flags) {
			f.StringVar(&s.identity, "identity", "",
				"`DIR` folder of an identity that may read blocks: cert.pem and key.pem")
			f.StringVar(&s.out, "out", "", "`DIR` folder for the copied blocks")
			f.Need("identity", "out")
			s.connectionFlag(f)
			f.StringVar(&s.channel, "channel", "", "`NAME` channel to copy; default: the connection's")
		},
		Run: func(ctx context.Context, _ *command.Call) (command.Result, error) {
			c, err := client.Open(s.connection, s.identity, client.Config{Channel: s.channel})
			if err != nil {
				return nil, err
			}
			height, err := audit.Copy(ctx, c, s.out)
			if err = errors.Join(err, c.Close()); err != nil {
				return nil, err
			}
			return copied{Folder: s.out, Blocks: height}, nil
		},
	}
}

// exported is the result of headers.
type exported struct {
	File    string `json:"file"`
	Node    string `json:"node"`
	Headers int    `json:"headers"`
}

func (e exported) Text() string {
	return fmt.Sprintf("%s of %s in %s", command.Count(e.Headers, "header"), e.Node, e.File)
}

func headersCommand() *command.Command {
	var s source
	return &command.Command{
		Name: "headers", Short: "writes a Bitcoin node's block headers to a file, for replay to compare " +
			"payments with.",
		Example: "audit headers --out build/headers.json",
		Flags: func(f *command.Flags) {
			f.StringVar(&s.out, "out", "", "`FILE` where to write them")
			f.Need("out")
			s.connectionFlag(f)
			f.StringVar(&s.node, "node", "",
				"`NAME` node to ask, such as btcd.operator; default: the first in the connection file")
		},
		Run: func(ctx context.Context, _ *command.Call) (command.Result, error) { return s.headers(ctx) },
	}
}

func (s *source) headers(ctx context.Context) (command.Result, error) {
	config, name, err := s.find()
	if err != nil {
		return nil, err
	}
	node, err := rpc.Open(config)
	if err != nil {
		return nil, err
	}
	defer node.Close()
	headers, err := audit.Headers(ctx, node, config.Network)
	if err = errors.Join(err, headers.Check()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	doc, err := json.Marshal(headers)
	if err != nil {
		return nil, fmt.Errorf("encode headers: %w", err)
	}
	if err := host.Replace(s.out, doc, host.Private); err != nil {
		return nil, fmt.Errorf("write headers: %w", err)
	}
	return exported{File: s.out, Node: name, Headers: len(headers.Headers)}, nil
}

// find takes the node of the flag, or the first, from the connection file.
func (s *source) find() (node rpc.Config, name string, err error) {
	raw, err := os.ReadFile(s.connection)
	if err != nil {
		return node, "", fmt.Errorf("read connection: %w", err)
	}
	var c struct {
		Bitcoin []struct{ Name, Network, RPC, Certificate, Credentials string }
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return node, "", fmt.Errorf("read connection %s: %w", s.connection, err)
	}
	var known []string
	for _, b := range c.Bitcoin {
		if s.node == "" || b.Name == s.node {
			return rpc.Config{
				RPC: b.RPC, Network: b.Network, Certificate: b.Certificate,
				Credentials: b.Credentials,
			}, b.Name, nil
		}
		known = append(known, b.Name)
	}
	return node, "", command.Usage("no Bitcoin node %q in %s, which lists %q", s.node, s.connection, known)
}
