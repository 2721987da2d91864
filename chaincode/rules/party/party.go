package party

import (
	"fmt"
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

// Bounds of a party's keys (T2) and of their names.
const (
	maxKeys = 5
	maxName = 64
)

// Check judges a party document by itself.
func Check(p Party) error {
	switch {
	case p.Format != Format:
		return ErrInvalid.Field("format", p.Format, Format)
	case !ledger.IsParty(p.ID):
		return ErrInvalid.Field("id", p.ID, "<home>.<16 lower-case hex digits>")
	case !strings.HasPrefix(p.ID, p.Home+"."):
		return ErrInvalid.Field("home", p.Home, "the MSP before the dot of "+p.ID)
	case len(p.Roles) == 0 || !ledger.Ascending(p.Roles):
		return ErrInvalid.Field("roles", p.Roles, "one or more, sorted, each once")
	case len(p.Keys) == 0 || len(p.Keys) > maxKeys:
		return ErrInvalid.Field("keys", len(p.Keys), "1 to 5")
	}
	for _, role := range p.Roles {
		if !slices.Contains(Roles(), role) {
			return ErrInvalid.Field("roles", role, "a role of the ledger")
		}
	}
	return checkKeys(p.Keys)
}

func checkKeys(keys []Key) error {
	seen := map[string]bool{}
	for i, k := range keys {
		at := fmt.Sprintf("keys[%d].", i)
		switch {
		case !ledger.Printable(k.Name, maxName):
			return ErrInvalid.Field(at+"name", k.Name, "1 to 64 printable characters")
		case ledger.CheckID(k.Hash) != nil:
			return ErrInvalid.Field(at+"hash", k.Hash, "64 lower-case hex digits")
		case seen[k.Hash]:
			return ErrInvalid.Field(at+"hash", k.Hash, "a hash that no key before has")
		}
		seen[k.Hash] = true
	}
	return nil
}

// CheckRegistration judges whether a governor of home may register p over what is recorded (known false:
// nothing). In this version a recorded party is final: changing keys needs the waiting time of T2.
func CheckRegistration(governor Caller, p Party, homes Homes, known bool) error {
	if err := Check(p); err != nil {
		return err
	}
	if p.Home != governor.MSP {
		return ErrForeign.With("party " + p.ID + ", governor of " + governor.MSP)
	}
	for _, role := range p.Roles {
		if !slices.Contains(homes(role), p.Home) {
			return ErrForeignRole.With("role " + role + ", MSP " + p.Home)
		}
	}
	if known {
		return ErrKnown.With(p.ID)
	}
	return nil
}
