package agent

import (
	"context"
	"crypto"
	"errors"
	"slices"

	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/machine/enrollment"
	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/market"
	"github.com/guildmark/guildmark/machine/purchase"
	"github.com/guildmark/guildmark/machine/runtime"
	"github.com/guildmark/guildmark/machine/tpm"
)

// session is an enrolled machine with its TPM open: for one command, and closed before a runtime starts,
// since a TPM has one user at a time.
type session struct {
	conn     transport.TPMCloser
	enrolled enrollment.Record
	signIn   *market.SignIn
	machine  *holding.Machine
}

// dial opens the TPM and drops what a killed process left in it, except sessions that a purchase still needs.
func (a *Agent) dial(ctx context.Context) (transport.TPMCloser, error) {
	conn, err := tpm.Dial(ctx, a.config.TPM)
	if err != nil {
		return nil, runtime.ErrTPM.With(err.Error())
	}
	keep, err := purchase.OpenSessions(a.folder)
	if err == nil {
		err = tpm.Sweep(conn, keep...)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// open takes the TPM of an enrolled machine: enrollment -> TPM -> its keys are the enrolled ones -> trust
// bundle.
func (a *Agent) open(ctx context.Context) (*session, error) {
	enrolled, err := enrollment.Load(a.folder)
	if err != nil {
		return nil, err
	}
	conn, err := a.dial(ctx)
	if err != nil {
		return nil, err
	}
	s, err := a.begin(conn, enrolled)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s, nil
}

func (a *Agent) begin(conn transport.TPMCloser, enrolled enrollment.Record) (*session, error) {
	m, err := tpm.Open(conn)
	if err != nil {
		return nil, otherTPM(err)
	}
	if !slices.Equal(m.Keys().AK, enrolled.Keys.AK) || !slices.Equal(m.Keys().SRK, enrolled.Keys.SRK) {
		return nil, enrollment.ErrOtherTPM
	}
	trust, err := a.store().Trust(enrolled.Bundle)
	if err != nil {
		return nil, err
	}
	signIn := market.NewSignIn(a.issuer, enrolled.Machine.ID, func() (crypto.Signer, error) { return m.Token() })
	return &session{conn: conn, enrolled: enrolled, signIn: signIn, machine: &holding.Machine{
		ID: enrolled.Machine.ID, Runtime: enrolled.Recipient, TPM: m, Trust: trust, Store: a.store(),
		Gateway: a.gateway.As(signIn), Say: a.say, Every: a.options.Poll,
	}}, nil
}

// otherTPM tells a TPM without this machine's keys from one that can't be asked.
func otherTPM(err error) error {
	if _, refused := errors.AsType[*tpm.Refused](err); refused {
		return err
	}
	_, judged := errors.AsType[*ledger.Refusal](err)
	if judged || errors.Is(err, tpm.ErrNotProvisioned) || errors.Is(err, tpm.ErrForeignCounter) {
		return enrollment.ErrOtherTPM.With(err.Error())
	}
	return runtime.ErrTPM.With(err.Error())
}

// buyer is the machine of this session as a buyer.
func (a *Agent) buyer(s *session) *purchase.Buyer {
	return &purchase.Buyer{Machine: s.machine, Enrolled: s.enrolled, Payer: a.options.Payer, CanMake: a.canMake}
}

func (s *session) close() error { return s.conn.Close() }
