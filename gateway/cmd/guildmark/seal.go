package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/guildmark/guildmark/chaincode/client"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/gateway/licensor"
)

// way is how the licensor reaches ledger and gateway.
type way struct {
	connection, identity, gateway, roots string
}

func (w *way) flags(f *flag.FlagSet) {
	f.StringVar(&w.connection, "connection", "", "connection.json of the network")
	f.StringVar(&w.identity, "identity", "", "folder of your identity: cert.pem and key.pem")
	f.StringVar(&w.gateway, "gateway", "", "URL of a gateway")
	f.StringVar(&w.roots, "gateway-roots", "", "PEM file of roots for the gateway's certificate (default: the system's)")
}

// licensor opens the identity.
func (w *way) licensor() (licensor.Licensor, error) {
	msp, err := licensor.MSPOf(w.connection, w.identity)
	if err != nil {
		return licensor.Licensor{}, err
	}
	return licensor.OpenLicensor(w.identity, msp)
}

// ask gives the way to the signed recipients: the gateway's if one is named, else the licensor's own to the peers.
func (w *way) ask(b *signed.Bundle) (ask licensor.Ask, end func() error, err error) {
	if w.gateway != "" {
		g, err := licensor.NewGateway(w.gateway, w.roots)
		if err != nil {
			return nil, nil, err
		}
		return g.SignRecipients, func() error { return nil }, nil
	}
	c, err := client.Open(w.connection, w.identity, client.Config{})
	if err != nil {
		return nil, nil, err
	}
	var signing []string
	for _, p := range b.Partners {
		if p.Signs {
			signing = append(signing, p.MSP)
		}
	}
	return func(ctx context.Context, nonce string) ([]byte, error) {
		f, err := c.Sign(ctx, client.Quorum(b.Quorum, signing, nil), signed.FunctionRecipients, nonce)
		if err != nil {
			return nil, err
		}
		return f.Encode(), nil
	}, c.Close, nil
}

type sealFlags struct {
	way

	data, profile, title, bundle, custodians, lines, assurance, out, previous string
}

func (s *sealFlags) flags(f *flag.FlagSet) {
	s.way.flags(f)
	f.StringVar(&s.data, "data", "", "file with the technology data")
	f.StringVar(&s.profile, "profile", "beverage/1", "profile that the data follows")
	f.StringVar(&s.title, "title", "", "title that buyers see")
	f.StringVar(&s.bundle, "bundle", "", "your trust bundle, bundle.json")
	f.StringVar(&s.custodians, "custodians", "", "two or more partners' MSPs, comma-separated; any two of them together could open the data (T4)")
	f.StringVar(&s.lines, "lines", "", "product lines whose machines may use it, comma-separated")
	f.StringVar(&s.assurance, "assurance", "tpm,vtpm", "classes of machines that may use it: tpm, vtpm, software")
	f.StringVar(&s.out, "out", "", "folder to make")
	f.StringVar(&s.previous, "previous", "", "manifest.json of the version before, for a new version of the same dataset")
}

// sealedDocument tells what a sealing made.
type sealedDocument struct {
	Folder   string `json:"folder"`
	Dataset  string `json:"dataset"`
	Version  int    `json:"version"`
	Manifest string `json:"manifest"` // hash
	Envelope string `json:"envelope"` // hash
	Body     string `json:"body"`     // hash
	Size     int64  `json:"size"`
}

func seal(ctx context.Context, flags *flag.FlagSet, args []string, o *output) error {
	var s sealFlags
	s.flags(flags)
	if err := parse(flags, args, o); err != nil {
		return err
	}
	if err := need(map[string]string{
		"data": s.data, "title": s.title, "bundle": s.bundle, "connection": s.connection, "identity": s.identity,
		"custodians": s.custodians, "lines": s.lines, "out": s.out,
	}); err != nil {
		return err
	}
	request, err := s.request(ctx)
	if err != nil {
		return err
	}
	f, err := licensor.Seal(request)
	if err != nil {
		return err
	}
	d := sealedDocument{
		Folder: f.Path, Dataset: f.Manifest.Dataset, Version: f.Manifest.Version, Manifest: ledger.Digest(ledger.Encode(f.Manifest)),
		Envelope: sealed.Address(f.Envelope.Bytes()), Body: f.Manifest.BodyHash, Size: f.Manifest.Size,
	}
	return o.result(d, fmt.Sprintf("sealed %d bytes into %s\ndataset %s version %d\nnext: guildmark publish --folder %s ...", d.Size, d.Folder, d.Dataset, d.Version, d.Folder))
}

// request gathers what sealing needs; recipients are verified here, before anything is encrypted for them.
func (s *sealFlags) request(ctx context.Context) (licensor.SealRequest, error) {
	none := licensor.SealRequest{}
	raw, err := os.ReadFile(s.bundle)
	if err != nil {
		return none, fmt.Errorf("read the trust bundle: %w", err)
	}
	bundle, err := signed.ParseBundle(raw)
	if err != nil {
		return none, err
	}
	who, err := s.licensor()
	if err != nil {
		return none, err
	}
	ask, end, err := s.ask(bundle)
	if err != nil {
		return none, err
	}
	defer func() { _ = end() }() // the process ends
	recipients, err := licensor.Recipients(ctx, bundle, ask)
	if err != nil {
		return none, err
	}
	var previous *dataset.Manifest
	if s.previous != "" {
		m, err := licensor.ReadManifest(s.previous)
		if err != nil {
			return none, err
		}
		previous = &m
	}
	return licensor.SealRequest{
		Data: s.data, Profile: s.profile, Title: s.title, Licensor: who.Licensor, Channel: bundle.Channel,
		Choice:     licensor.Choice{Custodians: list(s.custodians), Lines: list(s.lines), Assurance: list(s.assurance)},
		Recipients: recipients, Previous: previous, Folder: s.out,
	}, nil
}

// list splits a comma-separated flag.
func list(text string) []string {
	var all []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}
