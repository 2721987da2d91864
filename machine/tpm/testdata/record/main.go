// Command record makes a TPM with swtpm, enrols it, and writes attested.json: the EK certificate with its
// chain, the public areas and one attestation of each kind, for the tests of chaincode/tpmpolicy, which has
// no TPM.
//
//	go run ./machine/tpm/testdata/record > chaincode/tpmpolicy/testdata/attested.json
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/tpm"
	"github.com/guildmark/guildmark/machine/tpm/swtpm"
)

type recording struct {
	Root    string                           `json:"root"`
	Issuer  string                           `json:"issuer"`
	EK      []byte                           `json:"ek"`
	Keys    tpm.Keys                         `json:"keys"`
	Extra   []byte                           `json:"extra"`
	Attests map[string]tpmpolicy.Attestation `json:"attests"`
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "record")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	ca, err := swtpm.NewAuthority(filepath.Join(dir, "ca"))
	if err != nil {
		return err
	}
	if err := ca.Make(ctx, filepath.Join(dir, "tpm")); err != nil {
		return err
	}
	s, err := swtpm.Start(ctx, filepath.Join(dir, "tpm"))
	if err != nil {
		return err
	}
	r, err := record(ctx, s.Address())
	if err := errors.Join(err, s.Stop(ctx)); err != nil {
		return err
	}
	root, err := ca.Root()
	if err != nil {
		return err
	}
	issuer, err := ca.Issuer()
	if err != nil {
		return err
	}
	r.Root, r.Issuer = string(root), string(issuer)
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", " ")
	return e.Encode(r)
}

func record(ctx context.Context, address string) (recording, error) {
	c, err := tpm.Dial(ctx, address)
	if err != nil {
		return recording{}, err
	}
	defer func() { _ = c.Close() }()
	r := recording{Extra: []byte("what the verifier asked"), Attests: map[string]tpmpolicy.Attestation{}}
	if r.EK, err = tpm.EKCertificate(c); err != nil {
		return r, err
	}
	m, err := tpm.Provision(c)
	if err != nil {
		return r, err
	}
	r.Keys = m.Keys()
	for name, attest := range map[string]func([]byte) (tpmpolicy.Attestation, error){
		"srk": m.CertifySRK, "token": m.CertifyToken, "counter": m.CertifyCounter, "time": m.Time,
	} {
		if r.Attests[name], err = attest(r.Extra); err != nil {
			return r, err
		}
	}
	return r, nil
}
