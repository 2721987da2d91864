package custodian

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
)

// released says for which grant of a license an answer last left this custodian; a file, written before the answer is.
type released struct {
	Number int `json:"number"`
}

// remember allows one more answer for a license only if the one before it is committed. An endorsing partner sees an
// answer before it commits: held back from ordering and handed to the machine, it would write a limit that the ledger
// knows nothing of, and a second answer would let the machine define its index anew and use the license twice.
func (c *Custodian) remember(ctx context.Context, g grant.Grant) error {
	var newest grant.View
	if err := c.read(ctx, &newest, "licenses:GetGrant", g.License, ""); err != nil {
		return err
	}
	if newest.Grant.Number != g.Number {
		return grant.ErrSuperseded.With(strconv.Itoa(g.Number)) // its answer could not commit: let nobody see one
	}
	path := filepath.Join(c.State, "released", g.License+".json")
	before, err := readReleased(path)
	if err != nil || before.Number == g.Number {
		return err
	}
	if before.Number != 0 {
		if err := c.committed(ctx, g.License, before.Number); err != nil {
			return err
		}
	}
	return host.Replace(path, ledger.Encode(released{Number: g.Number}), host.Private)
}

// committed refuses unless the own peer holds this custodian's answer to a grant.
func (c *Custodian) committed(ctx context.Context, id string, number int) error {
	var v grant.View
	if err := c.read(ctx, &v, "licenses:GetGrant", id, strconv.Itoa(number)); err != nil {
		return err
	}
	if !slices.ContainsFunc(v.Answers, func(a grant.Answer) bool { return a.MSP == c.MSP }) {
		return ErrReleased.With(strconv.Itoa(number))
	}
	return nil
}

// readReleased gives number 0 for a license that never had an answer.
func readReleased(path string) (released, error) {
	var r released
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("read what was released: %w", err)
	}
	if err := json.Unmarshal(raw, &r); err != nil || r.Number < 1 {
		return r, fmt.Errorf("read what was released: %s holds no grant's number", path)
	}
	return r, nil
}
