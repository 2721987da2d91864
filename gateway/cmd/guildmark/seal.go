package main

import (
	"context"
	"fmt"
	"os"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/gateway/licensor"
)

// sealResult tells what a sealing made.
type sealResult struct {
	Folder   string `json:"folder"`
	Dataset  string `json:"dataset"`
	Version  int    `json:"version"`
	Manifest string `json:"manifest"` // hash
	Envelope string `json:"envelope"` // hash
	Body     string `json:"body"`     // hash
	Size     int64  `json:"size"`
	title    string
}

func (s sealResult) Text() string {
	return fmt.Sprintf("sealed %s into %s: %s bytes, dataset %s version %d\nnext: guildmark publish --folder %s ...",
		s.title, s.Folder, command.Number(s.Size), command.ID(s.Dataset), s.Version, s.Folder)
}

type sealFlags struct {
	access

	data, profile, title, bundle, custodians, lines, assurance, out, previous string
}

func sealCommand() *command.Command {
	var s sealFlags
	return &command.Command{
		Name: "seal", Short: "checks data against its profile and seals it into a folder; the data stays on " +
			"this computer.",
		Guide: "The profile beverage/1 is described in fixtures/beverage/README.md. The keys to seal for " +
			"come from the partners'\n" +
			"peers, or from --gateway; they count only if enough partners of your own trust bundle signed them.",
		Example: "guildmark seal --data fixtures/beverage/sunrise.jsonl --title Sunrise --bundle " +
			"build/bundle.json \\\n" +
			"  --identity build/net/licensors/identities/licensor1 --custodians OperatorMSP,LicensorsMSP " +
			"--lines mixer-1 --out build/sunrise",
		Flags: s.flags,
		Run:   func(ctx context.Context, _ *command.Call) (command.Result, error) { return s.seal(ctx) },
	}
}

func (s *sealFlags) flags(f *command.Flags) {
	f.StringVar(&s.data, "data", "", "`FILE` the technology data")
	f.StringVar(&s.title, "title", "", "`TEXT` title that buyers see")
	f.StringVar(&s.bundle, "bundle", "", "`FILE` your trust bundle, as `guildmark bundle` wrote it")
	f.StringVar(&s.custodians, "custodians", "", "`MSPS` two or more partners that keep halves of the key, "+
		"comma-separated; any two of them together could open the data (T4)")
	f.StringVar(&s.lines, "lines", "", "`LINES` product lines whose machines may use it, comma-separated")
	f.StringVar(&s.out, "out", "", "`DIR` folder to make")
	f.Need("data", "title", "bundle", "custodians", "lines", "out")
	s.ledgerFlags(f)
	s.gatewayFlags(f, "the partners' peers are asked")
	f.StringVar(&s.profile, "profile", "beverage/1", "`NAME` profile that the data follows")
	f.StringVar(&s.assurance, "assurance", "tpm,vtpm", "`CLASSES` machines that may use it: tpm, vtpm, software")
	f.StringVar(&s.previous, "previous", "",
		"`FILE` manifest.json of the version before, for a new version of the same dataset")
}

func (s *sealFlags) seal(ctx context.Context) (command.Result, error) {
	request, err := s.request(ctx)
	if err != nil {
		return nil, err
	}
	f, err := licensor.Seal(request)
	if err != nil {
		return nil, err
	}
	return sealResult{
		Folder: f.Path, Dataset: f.Manifest.Dataset, Version: f.Manifest.Version,
		Manifest: ledger.Digest(ledger.Encode(f.Manifest)),
		Envelope: sealed.Address(f.Envelope.Bytes()), Body: f.Manifest.BodyHash, Size: f.Manifest.Size,
		title: f.Manifest.Title,
	}, nil
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
	connection, err := licensor.ReadConnection(s.connection)
	if err != nil {
		return none, err
	}
	who, err := s.licensor(connection)
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
		Choice: licensor.Choice{
			Custodians: list(s.custodians), Lines: list(s.lines),
			Assurance: list(s.assurance),
		},
		Recipients: recipients, Previous: previous, Folder: s.out,
	}, nil
}
