package market

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/problem"
)

// refusalOf reads a problem document, whose code is the refusal's, or an OAuth error. Anything else is
// ErrAnswer, with the kind that the status stands for.
func refusalOf(rsp *http.Response, what string) error {
	doc, err := io.ReadAll(io.LimitReader(rsp.Body, problem.MaxDocument))
	if err != nil {
		return ErrOffline.With(err.Error())
	}
	if r, ok := problem.Parse(doc, rsp.StatusCode); ok {
		return r
	}
	var oauth struct { // RFC 6749, 5.2
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(doc, &oauth) == nil && oauth.Error != "" {
		return ledger.Refuse(ledger.Forbidden, "oauth."+oauth.Error,
			"the authorization server rejected the machine").With(oauth.Description)
	}
	return problem.Or(ErrAnswer, rsp.StatusCode, what+": "+rsp.Status)
}
