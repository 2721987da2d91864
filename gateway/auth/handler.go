package auth

import (
	"encoding/json"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// maxForm bounds a token request in bytes: an assertion and little else.
const maxForm = 8 << 10

// Handler answers the token endpoint, the keys, the metadata and health. The library's other routes are not
// reachable.
func (s *Server) Handler() http.Handler {
	library := op.RegisterLegacyServer(s, http.NotFound, op.WithServerCORSOptions(nil),
		op.WithFallbackLogger(s.config.Log))
	mux := http.NewServeMux()
	mux.Handle("POST /oauth/token", s.tokenForm(library))
	mux.Handle("GET /keys", library)
	mux.Handle("GET "+oidc.DiscoveryEndpoint, library)
	mux.HandleFunc("GET /.well-known/oauth-authorization-server", func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.Path = oidc.DiscoveryEndpoint // RFC 8414's address, the same document
		library.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /v1/health", s.health)
	return s.log(mux)
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(struct {
		Status  string `json:"status"`
		Version string `json:"version"`
	}{"ok", s.config.Version})
}

// tokenForm passes on token requests with a form in the body, no query (servers on the way log it) and no
// parameter twice.
func (s *Server) tokenForm(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse := func(why string) {
			op.WriteError(w, r, oidc.ErrInvalidRequest().WithDescription("%s", why), s.config.Log)
		}
		if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil ||
			media != "application/x-www-form-urlencoded" {
			refuse("expected Content-Type application/x-www-form-urlencoded")
			return
		}
		if r.URL.RawQuery != "" || r.Header.Get("Authorization") != "" {
			refuse("parameters belong into the body: no query and no Authorization header")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			refuse("the body is not a form of at most 8 KiB")
			return
		}
		for name, given := range r.PostForm {
			if len(given) != 1 {
				refuse("a parameter is given twice")
				s.config.Log.DebugContext(r.Context(), "parameter given twice", "name", name)
				return
			}
		}
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// patience is how long a client may take to send its form, and then to read the response. Both are small.
const patience = 15 * time.Second

// log writes one line a request, without form and headers, and bounds slow clients by patience.
func (s *Server) log(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rc := http.NewResponseController(w)
		_ = rc.SetReadDeadline(start.Add(s.patience)) // a test recorder has none
		_ = rc.SetWriteDeadline(start.Add(2 * s.patience))
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		seen.Header().Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(seen, r)
		s.config.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("method", r.Method),
			slog.String("route", r.Pattern),
			slog.Int("status", seen.status), slog.String("took", time.Since(start).String()))
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
