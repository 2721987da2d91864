package market

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// refusalOf reads an RFC 9457 problem, whose code is the refusal's, or an OAuth error; anything else is ErrAnswer.
func refusalOf(rsp *http.Response, what string) error {
	doc, err := io.ReadAll(io.LimitReader(rsp.Body, 1<<16))
	if err != nil {
		return ErrOffline.With(err.Error())
	}
	var problem struct {
		Code             string `json:"code"`
		Kind             string `json:"kind"`
		Title            string `json:"title"`
		Detail           string `json:"detail"`
		Saw              string `json:"saw"`
		OAuthError       string `json:"error"` // RFC 6749, 5.2
		OAuthDescription string `json:"error_description"`
	}
	if json.Unmarshal(doc, &problem) == nil {
		switch {
		case problem.Code != "":
			message := problem.Detail
			if message == "" {
				message = problem.Title
			}
			r := ledger.Refuse(kindOf(rsp.StatusCode, problem.Kind), problem.Code, message)
			return r.With(problem.Saw)
		case problem.OAuthError != "":
			return ledger.Refuse(ledger.Forbidden, "oauth."+problem.OAuthError, "the authorization server refused the machine").With(problem.OAuthDescription)
		}
	}
	return ErrAnswer.With(fmt.Sprintf("%s: %s", what, rsp.Status))
}

// kindOf takes the server's kind, or the status code's meaning when it sends none.
func kindOf(status int, kind string) ledger.Kind {
	if kind != "" {
		return ledger.Kind(kind)
	}
	switch status {
	case http.StatusNotFound:
		return ledger.NotFound
	case http.StatusConflict:
		return ledger.Conflict
	case http.StatusUnauthorized, http.StatusForbidden:
		return ledger.Forbidden
	case http.StatusGone:
		return ledger.Expired
	case http.StatusTooManyRequests:
		return ledger.Limit
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		return ledger.Invalid
	}
	return ledger.Unavailable
}
