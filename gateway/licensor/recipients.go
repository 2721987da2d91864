package licensor

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// Ask fetches the signed list of recipients for a nonce, from whoever has a way to the peers: nobody on the way
// matters.
type Ask func(ctx context.Context, nonce string) ([]byte, error)

// Recipients fetches all recipients' keys and verifies them under the licensor's own trust bundle (T3).
func Recipients(ctx context.Context, bundle *signed.Bundle, ask Ask) ([]consortium.Recipient, error) {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails: crypto/rand
	nonce := hex.EncodeToString(raw)
	file, err := ask(ctx, nonce)
	if err != nil {
		return nil, err
	}
	v, err := signed.NewVerifier(bundle)
	if err != nil {
		return nil, err
	}
	list, _, err := v.Recipients(file, nonce)
	return list, err
}

// Choice says for whom to seal.
type Choice struct {
	Custodians []string // MSPs, two or more
	Lines      []string // product lines whose machines may open it
	Assurance  []string // classes of machines: tpm, vtpm, software
}

// choose picks the recipients of the choice; every custodian and at least one runtime of every line must be there.
func (c Choice) choose(all []consortium.Recipient) (custodians, runtimes []sealed.Recipient, err error) {
	for _, msp := range c.Custodians {
		i := slices.IndexFunc(all, func(r consortium.Recipient) bool {
			return r.Role == consortium.CustodianRecipient && r.MSP == msp
		})
		if i < 0 {
			return nil, nil, ErrRecipients.With("custodian of " + msp + "; there are those of " + custodiansOf(all))
		}
		r, err := recipient(all[i])
		if err != nil {
			return nil, nil, err
		}
		custodians = append(custodians, r)
	}
	for _, line := range c.Lines {
		found := false
		for _, r := range all {
			if r.Role != consortium.RuntimeRecipient || r.Line != line || !slices.Contains(c.Assurance, r.Assurance) {
				continue
			}
			s, err := recipient(r)
			if err != nil {
				return nil, nil, err
			}
			runtimes, found = append(runtimes, s), true
		}
		if !found {
			return nil, nil, ErrRecipients.With("runtime of line " + line + " for " +
				strings.Join(c.Assurance, ", ") + "; there are " + linesOf(all))
		}
	}
	return custodians, runtimes, nil
}

// custodiansOf lists the partners that have a custodian, for a person who named another.
func custodiansOf(all []consortium.Recipient) string {
	var msps []string
	for _, r := range all {
		if r.Role == consortium.CustodianRecipient {
			msps = append(msps, r.MSP)
		}
	}
	slices.Sort(msps)
	return words(slices.Compact(msps))
}

// linesOf lists the product lines that have a runtime, each with its classes of machines.
func linesOf(all []consortium.Recipient) string {
	classes := map[string][]string{}
	for _, r := range all {
		if r.Role == consortium.RuntimeRecipient {
			classes[r.Line] = append(classes[r.Line], r.Assurance)
		}
	}
	var lines []string
	for _, line := range slices.Sorted(maps.Keys(classes)) {
		slices.Sort(classes[line])
		lines = append(lines, line+" for "+strings.Join(slices.Compact(classes[line]), ", "))
	}
	return words(lines)
}

func words(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " and ")
}

func recipient(r consortium.Recipient) (sealed.Recipient, error) {
	key, err := ledger.Base64(r.HPKE)
	if err != nil {
		return sealed.Recipient{}, ErrRecipients.With("key of " + r.ID)
	}
	if _, err := sealed.PublicKey(key); err != nil {
		return sealed.Recipient{}, err
	}
	return sealed.Recipient{ID: r.ID, Role: r.Role, MSP: r.MSP, Key: key}, nil
}
