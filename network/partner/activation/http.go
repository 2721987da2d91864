package activation

import (
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/problem"
)

// maxRequest bounds a request: certificates and keys are a few kilobytes.
const maxRequest = 64 << 10

// Read decodes a request's body strictly; the refusal is ErrMalformed or package ledger's.
func Read(w http.ResponseWriter, r *http.Request, v any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return ErrMalformed.With("body")
	}
	return ledger.Decode(raw, v)
}

// Write sends a document.
func Write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(ledger.Encode(v)) // the client is gone if this fails
}

// Problem sends a refusal as an RFC 9457 problem. Any other error is logged and sent without detail.
func Problem(w http.ResponseWriter, log *slog.Logger, err error) {
	refusal, ok := errors.AsType[*ledger.Refusal](err)
	if ok {
		log.Info("request refused", slog.String("code", refusal.Code), slog.String("saw", refusal.Saw))
	} else {
		refusal = problem.ErrInternal
		log.Error("request failed", slog.Any("error", err))
	}
	status := problem.Status(refusal.Kind)
	problem.Write(w, status, problem.New(refusal, status))
}

// Health is the status of GET /healthz.
func Health(good bool) int {
	if good {
		return http.StatusNoContent
	}
	return http.StatusServiceUnavailable
}
