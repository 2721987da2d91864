package meter

import (
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"guildmark/chaincode/tpmpolicy"
	"guildmark/machine/tpm"
)

// Use burns one use and opens the license share, for the runtime alone: six commands, one NV write. The half that
// burns nothing is opened first, and the burn comes last among the checks, so that what fails before costs no use. A
// crash after the burn loses that use and never gains one.
func (x *Meter) Use() (share *Secret, err error) {
	if len(x.state.Halves) != 2 {
		return nil, ErrNoGrant
	}
	session, err := x.tpm.Session()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close(x.tpm.Transport())) }()
	upper, err := x.openUpper(session)
	if err != nil {
		return nil, err
	}
	defer clear(upper)
	lower, err := x.openLower(session)
	if err != nil {
		return nil, err
	}
	defer clear(lower)
	return join(lower, upper)
}

// openUpper opens the half that asks only for the armed counter.
func (x *Meter) openUpper(session *tpm.Session) ([]byte, error) {
	if err := x.checkArmed(session); err != nil {
		return nil, err
	}
	return x.tpm.Unseal(x.state.Halves[1], session)
}

// openLower burns a use and opens the other half with the session's last command.
func (x *Meter) openLower(session *tpm.Session) ([]byte, error) {
	if err := x.checkArmed(session); err != nil {
		return nil, err
	}
	if err := x.tpm.BurnUse(session, x.index, x.id); err != nil {
		if isUsedUp(err) {
			return nil, fmt.Errorf("%w: %w", ErrUsedUp, err)
		}
		return nil, err
	}
	session.End()
	return x.tpm.Unseal(x.state.Halves[0], session)
}

// isUsedUp recognizes what a TPM says of a PIN index whose count has reached its limit: libtpms and the reference code
// TPM_RC_AUTH_UNAVAILABLE (measured); the others are what Part 1, 37.2.8 leaves to a chip.
func isUsedUp(err error) bool {
	return errors.Is(err, tpm2.TPMRCAuthUnavailable) || errors.Is(err, tpm2.TPMRCAuthFail) || errors.Is(err, tpm2.TPMRCBadAuth)
}

func (x *Meter) checkArmed(session *tpm.Session) error {
	err := x.tpm.CheckCounter(session, x.state.Counter)
	if errors.Is(err, tpm2.TPMRCPolicy) {
		return fmt.Errorf("%w: %w", ErrNotArmed, err)
	}
	return err
}

var errHalves = errors.New("the halves of the license share have different sizes")

// join is the exclusive or of the halves in locked memory.
func join(lower, upper []byte) (*Secret, error) {
	if len(lower) != len(upper) || len(lower) == 0 {
		return nil, errHalves
	}
	s, err := newSecret(len(lower))
	if err != nil {
		return nil, err
	}
	subtle.XORBytes(s.Bytes(), lower, upper)
	return s, nil
}

// Left is how many uses a state allows.
func Left(p tpmpolicy.Pin) int64 { return max(int64(p.Limit)-int64(p.Count), 0) }
