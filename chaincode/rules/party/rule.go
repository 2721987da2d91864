package party

import (
	"slices"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// The roles of the ledger.
const (
	Governor  = "governor"
	Heartbeat = "heartbeat"
	Custodian = "custodian"
	Registrar = "registrar"
	Oracle    = "oracle"
	Licensor  = "licensor"
	Buyer     = "buyer"
	Reader    = "reader"
	Auditor   = "auditor"
)

// Roles lists every role, sorted.
func Roles() []string {
	return []string{Auditor, Buyer, Custodian, Governor, Heartbeat, Licensor, Oracle, Reader, Registrar}
}

// Format is the party document's.
const Format = "guildmark/party/1"

// maxKeys is how many keys a party pins (T2).
const maxKeys = 5

// Refusals of the rules about who may say what.
var (
	ErrCaller      = ledger.Refuse(ledger.Forbidden, "caller.malformed", "the caller's identity is not an X.509 certificate that the ledger can read")
	ErrUnknownRole = ledger.Refuse(ledger.Forbidden, "caller.role", "the caller's certificate grants no role that the ledger knows")
	ErrForeignRole = ledger.Refuse(ledger.Forbidden, "caller.foreign_role", "the caller's role is not one that its home may grant")
	ErrForeign     = ledger.Refuse(ledger.Forbidden, "caller.foreign_party", "the caller's party does not belong to its home")
	ErrNotAllowed  = ledger.Refuse(ledger.Forbidden, "caller.not_allowed", "the caller's role may not call this function")
	ErrNotPinned   = ledger.Refuse(ledger.Forbidden, "caller.not_pinned", "the caller's key is not one that its party has pinned")
	ErrNotItself   = ledger.Refuse(ledger.Forbidden, "caller.not_owner", "the caller's party is not the one that this belongs to")
	ErrUnknown     = ledger.Refuse(ledger.NotFound, "party.unknown", "no such party is registered")
	ErrInvalid     = ledger.Refuse(ledger.Invalid, "party.invalid", "the party document breaks a rule")
	ErrKnown       = ledger.Refuse(ledger.Conflict, "party.known", "the party is registered already")
)

// Homes gives the MSPs that may grant a role; the governed configuration knows them.
type Homes func(role string) []string

// Authorize judges a caller's certificate (T1): its party belongs to its MSP, its MSP may grant its role, and the
// role is one of those that the function admits; no role named admits any that the ledger knows.
func Authorize(c Caller, homes Homes, admitted []string) error {
	switch {
	case !ledger.IsParty(c.Party) || !strings.HasPrefix(c.Party, c.MSP+"."):
		return ErrForeign.With(c.Party + " under " + c.MSP)
	case !slices.Contains(Roles(), c.Role):
		return ErrUnknownRole.With(c.Role)
	case !slices.Contains(homes(c.Role), c.MSP):
		return ErrForeignRole.With(c.Role + " under " + c.MSP)
	case len(admitted) > 0 && !slices.Contains(admitted, c.Role):
		return ErrNotAllowed.With(c.Role)
	}
	return nil
}

// Pinned judges a caller against its recorded party: the role is recorded and the key is one of the pinned (T1).
func Pinned(c Caller, p Party) error {
	if p.ID != c.Party || p.Home != c.MSP {
		return ErrForeign.With(c.Party)
	}
	if !slices.Contains(p.Roles, c.Role) {
		return ErrNotAllowed.With(c.Role)
	}
	for _, k := range p.Keys {
		if k.Hash == c.KeyHash {
			return nil
		}
	}
	return ErrNotPinned.With(c.KeyHash)
}

// Check judges a party document by itself.
func Check(p Party) error {
	switch {
	case p.Format != Format:
		return ErrInvalid.With("format " + p.Format)
	case !ledger.IsParty(p.ID) || !strings.HasPrefix(p.ID, p.Home+"."):
		return ErrInvalid.With("id " + p.ID + " of home " + p.Home)
	case len(p.Roles) == 0 || !ledger.Ascending(p.Roles):
		return ErrInvalid.With("roles that are none or not sorted")
	case len(p.Keys) == 0 || len(p.Keys) > maxKeys:
		return ErrInvalid.With("not one to five keys")
	}
	for _, role := range p.Roles {
		if !slices.Contains(Roles(), role) {
			return ErrInvalid.With("role " + role)
		}
	}
	return checkKeys(p.Keys)
}

func checkKeys(keys []Key) error {
	seen := map[string]bool{}
	for _, k := range keys {
		if !ledger.Printable(k.Name, 64) || ledger.CheckID(k.Hash) != nil || seen[k.Hash] {
			return ErrInvalid.With("key " + k.Name)
		}
		seen[k.Hash] = true
	}
	return nil
}

// CheckRegistration judges whether a governor of home may register p over what is recorded (known false: nothing).
// In this version a recorded party is final: changing keys needs the waiting time of T2.
func CheckRegistration(governor Caller, p Party, homes Homes, known bool) error {
	if err := Check(p); err != nil {
		return err
	}
	if p.Home != governor.MSP {
		return ErrForeign.With(p.ID + " under " + governor.MSP)
	}
	for _, role := range p.Roles {
		if !slices.Contains(homes(role), p.Home) {
			return ErrForeignRole.With(role + " under " + p.Home)
		}
	}
	if known {
		return ErrKnown.With(p.ID)
	}
	return nil
}
