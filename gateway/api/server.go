package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/guildmark/guildmark/gateway/api/bearer"
	"github.com/guildmark/guildmark/gateway/content"
	"github.com/guildmark/guildmark/gateway/store"
)

// Config has the parts of a Server. All but Buyers and Custodians are required.
type Config struct {
	URL        string            // the gateway's own address: audience of its tokens
	Issuer     string            // the authorization server
	Tokens     *bearer.Verifier  // checks access tokens
	Reader     Ledger            // an identity of any role: reads and collects signatures
	Buyers     map[string]Ledger // from the party id of a machine's owner to its weak identity (T2)
	Store      *store.Store      // the read model
	Content    *content.Content  // sealed bytes
	Custodians map[string]string // from an MSP to the base URL of its custodian
	Relay      *http.Client      // to custodians: mutual TLS with the gateway's TLS certificate
	Log        *slog.Logger      // one line a request
	Version    string            // shown by GET /v1/health
	Now        func() time.Time  // the clock
}

// Server answers the routes of openapi.yaml.
type Server struct {
	config   Config
	spec     *schemas
	governed *governed
	uploads  chan struct{} // bounds uploads that wait for the ledger's announcement
	running  *running      // bounds those that write
}

// New checks the configuration and starts nothing.
func New(c Config) (*Server, error) {
	if c.Tokens == nil || c.Reader == nil || c.Store == nil || c.Content == nil || c.Relay == nil ||
		c.Log == nil || c.Now == nil {
		return nil, errors.New("gateway: api.Config lacks one of Tokens, Reader, Store, Content, Relay, Log, Now")
	}
	for _, u := range append([]string{c.URL, c.Issuer}, values(c.Custodians)...) {
		if err := checkURL(u); err != nil {
			return nil, err
		}
	}
	spec, err := loadSpec()
	if err != nil {
		return nil, err
	}
	return &Server{
		config: c, spec: spec, governed: &governed{reader: c.Reader, now: c.Now},
		uploads: make(chan struct{}, maxWaiting),
		running: &running{count: map[string]int{}},
	}, nil
}

func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" ||
		strings.HasSuffix(raw, "/") {
		return fmt.Errorf("gateway: %q is not an https address: expected https://host:port without query and "+
			"without a slash at its end", raw)
	}
	return nil
}

func values(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

// Handler answers requests. It is safe for concurrent use.
func (s *Server) Handler() (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	if err := engine.SetTrustedProxies(nil); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	engine.Use(s.trace, s.recover)
	engine.NoRoute(func(c *gin.Context) { s.refuse(c, errNoRoute) })
	engine.NoMethod(func(c *gin.Context) { s.refuse(c, errNoMethod) })
	for _, r := range s.routes() {
		checked, err := s.checked(r)
		if err != nil {
			return nil, err
		}
		engine.Handle(r.method, ginPath(r.path), checked)
	}
	return engine, nil
}

// ginPath turns {offer} into :offer.
func ginPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}
