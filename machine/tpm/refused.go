package tpm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Refused is a TPM's refusal: which step, and the TPM's own response code. errors.Is finds the tpm2.TPMRC
// behind it, and errors.As a [ledger.Refusal] with the code tpm.<response code>.
//
//nolint:errname // callers read "the TPM refused", as with ledger.Refusal
type Refused struct {
	Step string     // what was attempted, e.g. "burn a use"
	Code tpm2.TPMRC // as it came, with the bits that say which handle, parameter or session
}

// Name is the code's name in TCG TPM 2.0 Part 2, 6.6, e.g. TPM_RC_AUTH_FAIL.
func (r *Refused) Name() string {
	name, _, _ := strings.Cut(r.Code.Error(), " ")
	return strings.TrimSuffix(name, ":")
}

// Error names step, code and meaning.
func (r *Refused) Error() string {
	return fmt.Sprintf("%s: the TPM refused with 0x%03x %s", r.Step, uint32(r.Code), r.Code.Error())
}

// Unwrap is the response code.
func (r *Refused) Unwrap() error { return r.Code }

// IsMemory says that the TPM had no room for an object or session: it judged nothing.
func (r *Refused) IsMemory() bool {
	return errors.Is(r.Code, tpm2.TPMRCObjectMemory) || errors.Is(r.Code, tpm2.TPMRCSessionMemory) ||
		errors.Is(r.Code, tpm2.TPMRCMemory) || errors.Is(r.Code, tpm2.TPMRCSessionHandles) ||
		errors.Is(r.Code, tpm2.TPMRCObjectHandles) || errors.Is(r.Code, tpm2.TPMRCContextGap)
}

// Refusal is the same for a person and for other programs. Its code names the response code: tpm.auth_fail for
// TPM_RC_AUTH_FAIL.
func (r *Refused) Refusal() *ledger.Refusal {
	kind := ledger.Forbidden
	if r.IsMemory() {
		kind = ledger.Unavailable
	}
	code := "tpm." + strings.ToLower(strings.TrimPrefix(r.Name(), "TPM_RC_"))
	return ledger.Refuse(kind, code, "the TPM refused").With(fmt.Sprintf("%s: 0x%03x %s", r.Step,
		uint32(r.Code), r.Name()))
}

// As lets errors.As find the refusal.
func (r *Refused) As(target any) bool {
	t, ok := target.(**ledger.Refusal)
	if ok {
		*t = r.Refusal()
	}
	return ok
}

// refused names the step of an error; a response code becomes *Refused.
func refused(step string, err error) error {
	if code, ok := errors.AsType[tpm2.TPMRC](err); ok {
		return &Refused{Step: step, Code: code}
	}
	return fmt.Errorf("%s: %w", step, err)
}
