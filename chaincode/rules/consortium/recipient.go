package consortium

import (
	"slices"
	"strconv"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

// Recipient is a public key that content keys are wrapped to (T3): a custodian's (HPKE and grant-signing key)
// or a manufacturer's runtime line's (T13). Stored under recipient/<id>, set by its own role and home only.
type Recipient struct {
	Format    string `json:"format"` // "guildmark/recipient/1"
	ID        string `json:"id"`     // custodian: its party id; runtime: "<MSP>.runtime.<line>.<assurance>"
	Role      string `json:"role"`   // "custodian" or "runtime"
	MSP       string `json:"msp"`
	Party     string `json:"party"` // who set it
	Version   int    `json:"version"`
	HPKE      string `json:"hpke"`      // base64 public key, KEM MLKEM768-X25519 (crypto/hpke)
	GrantKey  string `json:"grantKey"`  // custodian: base64 SPKI of the P-256 key that signs meter limits; else ""
	Line      string `json:"line"`      // runtime: product line; else ""
	Assurance string `json:"assurance"` // runtime: tpm, vtpm or software; else ""
}

// Roles of recipients.
const (
	CustodianRecipient = party.Custodian
	RuntimeRecipient   = "runtime"
)

// Assurances are the classes of machines that a runtime key and an offer can admit (T13), sorted.
func Assurances() []string { return []string{"software", "tpm", "vtpm"} }

// RuntimeID is the id of a manufacturer's runtime recipient.
func RuntimeID(msp, line, assurance string) string { return msp + ".runtime." + line + "." + assurance }

// maxKey bounds a recipient's public key, base64: one of MLKEM768-X25519 has 1,216 bytes, 1,624 in base64.
// Every grant reads all recipients, and every sealer their signed list.
const maxKey = 2048

// MaxRecipients is how many recipients a partner may have; all of them are signed as one document, which has
// ledger.MaxDocument at most.
const MaxRecipients = 64

// CheckRecipient judges a recipient set by caller; last is the version that stands (0: none).
func CheckRecipient(r Recipient, caller party.Caller, last int) error {
	switch {
	case r.Format != RecipientFormat:
		return ErrRecipient.Field("format", r.Format, RecipientFormat)
	case !ledger.IsName(r.ID):
		return ErrRecipient.Field("id", r.ID, "1 to 128 letters, digits, dots, hyphens and underscores")
	case !isKey(r.HPKE):
		return ErrRecipient.With("hpke, expected " + keyForm)
	case r.MSP != caller.MSP:
		return ErrRecipientOf.Field("msp", r.MSP, caller.MSP)
	case r.Party != caller.Party:
		return ErrRecipientOf.Field("party", r.Party, caller.Party)
	}
	check := checkRuntime
	if caller.Role == party.Custodian {
		check = checkCustodian
	}
	if err := check(r); err != nil {
		return err
	}
	if r.Version != last+1 {
		return ErrRecipientOld.Field("version", r.Version, strconv.Itoa(last+1))
	}
	return nil
}

func checkCustodian(r Recipient) error {
	switch {
	case r.Role != CustodianRecipient:
		return ErrRecipientOf.Field("role", r.Role, CustodianRecipient)
	case r.ID != r.Party:
		return ErrRecipientOf.Field("id", r.ID, r.Party+", the custodian's party")
	case !isKey(r.GrantKey):
		return ErrRecipient.With("grantKey, expected " + keyForm)
	case r.Line != "":
		return ErrRecipient.Field("line", r.Line, "none for a custodian")
	case r.Assurance != "":
		return ErrRecipient.Field("assurance", r.Assurance, "none for a custodian")
	}
	return nil
}

func checkRuntime(r Recipient) error {
	switch {
	case r.Role != RuntimeRecipient:
		return ErrRecipientOf.Field("role", r.Role, RuntimeRecipient)
	case r.ID != RuntimeID(r.MSP, r.Line, r.Assurance):
		return ErrRecipientOf.Field("id", r.ID, RuntimeID(r.MSP, r.Line, r.Assurance))
	case r.GrantKey != "":
		return ErrRecipient.With("grantKey, expected none for a runtime")
	case !ValidLine(r.Line):
		return ErrRecipient.Field("line", r.Line, "1 to 64 letters, digits, hyphens and underscores")
	case !slices.Contains(Assurances(), r.Assurance):
		return ErrRecipient.Field("assurance", r.Assurance, "software, tpm or vtpm")
	}
	return nil
}

// ValidLine reports whether s names a product line: letters, digits, hyphens and underscores.
func ValidLine(s string) bool {
	return len(s) <= 64 && ledger.IsName(s) && !strings.Contains(s, ".")
}

// keyForm is what a refused key should have been.
const keyForm = "base64 of a public key, at most 2048 characters"

func isKey(s string) bool { return isBase64(s) && len(s) <= maxKey }

func isBase64(s string) bool {
	b, err := ledger.Base64(s)
	return err == nil && len(b) > 0
}

// Version is the number of the version of a recipient that is set, 0 where the id is new.
func Version(all []Recipient, id string) int {
	for _, r := range all {
		if r.ID == id {
			return r.Version
		}
	}
	return 0
}

// CheckAmong judges a recipient beside all that are set. A partner has one custodian's recipient, since
// datasets and grants name custodians by their partner; its grant key is no other custodian's, since the
// meter of a set with one key twice could not be made. A partner has a bounded number of runtimes'
// recipients.
func (r Recipient) CheckAmong(all []Recipient) error {
	if r.Role == RuntimeRecipient {
		return r.checkNumber(all)
	}
	key, err := r.SigningKey()
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(all),
		func(o Recipient) bool { return o.Role != CustodianRecipient || o.ID == r.ID })
	for _, o := range others {
		if o.MSP == r.MSP {
			return ErrSecond.With(o.ID)
		}
	}
	for _, o := range others {
		if theirs, err := o.SigningKey(); err == nil && key.Equal(theirs) {
			return ErrGrantKey.With("of " + o.ID)
		}
	}
	return nil
}

// checkNumber keeps the list of all recipients short enough to be signed and read as one document.
func (r Recipient) checkNumber(all []Recipient) error {
	own := 0
	for _, other := range all {
		if other.ID == r.ID {
			return nil // another version of one that counts already
		}
		if other.MSP == r.MSP {
			own++
		}
	}
	if own >= MaxRecipients {
		return ErrRecipients.With(r.MSP)
	}
	return nil
}
