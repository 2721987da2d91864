package services

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/network/topology"
)

// caller is an identity's connection to the ledger.
type caller interface {
	Submit(ctx context.Context, function string, args ...string) ([]byte, error)
	Evaluate(ctx context.Context, function string, args ...string) ([]byte, error)
}

// opener connects as one of a partner's identities.
type opener func(partner, identity string) (caller, error)

// isConflict reports that the ledger has it already.
func isConflict(err error) bool {
	var r *ledger.Refusal
	return errors.As(err, &r) && r.Kind == ledger.Conflict
}

// partyOf is the Party document of an enrolled identity, with its present key pinned.
func partyOf(id topology.Enrolled) (string, error) {
	raw, err := os.ReadFile(id.Certificate)
	if err != nil {
		return "", fmt.Errorf("read certificate: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return "", fmt.Errorf("read certificate %s: not PEM", id.Certificate)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("read certificate %s: %w", id.Certificate, err)
	}
	hash := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return string(ledger.Encode(party.Party{
		Format: partyFormat, ID: id.Party, Home: id.MSP, Roles: []string{id.Role},
		Keys: []party.Key{{Name: id.Name, Hash: hex.EncodeToString(hash[:])}},
	})), nil
}

// output runs a program of ours and gives what it printed.
func output(ctx context.Context, program string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	c := exec.CommandContext(ctx, program, args...) //nolint:gosec // G204: a program of this project with arguments made here
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(program), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}
