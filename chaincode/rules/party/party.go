package party

import (
	"slices"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Format is the party document's.
const Format = "guildmark/party/1"

// Party is somebody who acts on the ledger; key party/<id>.
type Party struct {
	Format string   `json:"format"` // "guildmark/party/1"
	ID     string   `json:"id"`     // "<home MSP>.<16 lower-case hex>"
	Home   string   `json:"home"`
	Roles  []string `json:"roles"` // sorted
	Keys   []Key    `json:"keys"`  // one to five pinned keys
}

// Key is a pinned signing key, known by the SHA-256 of its SubjectPublicKeyInfo (DER), lower-case hex.
type Key struct {
	Name string `json:"name"`
	Hash string `json:"hash"`
}

// maxKeys is how many keys a party pins (T2).
const maxKeys = 5

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
