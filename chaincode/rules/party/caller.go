package party

import (
	"slices"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Caller is what the ledger knows of who signed a proposal.
type Caller struct {
	MSP     string
	Party   string // attribute "party"
	Role    string // attribute "role"
	KeyHash string // SHA-256 of the certificate's SPKI, hex
}

// Authorize judges a caller's certificate (T1): its party belongs to its MSP, its MSP may grant its role, and
// the role is one of those that the function admits; no role named admits any that the ledger knows.
func Authorize(c Caller, homes Homes, admitted []string) error {
	switch {
	case !ledger.IsParty(c.Party) || !strings.HasPrefix(c.Party, c.MSP+"."):
		return ErrForeign.With("party " + c.Party + ", MSP " + c.MSP)
	case !slices.Contains(Roles(), c.Role):
		return ErrUnknownRole.With(c.Role)
	case !slices.Contains(homes(c.Role), c.MSP):
		return ErrForeignRole.With("role " + c.Role + ", MSP " + c.MSP)
	case len(admitted) > 0 && !slices.Contains(admitted, c.Role):
		return ErrNotAllowed.Field("role", c.Role, strings.Join(admitted, " or "))
	}
	return nil
}

// Pinned judges a caller against its recorded party: the role is recorded and the key is one of the pinned
// (T1).
func Pinned(c Caller, p Party) error {
	if p.ID != c.Party || p.Home != c.MSP {
		return ErrForeign.With("party " + c.Party + ", MSP " + c.MSP + "; recorded: party " + p.ID + ", home " +
			p.Home)
	}
	if !slices.Contains(p.Roles, c.Role) {
		return ErrNotAllowed.Field("role", c.Role, "one that is recorded for the party: "+strings.Join(p.Roles, ", "))
	}
	for _, k := range p.Keys {
		if k.Hash == c.KeyHash {
			return nil
		}
	}
	return ErrNotPinned.With(c.KeyHash)
}
