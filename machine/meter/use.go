package meter

import (
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/tpm"
)

// Armed is a grant in force: what a use needs of the meter, none of it secret. The agent gives it to the runtime
// in the job.
type Armed struct {
	ID      []byte     `json:"id"`      // the meter's id: policyRef
	Index   uint32     `json:"index"`   // NV handle of the PIN index
	Policy  []byte     `json:"policy"`  // its write policy, part of its Name
	Counter uint64     `json:"counter"` // c: the halves open from c + 1 on
	Lower   tpm.Sealed `json:"lower"`   // opening it burns a use
	Upper   tpm.Sealed `json:"upper"`
}

// Armed is the grant in force.
func (x *Meter) Armed() (Armed, error) {
	if len(x.state.Halves) != 2 {
		return Armed{}, ErrNoGrant
	}
	return Armed{
		ID: x.id[:], Index: x.index.Handle, Policy: x.index.Policy[:], Counter: x.state.Counter,
		Lower: x.state.Halves[0], Upper: x.state.Halves[1],
	}, nil
}

// Use is one use under way. Call Upper first, then whatever must be checked, then Lower, which burns the use: a
// check that fails before Lower costs nothing, and a crash after it loses the use. Six TPM commands, one NV write.
type Use struct {
	tpm     *tpm.TPM
	session *tpm.Session
	armed   Armed
	index   tpmpolicy.Index
	next    uint64
}

// Begin opens the TPM session of one use. The caller MUST Close it.
func Begin(m *tpm.TPM, a Armed) (*Use, error) {
	if len(a.ID) != len(tpmpolicy.MeterID{}) || len(a.Policy) != len(tpmpolicy.Digest{}) {
		return nil, errState
	}
	next, err := tpmpolicy.NextCounter(a.Counter)
	if err != nil {
		return nil, err
	}
	session, err := m.Session()
	if err != nil {
		return nil, err
	}
	index := tpmpolicy.Index{Handle: a.Index, Policy: tpmpolicy.Digest(a.Policy)}
	return &Use{tpm: m, session: session, armed: a, index: index, next: next}, nil
}

// Close ends the session, unless the last command did.
func (u *Use) Close() error { return u.session.Close(u.tpm.Transport()) }

// Plain opens a secret without a policy, such as the seed of the runtime's key, in the same session: one more
// command if it is persistent. Call it before Lower.
func (u *Use) Plain(s tpm.Sealed) ([]byte, error) { return u.tpm.Unseal(s, u.session) }

// Upper opens the upper half and burns nothing: its policy demands only the armed grant counter.
func (u *Use) Upper() ([]byte, error) {
	if err := u.checkArmed(); err != nil {
		return nil, err
	}
	return u.tpm.Unseal(u.armed.Upper, u.session)
}

// Lower burns a use and opens the lower half. The session ends with it.
func (u *Use) Lower() ([]byte, error) {
	if err := u.checkArmed(); err != nil {
		return nil, err
	}
	if err := u.tpm.BurnUse(u.session, u.index, tpmpolicy.MeterID(u.armed.ID)); err != nil {
		return nil, u.usedUp(err)
	}
	u.session.End()
	return u.tpm.Unseal(u.armed.Lower, u.session)
}

// usedUp turns the TPM's refusal of a burn beyond the limit into a [UsedUpError]; other errors stay as they are.
func (u *Use) usedUp(err error) error {
	refused, ok := errors.AsType[*tpm.Refused](err)
	if !ok || !isUsedUp(err) {
		return err
	}
	used := &UsedUpError{Refused: refused}
	if pin, err := u.tpm.ReadIndex(u.index); err == nil { // the TPM's refusal stands without it too
		used.Limit = int64(pin.Limit)
	}
	return used
}

// UsedUpError is [ErrUsedUp] with the limit and the TPM's own refusal.
type UsedUpError struct {
	Limit   int64 // uses in all; 0 = the meter is closed, or its limit could not be read
	Refused *tpm.Refused
}

func (e *UsedUpError) message() string {
	if e.Limit == 0 {
		return "all uses are used"
	}
	return fmt.Sprintf("all %d uses are used", e.Limit)
}

// Error names the limit and the TPM's refusal.
func (e *UsedUpError) Error() string { return e.message() + ": " + e.Refused.Error() }

// Is makes it [ErrUsedUp].
func (e *UsedUpError) Is(target error) bool { return target == ErrUsedUp }

// Unwrap is the TPM's refusal.
func (e *UsedUpError) Unwrap() error { return e.Refused }

// As lets errors.As find a refusal with the TPM's own code.
func (e *UsedUpError) As(target any) bool {
	t, ok := target.(**ledger.Refusal)
	if ok {
		r := e.Refused.Refusal()
		*t = ledger.Refuse(r.Kind, r.Code, e.message()).With("the TPM refused: " + r.Saw)
	}
	return ok
}

func (u *Use) checkArmed() error {
	err := u.tpm.CheckCounter(u.session, u.next)
	if errors.Is(err, tpm2.TPMRCPolicy) {
		return fmt.Errorf("%w: %w", ErrNotArmed, err)
	}
	return err
}

// isUsedUp recognizes the response codes for a PIN index whose count has reached its limit: libtpms returns
// TPM_RC_AUTH_UNAVAILABLE (measured); TPM_RC_AUTH_FAIL and TPM_RC_BAD_AUTH are other codes of a failed
// authorization, which a chip could return.
func isUsedUp(err error) bool {
	return errors.Is(err, tpm2.TPMRCAuthUnavailable) || errors.Is(err, tpm2.TPMRCAuthFail) ||
		errors.Is(err, tpm2.TPMRCBadAuth)
}

// Left is how many uses the index still allows.
func Left(p tpmpolicy.Pin) int64 { return max(int64(p.Limit)-int64(p.Count), 0) }
