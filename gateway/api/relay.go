package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/problem"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
)

func (s *Server) startActivation(c *gin.Context) error {
	return s.relay(c, &machine.ActivationRequest{}, "/activations")
}

func (s *Server) finishActivation(c *gin.Context) error {
	return s.relay(c, &machine.ActivationProof{}, "/activations/"+c.Param("id"))
}

// relay sends a checked document to the configured custodian of the partner that the path names. It passes on
// no header and no address of the client's.
func (s *Server) relay(c *gin.Context, request any, path string) error {
	if err := decode(c, request); err != nil {
		return err
	}
	base, ok := s.config.Custodians[c.Param("msp")]
	if !ok {
		return errCustodian.With(c.Param("msp"))
	}
	req, err := http.NewRequestWithContext(c.Request.Context(), http.MethodPost, base+path,
		bytes.NewReader(ledger.Encode(request)))
	if err != nil {
		return fmt.Errorf("custodian: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.config.Relay.Do(req)
	if err != nil {
		return errors.Join(errRelay, err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end or given up
	body, err := io.ReadAll(io.LimitReader(resp.Body, smallBody+1))
	if err != nil || len(body) > smallBody {
		return errors.Join(errRelay, err)
	}
	return answerRelayed(c, resp.StatusCode, body)
}

// answerRelayed passes a 2xx document on, and a refusal as the gateway's problem document with the
// custodian's code.
func answerRelayed(c *gin.Context, status int, body []byte) error {
	if status >= 200 && status < 300 {
		if len(bytes.TrimSpace(body)) == 0 {
			body = []byte("{}")
		}
		if !json.Valid(body) {
			return errRelay.With("a response that is not JSON")
		}
		sendDocument(c, http.StatusOK, body)
		return nil
	}
	if refusal, ok := custodianRefusal(status, body); ok {
		return refusal
	}
	return errRelay.With(fmt.Sprintf("status %d", status))
}

// custodianRefusal reads a problem document, or the one line in which contracts send a refusal.
func custodianRefusal(status int, body []byte) (*ledger.Refusal, bool) {
	if r, ok := ledger.ParseRefusal(string(body)); ok {
		return r, true
	}
	r, ok := problem.Parse(body, status)
	return r, ok && problem.Status(r.Kind) == status // a status outside the table is errRelay
}
