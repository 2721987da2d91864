package consortium

import (
	"slices"
	"strconv"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

// Roles of recipients.
const (
	CustodianRecipient = party.Custodian
	RuntimeRecipient   = "runtime"
)

// Assurances are the classes of machines that a runtime key and an offer can admit (T13), sorted.
func Assurances() []string { return []string{"software", "tpm", "vtpm"} }

// RuntimeID is the id of a manufacturer's runtime recipient.
func RuntimeID(msp, line, assurance string) string { return msp + ".runtime." + line + "." + assurance }

// maxKey bounds a recipient's public key, base64: one of MLKEM768-X25519 has 1,216 bytes, 1,624 in base64. Every grant
// reads all recipients, and every sealer their signed list.
const maxKey = 2048

// MaxRecipients is how many recipients a partner may have; all of them are signed as one document, which has
// ledger.MaxDocument at most.
const MaxRecipients = 64

// CheckRecipient judges a recipient set by caller; last is the version that stands (0: none).
func CheckRecipient(r Recipient, caller party.Caller, last int) error {
	if r.Format != RecipientFormat || !ledger.IsName(r.ID) || !isBase64(r.HPKE) || len(r.HPKE) > maxKey {
		return ErrRecipient.With("format, id or key")
	}
	if r.MSP != caller.MSP || r.Party != caller.Party {
		return ErrRecipientOf.With(r.ID)
	}
	check := checkRuntime
	if caller.Role == party.Custodian {
		check = checkCustodian
	}
	if err := check(r); err != nil {
		return err
	}
	if r.Version != last+1 {
		return ErrRecipientOld.With(strconv.Itoa(r.Version))
	}
	return nil
}

func checkCustodian(r Recipient) error {
	switch {
	case r.Role != CustodianRecipient || r.ID != r.Party:
		return ErrRecipientOf.With(r.ID)
	case !isBase64(r.GrantKey) || len(r.GrantKey) > maxKey || r.Line != "" || r.Assurance != "":
		return ErrRecipient.With("grant key, line or assurance")
	}
	return nil
}

func checkRuntime(r Recipient) error {
	switch {
	case r.Role != RuntimeRecipient || r.ID != RuntimeID(r.MSP, r.Line, r.Assurance):
		return ErrRecipientOf.With(r.ID)
	case r.GrantKey != "" || !ValidLine(r.Line) || !slices.Contains(Assurances(), r.Assurance):
		return ErrRecipient.With("grant key, line or assurance")
	}
	return nil
}

// ValidLine reports whether s names a product line: letters, digits, hyphens and underscores.
func ValidLine(s string) bool {
	return len(s) <= 64 && ledger.IsName(s) && !strings.Contains(s, ".")
}

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

// CheckAmong judges a recipient beside all that are set. A partner has one custodian's recipient, since datasets and
// grants name custodians by their partner; its grant key is no other custodian's, since the meter of a set with one key
// twice could not be made. A partner has a bounded number of runtimes' recipients.
func (r Recipient) CheckAmong(all []Recipient) error {
	if r.Role == RuntimeRecipient {
		return r.checkNumber(all)
	}
	key, err := r.SigningKey()
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(slices.Clone(all), func(o Recipient) bool { return o.Role != CustodianRecipient || o.ID == r.ID })
	for _, o := range others {
		if o.MSP == r.MSP {
			return ErrSecond.With(o.ID)
		}
	}
	for _, o := range others {
		if theirs, err := o.SigningKey(); err == nil && key.Equal(theirs) {
			return ErrGrantKey.With(r.ID)
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
		return ErrRecipients.With(r.ID)
	}
	return nil
}
