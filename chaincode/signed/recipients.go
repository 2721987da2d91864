package signed

import "github.com/guildmark/guildmark/chaincode/rules/consortium"

// Recipients verifies the signed list of recipients' keys (T3).
func (v *Verifier) Recipients(file []byte, nonce string) ([]consortium.Recipient, Answer, error) {
	c, err := v.run(file, Expectation{Function: FunctionRecipients, Nonce: nonce})
	if err != nil {
		return nil, Answer{}, err
	}
	return c.recipients.Recipients, c.answer, nil
}
