package governance

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/state"
)

// SetRecipient records a public key that content keys are wrapped to (T3).
func SetRecipient(t *state.Transaction, r consortium.Recipient) (consortium.Recipient, error) {
	all, err := t.Recipients()
	if err != nil {
		return r, err
	}
	if err := consortium.CheckRecipient(r, t.Caller(), consortium.Version(all, r.ID)); err != nil {
		return r, err
	}
	if err := r.CheckAmong(all); err != nil {
		return r, err
	}
	if err := t.PutRecipient(r); err != nil {
		return r, err
	}
	return r, t.Event(ledger.EventRecipientSet, r)
}

// Recipient reads a recipient.
func Recipient(t *state.Transaction, id string) (consortium.Recipient, error) {
	return t.Recipient(id)
}

// SignRecipients returns all recipients in a signed answer (T3).
func SignRecipients(t *state.Transaction, nonce string) (signed.Answer, error) {
	all, err := t.Recipients()
	if err != nil {
		return signed.Answer{}, err
	}
	return t.SignedAnswer(state.Question{
		Tag: signed.TagRecipients, Function: signed.FunctionRecipients, Nonce: nonce,
		Body: signed.RecipientsBody{Recipients: all},
	})
}
