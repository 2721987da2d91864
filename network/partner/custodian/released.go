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

// released is a file with the number of the grant for which an answer last left this custodian. It is written
// before the answer is submitted.
type released struct {
	Number int `json:"number"`
}

// remember allows another answer for a license only when the one before is committed. An endorsing partner
// sees an answer before it commits. If that partner kept it from the orderers and handed it to the machine,
// the machine's TPM would get a limit that the ledger does not know; with a second answer the machine could
// define its index again and double the uses.
func (c *Custodian) remember(ctx context.Context, g grant.Grant) error {
	var newest grant.View
	if err := c.read(ctx, &newest, "licenses:GetGrant", g.License, ""); err != nil {
		return err
	}
	if newest.Grant.Number != g.Number {
		// an answer to it could not commit: nobody may see one
		return grant.ErrSuperseded.With(strconv.Itoa(g.Number))
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

// committed refuses when the own peer does not hold this custodian's answer to a grant.
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

// readReleased returns number 0 for a license that never had an answer.
func readReleased(path string) (released, error) {
	var r released
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return r, fmt.Errorf("read the number of the last released grant: %w", err)
	}
	if err := json.Unmarshal(raw, &r); err != nil || r.Number < 1 {
		return r, fmt.Errorf("read the number of the last released grant: %s: expected a number from 1 on; "+
			"restore the state folder from its backup", path)
	}
	return r, nil
}
