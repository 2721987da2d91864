package activation

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// maxRequest bounds a request: certificates and keys are a few kilobytes.
const maxRequest = 64 << 10

// Read decodes a request's body strictly.
func Read(w http.ResponseWriter, r *http.Request, v any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return ErrMalformed.With("body")
	}
	return ledger.Decode(raw, v)
}

// Write answers with a document.
func Write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(ledger.Encode(v)) // the client is gone if this fails
}

// problem is an RFC 9457 problem document; code and kind are the refusal's.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Kind   string `json:"kind,omitempty"`
	Code   string `json:"code"`
	Saw    string `json:"saw,omitempty"`
}

// Problem answers with a refusal, or with nothing but "internal" when the error is not for strangers.
func Problem(w http.ResponseWriter, log *slog.Logger, err error) {
	p := problem{Type: "about:blank", Title: "the request could not be served now", Status: http.StatusInternalServerError, Code: "internal"}
	if refusal, ok := errors.AsType[*ledger.Refusal](err); ok {
		p.Title, p.Kind, p.Code, p.Saw, p.Status = refusal.Message, string(refusal.Kind), refusal.Code, refusal.Saw, status(refusal.Kind)
		log.Info("refused", slog.String("code", refusal.Code), slog.String("saw", refusal.Saw))
	} else {
		log.Error("request failed", slog.Any("error", err))
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone if this fails
}

func status(kind ledger.Kind) int {
	switch kind {
	case ledger.NotFound:
		return http.StatusNotFound
	case ledger.Conflict:
		return http.StatusConflict
	case ledger.Forbidden:
		return http.StatusForbidden
	case ledger.Expired:
		return http.StatusGone
	case ledger.Limit:
		return http.StatusTooManyRequests
	case ledger.Unavailable:
		return http.StatusServiceUnavailable
	case ledger.Invalid:
		return http.StatusUnprocessableEntity
	}
	return http.StatusInternalServerError
}

// Health is the answer to GET /healthz.
func Health(good bool) int {
	if good {
		return http.StatusNoContent
	}
	return http.StatusServiceUnavailable
}
