package agent

import (
	"context"
	"errors"

	"github.com/guildmark/guildmark/machine/enrollment"
	"github.com/guildmark/guildmark/machine/tpm"
)

// Enroll makes the machine known: salt -> keys in the TPM -> the registrar activates -> each custodian
// activates. code is the one-time code that the machine's owner got from the registrar's partner. Run again,
// it goes on where it stopped.
func (a *Agent) Enroll(ctx context.Context, code string) (r enrollment.Record, err error) {
	r, err = enrollment.Begin(a.folder)
	if err != nil {
		return r, err
	}
	conn, err := a.dial(ctx)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	certificate, err := tpm.EKCertificate(conn)
	if err != nil {
		return r, err
	}
	a.say("keys", "making the keys that stay in the TPM")
	m, err := tpm.Provision(conn)
	if err != nil {
		return r, err
	}
	p := &enrollment.Applicant{
		Folder: a.folder, TPM: m, Certificate: certificate, Line: a.config.Line, Pin: a.config.Bundle,
		Registrar: a.registrar, Gateway: a.gateway, Say: a.say, Record: r,
	}
	if err := p.Check(); err != nil {
		return r, err
	}
	if err := p.Register(ctx, code); err != nil {
		return p.Record, err
	}
	err = p.Custodians(ctx)
	return p.Record, err
}
