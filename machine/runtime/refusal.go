package runtime

import (
	"errors"
	"fmt"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/meter"
	"github.com/guildmark/guildmark/machine/tpm"
)

// Refusals of the runtime's own checks.
var (
	ErrTPM     = ledger.Refuse(ledger.Unavailable, "runtime.tpm", "the TPM can't be reached")
	ErrNoGrant = ledger.Refuse(ledger.Conflict, "machine.not_granted", "the license has no finished grant: run `machine sync` with a network")
	ErrFault   = ledger.Refuse(ledger.Unavailable, "runtime.fault", "the runtime failed")
)

// refusalOf is the error as a refusal: what a check said, what the TPM said, or a fault without its private cause.
func refusalOf(err error) *ledger.Refusal {
	if r := FromTPM(err); r != nil {
		return r
	}
	var r *ledger.Refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, meter.ErrNoGrant):
		return ErrNoGrant
	}
	return ErrFault.With(fmt.Sprintf("%T", err))
}

// FromTPM is a TPM's no as a refusal, nil when err holds none. Its code names the response code, e.g. tpm.auth_fail for
// TPM_RC_AUTH_FAIL.
func FromTPM(err error) *ledger.Refusal {
	var no *tpm.Refused
	if !errors.As(err, &no) {
		return nil
	}
	kind := ledger.Forbidden
	if no.IsMemory() {
		kind = ledger.Unavailable
	}
	code := "tpm." + strings.ToLower(strings.TrimPrefix(no.Name(), "TPM_RC_"))
	return ledger.Refuse(kind, code, "the TPM refused").With(fmt.Sprintf("%s: 0x%03x %s", no.Step, uint32(no.Code), no.Name()))
}
