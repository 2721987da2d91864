package meter

import (
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/tpm"
)

// ErrNoGrant means that the license was bought, and its grant is not finished yet. `machine sync` goes on
// with it.
var ErrNoGrant = ledger.Refuse(ledger.Conflict, "machine.not_granted",
	"the license has no finished grant: run `machine sync` with a network")

// Errors that callers act on.
var (
	ErrUsedUp      = errors.New("all uses are used, or the meter is closed") // see [UsedUpError]
	ErrNotArmed    = errors.New("the grant is not armed: the TPM's grant counter is below its value")
	ErrSessionLost = errors.New("the session of the grant request is gone")
	ErrNoRequest   = errors.New("the meter waits for no grant")
	ErrOpenRequest = errors.New("the grant belongs to another request")
	ErrFull        = errors.New("all NV places for meters are taken")
	ErrForeign     = errors.New("the meter's NV place is taken by another index")
	ErrMeter       = errors.New("the state file belongs to another meter")
)

// Meter is the meter of one machine, dataset and terms (T16).
type Meter struct {
	tpm        *tpm.TPM
	path       string
	state      State
	id         tpmpolicy.MeterID
	custodians tpmpolicy.Custodians
	index      tpmpolicy.Index
}

// Index is the meter's PIN index.
func (x *Meter) Index() tpmpolicy.Index { return x.index }

// Create opens the meter whose state is at path, or makes it: its index is found in the TPM or defined at the
// first free place. Run again after a crash it finds what it made.
func Create(m *tpm.TPM, path string, id tpmpolicy.MeterID, custodians tpmpolicy.Custodians) (*Meter, error) {
	x, err := open(m, path)
	if errors.Is(err, errNoState) {
		return create(m, path, id, custodians)
	}
	if err != nil {
		return nil, err
	}
	want, err := custodians.Policy(id)
	if err != nil {
		return nil, err
	}
	if x.id != id || x.index.Policy != want {
		return nil, ErrMeter
	}
	return x, x.define()
}

// Open opens the meter whose state is at path; the keys of the TPM are taken from there too, and the TPM is
// asked nothing yet. It is how the runtime starts.
func Open(t transport.TPM, path string) (*Meter, error) {
	s, err := readState(path)
	if err != nil {
		return nil, err
	}
	m, err := tpm.Attach(t, s.Keys)
	if err != nil {
		return nil, fmt.Errorf("open a meter: %w", err)
	}
	return fromState(m, path, s)
}

func open(m *tpm.TPM, path string) (*Meter, error) {
	s, err := readState(path)
	if err != nil {
		return nil, err
	}
	s.Keys = m.Keys()
	return fromState(m, path, s)
}

func fromState(m *tpm.TPM, path string, s State) (*Meter, error) {
	x := &Meter{tpm: m, path: path, state: s, id: tpmpolicy.MeterID(s.Meter)}
	for _, der := range s.Custodians {
		key, err := consortium.ParsePublicKey(der)
		if err != nil {
			return nil, fmt.Errorf("%w: custodian's key: %w", errState, err)
		}
		x.custodians = append(x.custodians, key)
	}
	var err error
	x.index, err = tpmpolicy.NewIndex(s.Handle, x.custodians, x.id)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errState, err)
	}
	return x, nil
}

func create(m *tpm.TPM, path string, id tpmpolicy.MeterID, custodians tpmpolicy.Custodians) (*Meter, error) {
	s := State{Format: stateFormat, Meter: id[:], Keys: m.Keys()}
	for _, k := range custodians {
		der, err := x509.MarshalPKIXPublicKey(k)
		if err != nil {
			return nil, fmt.Errorf("encode a custodian's key: %w", err)
		}
		s.Custodians = append(s.Custodians, der)
	}
	var err error
	if s.Handle, err = findPlace(m, id, custodians); err != nil {
		return nil, err
	}
	x, err := fromState(m, path, s)
	if err != nil {
		return nil, err
	}
	if err := x.save(); err != nil { // before the TPM: a crash in between finds its place again
		return nil, err
	}
	return x, x.define()
}

// findPlace finds the NV handle of the meter's index, or else the first free one.
func findPlace(m *tpm.TPM, id tpmpolicy.MeterID, custodians tpmpolicy.Custodians) (uint32, error) {
	taken, err := tpm.NVHandles(m.Transport(), tpmpolicy.FirstIndexHandle, tpmpolicy.LastIndexHandle)
	if err != nil {
		return 0, err
	}
	free := tpmpolicy.FirstIndexHandle
	for _, h := range taken {
		index, err := tpmpolicy.NewIndex(h, custodians, id)
		if err != nil {
			return 0, err
		}
		is, err := m.IndexState(index)
		if err != nil {
			return 0, err
		}
		if is == tpm.IndexUnwritten || is == tpm.IndexWritten {
			return h, nil
		}
		if h == free {
			free++
		}
	}
	if free > tpmpolicy.LastIndexHandle {
		return 0, ErrFull
	}
	return free, nil
}

// define creates the index in the TPM unless it exists.
func (x *Meter) define() error {
	is, err := x.tpm.IndexState(x.index)
	if err != nil {
		return err
	}
	switch is {
	case tpm.IndexAbsent:
		return x.tpm.DefineIndex(x.index)
	case tpm.IndexForeign:
		return ErrForeign
	case tpm.IndexUnwritten, tpm.IndexWritten:
	}
	return nil
}

// Read reads count and limit from the TPM; 0 and 0 before the first grant. For a statement that others can
// check, see Receipt.
func (x *Meter) Read() (tpmpolicy.Pin, error) {
	is, err := x.tpm.IndexState(x.index)
	if err != nil || is != tpm.IndexWritten {
		return tpmpolicy.Pin{}, err
	}
	return x.tpm.ReadIndex(x.index)
}

// Receipt attests the count after a job; job is the salted hash of job and lot (T27).
func (x *Meter) Receipt(license, job string) (tpmpolicy.Attestation, error) {
	extra := tpmpolicy.ReceiptDigest(license, job)
	return x.tpm.CertifyIndex(x.index, extra[:])
}

// Remove undefines the index and drops what was sealed for it. Uses that are left are lost: it is for meters
// that were closed and attested so (T17), and for those that never had a grant.
func (x *Meter) Remove() error {
	is, err := x.tpm.IndexState(x.index)
	if err != nil {
		return err
	}
	for _, h := range x.state.Halves {
		if h.Handle != 0 {
			if err := x.tpm.Evict(h.Handle); err != nil {
				return err
			}
		}
	}
	if is == tpm.IndexUnwritten || is == tpm.IndexWritten {
		if err := x.tpm.UndefineIndex(x.index, is == tpm.IndexWritten); err != nil {
			return err
		}
	}
	return removeState(x.path)
}
