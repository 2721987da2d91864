package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/problem"
	"github.com/guildmark/guildmark/gateway/api/bearer"
	"github.com/guildmark/guildmark/gateway/store"
)

// Problem is a problem document with the request's id; openapi.yaml has its schema.
type Problem struct {
	problem.Document

	Request string `json:"request"`
}

// Refusals of the gateway itself; all others are the ledger's.
var (
	errNoRoute    = ledger.Refuse(ledger.NotFound, "request.no_route", "there is nothing at this address")
	errNoMethod   = ledger.Refuse(ledger.Invalid, "request.no_method", "this address doesn't take this method")
	errBody       = ledger.Refuse(ledger.Invalid, "request.body", "the request's body can't be read")
	errTooLarge   = ledger.Refuse(ledger.Invalid, "request.too_large", "the request's body is larger than this address takes")
	errSchema     = ledger.Refuse(ledger.Invalid, "request.schema", "the request doesn't have the documented form")
	errMediaType  = ledger.Refuse(ledger.Invalid, "request.media_type", "the body's Content-Type is not the documented one")
	errCursor     = ledger.Refuse(ledger.Invalid, "request.cursor", "the cursor is none of ours")
	errMismatch   = ledger.Refuse(ledger.Invalid, "request.mismatch", "the body names another license than the address")
	errNotInModel = ledger.Refuse(ledger.NotFound, "catalogue.not_found", "the catalogue doesn't have this")
	errBusy       = ledger.Refuse(ledger.Limit, "content.busy", "too many uploads wait for their announcement, or bring the same bytes; try again")
	errOrder      = ledger.Refuse(ledger.Forbidden, "order.not_yours", "the order is for another machine than the token's")
	errLicense    = ledger.Refuse(ledger.Forbidden, "license.not_yours", "the license is another machine's than the token's")
	errMachine    = ledger.Refuse(ledger.Forbidden, "machine.not_yours", "the token is another machine's")
	errNoIdentity = ledger.Refuse(ledger.Forbidden, "buyer.not_kept", "this gateway keeps no ledger identity for the machine's owner")
	errCustodian  = ledger.Refuse(ledger.NotFound, "custodian.unknown", "this gateway knows no custodian of that partner")
	errRelay      = ledger.Refuse(ledger.Unavailable, "custodian.unavailable", "the custodian can't be reached or doesn't answer as it should")
	errTimeout    = ledger.Refuse(ledger.Unavailable, "request.timeout", "the answer took too long; the step may have been done all the same: ask before repeating")
)

// exceptions are the refusals for which HTTP has a word of its own.
var exceptions = map[string]int{
	errNoMethod.Code:  http.StatusMethodNotAllowed,
	errTooLarge.Code:  http.StatusRequestEntityTooLarge,
	errMediaType.Code: http.StatusUnsupportedMediaType,
	errRelay.Code:     http.StatusBadGateway,
}

// classify finds the public refusal and the status of any error.
func classify(err error) (*ledger.Refusal, int) {
	var refusal *ledger.Refusal
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		refusal = errTooLarge
	case errors.As(err, &refusal):
	case errors.Is(err, store.ErrNotFound):
		refusal = errNotInModel
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		refusal = errTimeout
	default:
		return problem.ErrInternal, http.StatusInternalServerError
	}
	if errors.Is(err, bearer.ErrUnauthenticated) {
		return refusal, http.StatusUnauthorized
	}
	if status, ok := exceptions[refusal.Code]; ok {
		return refusal, status
	}
	if status := problem.Status(refusal.Kind); status != http.StatusInternalServerError {
		return refusal, status
	}
	return problem.ErrInternal, http.StatusInternalServerError
}

// refuse answers with the problem document and logs what the client isn't told.
func (s *Server) refuse(c *gin.Context, err error) {
	refusal, status := classify(err)
	c.Set(keyCode, refusal.Code)
	if status >= http.StatusInternalServerError {
		s.config.Log.ErrorContext(c.Request.Context(), "request failed", "request", requestID(c), "code", refusal.Code, "error", err)
	} else {
		s.config.Log.DebugContext(c.Request.Context(), "request refused", slog.String("request", requestID(c)), slog.Any("error", err))
	}
	if c.Writer.Written() {
		return // too late for a document: the connection's end tells
	}
	switch status {
	case http.StatusUnauthorized:
		c.Header("WWW-Authenticate", s.challenge(refusal))
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		c.Header("Retry-After", "1")
	}
	problem.Write(c.Writer, status, Problem{problem.New(refusal, status), requestID(c)})
	c.Abort()
}

// challenge is RFC 6750's header with RFC 9728's pointer to the metadata.
func (s *Server) challenge(r *ledger.Refusal) string {
	h := `Bearer resource_metadata="` + s.config.URL + `/.well-known/oauth-protected-resource"`
	if !errors.Is(r, bearer.ErrMissing) {
		h += `, error="invalid_token", error_description="` + r.Message + `"`
	}
	return h
}
