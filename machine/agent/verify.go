package agent

import (
	"context"
	"errors"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/machine/enrollment"
	"github.com/guildmark/guildmark/machine/holding"
)

// Verdict is what a signed file says, when it holds.
type Verdict struct {
	Function string `json:"function"`
	Subject  string `json:"subject"`
	Clock    int64  `json:"clock"`
	Lease    int64  `json:"lease"`
	Machine  string `json:"machine,omitempty"` // license: its holder
}

// Verify judges any signed file under the machine's own trust bundle; a license also by holder, state and
// lease, and, when its manifest is here, by that.
func (a *Agent) Verify(ctx context.Context, file []byte) (v Verdict, err error) {
	enrolled, err := enrollment.Load(a.folder)
	if err != nil {
		return v, err
	}
	trust, err := a.store().Trust(enrolled.Bundle)
	if err != nil {
		return v, err
	}
	answer, err := judge(trust, file)
	if err != nil {
		return v, err
	}
	v = Verdict{Function: answer.Function, Subject: answer.Subject, Clock: answer.Clock, Lease: answer.Lease}
	if answer.Function != signed.FunctionLicense {
		return v, nil
	}
	var body signed.LicenseBody
	if err := ledger.Decode(answer.Body, &body); err != nil {
		return v, signed.ErrAnswer.With(err.Error())
	}
	v.Machine = body.License.Machine
	if v.Machine != enrolled.Machine.ID {
		return v, signed.ErrMachine.With(v.Machine)
	}
	return v, a.verifyHeld(ctx, answer.Subject, file)
}

// judge finds out which function of the ledger a file answers, and verifies it as that.
func judge(trust holding.Trust, file []byte) (signed.Answer, error) {
	var err error
	for _, function := range []string{
		signed.FunctionLicense, signed.FunctionOrder, signed.FunctionRecipients,
		signed.FunctionNoop,
	} {
		var answer signed.Answer
		answer, err = trust.Verifier.Verify(file, signed.Expectation{Function: function})
		if !errors.Is(err, signed.ErrFunction) {
			return answer, err
		}
	}
	return signed.Answer{}, err
}

// verifyHeld checks one of this machine's own licenses as a use does.
func (a *Agent) verifyHeld(ctx context.Context, id string, file []byte) (err error) {
	manifest, err := a.folder.Read(holding.File(id, holding.ManifestFile))
	if err != nil {
		return holding.ErrUnknown.With(id)
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	_, err = s.machine.CheckLicense(id, file, manifest)
	return err
}
