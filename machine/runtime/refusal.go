package runtime

import (
	"errors"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Refusals of the runtime's own checks.
var (
	// ErrTPM means that nothing answers at the TPM's address, or something that is no TPM. Start it, or mend
	// `tpm` in machine.json.
	ErrTPM = ledger.Refuse(ledger.Unavailable, "runtime.tpm", "the TPM can't be reached")
	// ErrFault means that the runtime failed with an error that is no refusal. Only the error's Go type is
	// reported (Saw): its text could hold something of the data. `machine licenses` shows whether a use was burnt.
	ErrFault = ledger.Refuse(ledger.Unavailable, "runtime.fault", "the runtime failed")
)

// refusalOf is the error as a refusal: the one of the check or of the TPM, or a fault without its private
// cause.
func refusalOf(err error) *ledger.Refusal {
	if r, ok := errors.AsType[*ledger.Refusal](err); ok {
		return r
	}
	return ErrFault.With(fmt.Sprintf("%T", err))
}
