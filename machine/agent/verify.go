package agent

import (
	"context"
	"errors"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// Verdict is what a signed file says, when it holds.
type Verdict struct {
	Function string `json:"function"`
	Subject  string `json:"subject"`
	Clock    int64  `json:"clock"`
	Lease    int64  `json:"lease"`
	Machine  string `json:"machine,omitempty"` // license: its holder
}

// Verify judges any signed file under the machine's own trust bundle; a license also by holder, state and lease, and,
// when its manifest is here, by that.
func (a *Agent) Verify(ctx context.Context, file []byte) (v Verdict, err error) {
	enrolled, err := a.enrollment()
	if err != nil {
		return v, err
	}
	t, err := a.trust(enrolled)
	if err != nil {
		return v, err
	}
	answer, err := t.judge(file)
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

// judge finds out which question a file answers, and verifies it as that.
func (t trust) judge(file []byte) (signed.Answer, error) {
	var err error
	for _, function := range []string{signed.FunctionLicense, signed.FunctionOrder, signed.FunctionRecipients, signed.FunctionNoop} {
		var answer signed.Answer
		answer, err = t.verifier.Verify(file, signed.Expectation{Function: function})
		if !errors.Is(err, signed.ErrFunction) {
			return answer, err
		}
	}
	return signed.Answer{}, err
}

// verifyHeld checks one of this machine's own licenses as a use does.
func (a *Agent) verifyHeld(ctx context.Context, id string, file []byte) (err error) {
	manifest, err := a.store.Read(holdingFile(id, "manifest.json"))
	if err != nil {
		return ErrLicense.With(id)
	}
	d, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	_, err = d.checkLicense(id, file, manifest)
	return err
}
