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

// Refusals of the gateway itself. All others are the ledger's.
var (
	// errNoRoute means that no route has the path of the request. Correct the path.
	errNoRoute = ledger.Refuse(ledger.NotFound, "request.no_route",
		"no route has this path: GET /openapi.yaml lists them")
	// errNoMethod means that the path exists, but not for this HTTP method. Use a method that openapi.yaml
	// lists for the path.
	errNoMethod = ledger.Refuse(ledger.Invalid, "request.no_method",
		"this path does not have this method: GET /openapi.yaml lists the methods of each path")
	// errBody means that reading the request's body failed before its end. Send the request again.
	errBody = ledger.Refuse(ledger.Invalid, "request.body",
		"the request's body ended early or came too slowly: send it again")
	// errTooLarge means that the body is longer than the path allows, or an upload longer than its dataset
	// announced. Send a shorter body.
	errTooLarge = ledger.Refuse(ledger.Invalid, "request.too_large",
		"the request's body is longer than this path allows")
	// errSchema means that the body or a parameter does not match its schema in openapi.yaml, or has none (Saw
	// names it). Correct the request.
	errSchema = ledger.Refuse(ledger.Invalid, "request.schema",
		"the request does not match its schema, which GET /openapi.yaml returns")
	// errMediaType means that a request with a body has another Content-Type than application/json, or a
	// Content-Encoding. Send plain JSON.
	errMediaType = ledger.Refuse(ledger.Invalid, "request.media_type",
		"expected Content-Type application/json and no Content-Encoding")
	// errCursor means that the cursor does not parse, or another list returned it. Start again without a
	// cursor.
	errCursor = ledger.Refuse(ledger.Invalid, "request.cursor",
		"the cursor is not one that this list returned: start again without a cursor")
	// errMismatch means that the license in the body (Saw) is not the license in the path. Send the same id in
	// both.
	errMismatch = ledger.Refuse(ledger.Invalid, "request.mismatch",
		"the license in the body must be the license in the path")
	// errNotInModel means that the gateway's copy of the ledger has no such entry. Check the id; if it was
	// written just now, ask again in a few seconds.
	errNotInModel = ledger.Refuse(ledger.NotFound, "catalogue.not_found",
		"the catalogue has no entry with this id: check it, or ask again if it was written just now")
	// errBusy means that too many uploads of this hash are under way, or too many uploads wait until the ledger
	// announces their hash. Repeat the upload after a second.
	errBusy = ledger.Refuse(ledger.Limit, "content.busy",
		"too many uploads are under way: try again in a second")
	// errOrder means that the order that is read or placed is for another machine than the token's (Saw). Use
	// the access token of the order's machine.
	errOrder = ledger.Refuse(ledger.Forbidden, "order.not_yours",
		"the order is for another machine than the one of the access token")
	// errLicense means that the license (Saw) is for another machine than the token's. Use the access token of
	// the license's machine.
	errLicense = ledger.Refuse(ledger.Forbidden, "license.not_yours",
		"the license belongs to another machine than the one of the access token")
	// errMachine means that the machine in the path is not the token's machine. Use that machine's own access
	// token.
	errMachine = ledger.Refuse(ledger.Forbidden, "machine.not_yours",
		"the machine in the path must be the machine of the access token")
	// errNoIdentity means that the gateway's configuration has no ledger identity of the machine's owner (Saw).
	// Order through the gateway of the owner's partner.
	errNoIdentity = ledger.Refuse(ledger.Forbidden, "buyer.not_kept",
		"this gateway has no ledger identity of the machine's owner: use the gateway of the owner's partner")
	// errCustodian means that the gateway's configuration names no custodian of the partner in the path (Saw).
	// Ask another partner's gateway, or have the operator add it.
	errCustodian = ledger.Refuse(ledger.NotFound, "custodian.unknown",
		"this gateway's configuration has no custodian of the partner")
	// errRelay means that the custodian can't be reached, or its response is neither a document nor a refusal.
	// Repeat the request later.
	errRelay = ledger.Refuse(ledger.Unavailable, "custodian.unavailable",
		"the custodian did not answer, or its response is not a JSON document: try again later")
	// errTimeout means that the request was canceled or exceeded its time before its result was known. Read the
	// state, then repeat the request if it had no effect.
	errTimeout = ledger.Refuse(ledger.Unavailable, "request.timeout",
		"the request took too long; it may have been carried out all the same: read the state before "+
			"repeating it")
)

// exceptions are the refusals for which HTTP has a more precise status than their kind's.
var exceptions = map[string]int{
	errNoMethod.Code:  http.StatusMethodNotAllowed,
	errTooLarge.Code:  http.StatusRequestEntityTooLarge,
	errMediaType.Code: http.StatusUnsupportedMediaType,
	errRelay.Code:     http.StatusBadGateway,
}

// classify finds the public refusal and the status of an error. What is not a refusal is ErrInternal.
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

// refuse answers with a problem document and logs the error, which may say more.
func (s *Server) refuse(c *gin.Context, err error) {
	refusal, status := classify(err)
	c.Set(keyCode, refusal.Code)
	if status >= http.StatusInternalServerError {
		s.config.Log.ErrorContext(c.Request.Context(), "request failed", "request", requestID(c), "code",
			refusal.Code, "error", err)
	} else {
		s.config.Log.DebugContext(c.Request.Context(), "request refused", slog.String("request", requestID(c)),
			slog.Any("error", err))
	}
	if c.Writer.Written() {
		return // too late for a document; the client sees the connection end
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
