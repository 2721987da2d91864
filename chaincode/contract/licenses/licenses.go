// Package licenses is the contract of licenses: what machines hold, the grants that put their uses into a
// TPM, the custodians' answers, and the receipts that come back. Read grants.go first.
//
// Does not judge: packages license and grant do.
package licenses

import (
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Functions are the contract's rows of the one table.
func Functions() []state.Function {
	return []state.Function{
		{Name: "licenses:RecordGrant", Call: state.Document(RecordGrant), Roles: []string{party.Buyer}, Writes: true},
		{
			Name: "licenses:AnswerGrant", Call: state.Document(AnswerGrant), Roles: []string{party.Custodian},
			Writes: true,
		},
		{
			Name: "licenses:RecordReceipt", Call: state.Document(RecordReceipt), Roles: []string{party.Buyer},
			Writes: true,
		},
		{Name: "licenses:Get", Call: state.One(Get)},
		{Name: "licenses:OfMachine", Call: state.One(OfMachine)},
		{Name: "licenses:GetGrant", Call: state.Two(GetGrant)},
		{Name: "licenses:Receipts", Call: state.One(Receipts)},
		{Name: "licenses:Sign", Call: state.Two(Sign)},
	}
}

// Get reads a license.
func Get(t *state.Transaction, id string) (license.License, error) { return t.License(id) }

// OfMachine lists the licenses that a machine holds, by id.
func OfMachine(t *state.Transaction, id string) ([]license.License, error) {
	if _, err := t.Machine(id); err != nil {
		return nil, err
	}
	return t.LicensesOf(id)
}

// Sign returns a license with its machine, its state and what paid for it in a signed answer: what a machine
// checks offline.
func Sign(t *state.Transaction, id, nonce string) (signed.Answer, error) {
	l, err := t.License(id)
	if err != nil {
		return signed.Answer{}, err
	}
	m, err := t.Machine(l.Machine)
	if err != nil {
		return signed.Answer{}, err
	}
	credits, err := t.Credits(l.Order)
	if err != nil {
		return signed.Answer{}, err
	}
	return t.SignedAnswer(state.Question{
		Tag: signed.TagLicense, Function: signed.FunctionLicense, Subject: id, Nonce: nonce,
		Lease: t.Config().Limits.LeaseSeconds, Body: signed.NewLicenseBody(l, m, credits),
	})
}

// held loads a license that belongs to the calling buyer, and its machine.
func held(t *state.Transaction, id string) (license.License, machine.Machine, error) {
	l, err := t.License(id)
	if err != nil {
		return l, machine.Machine{}, err
	}
	if err := l.CheckOwner(t.Caller().Party); err != nil {
		return l, machine.Machine{}, err
	}
	m, err := t.Machine(l.Machine)
	return l, m, err
}
