package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

// errNoQuorum: the governed configuration and the dataset's custodian set leave no k partners to ask.
var errNoQuorum = ledger.Refuse(ledger.Unavailable, "signed.no_quorum", "there are not enough partners to sign this")

// signers knows who signs answers: the governed configuration, read again every configAge.
type signers struct {
	reader Ledger
	now    func() time.Time

	mu     sync.Mutex
	config consortium.Config
	read   time.Time
	turn   int // where the next list of organizations starts: on by one after each failure
}

const (
	configAge = time.Minute
	// signTimeout bounds one attempt with one list of organizations (TRUST T7: 2-3 s), maxAttempts how many lists
	// are tried: with three signing partners and k = 2 every pair.
	signTimeout = 3 * time.Second
	maxAttempts = 6
)

func (g *signers) current(ctx context.Context) (consortium.Config, int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now().Sub(g.read) < configAge {
		return g.config, g.turn, nil
	}
	doc, err := g.reader.Evaluate(ctx, "governance:Config", "")
	if err == nil {
		err = json.Unmarshal(doc, &g.config)
	}
	switch {
	case err == nil:
		g.read = g.now()
	case g.read.IsZero():
		return consortium.Config{}, 0, fmt.Errorf("governed configuration: %w", err)
	}
	return g.config, g.turn, nil
}

func (g *signers) failed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turn++
}

// lists gives every choice of k signing partners that has a member of the custodian set (T6); nil custodians: any.
func lists(config consortium.Config, custodians []string) [][]string {
	var signing []string
	for _, p := range config.Partners {
		if p.Signs {
			signing = append(signing, p.MSP)
		}
	}
	var out [][]string
	choose(signing, config.Quorum, nil, func(list []string) {
		if custodians == nil || slices.ContainsFunc(list, func(msp string) bool { return slices.Contains(custodians, msp) }) {
			out = append(out, slices.Clone(list))
		}
	})
	return out
}

// choose visits every choice of k of the names, in order.
func choose(names []string, k int, chosen []string, visit func([]string)) {
	if k == 0 {
		if len(chosen) > 0 {
			visit(chosen)
		}
		return
	}
	for i := 0; i+k <= len(names); i++ {
		choose(names[i+1:], k-1, append(chosen, names[i]), visit)
	}
}

// sign asks k partners, and other k when one of them doesn't answer. A refusal by the ledger ends it: the others
// would say the same.
func (s *Server) sign(c *gin.Context, custodians []string, function string, args ...string) error {
	var request struct {
		Nonce string `json:"nonce"`
	}
	if err := decode(c, &request); err != nil {
		return err
	}
	config, turn, err := s.signers.current(c.Request.Context())
	if err != nil {
		return err
	}
	choices := lists(config, custodians)
	if len(choices) == 0 {
		return errNoQuorum
	}
	args = append(args, request.Nonce)
	for i := range min(len(choices), maxAttempts) {
		var file []byte
		file, err = s.signBy(c.Request.Context(), choices[(turn+i)%len(choices)], function, args)
		if err == nil {
			sendDocument(c, http.StatusOK, file)
			return nil
		}
		var refusal *ledger.Refusal
		if errors.As(err, &refusal) && refusal.Kind != ledger.Unavailable || c.Request.Context().Err() != nil {
			return err
		}
		s.signers.failed()
		s.config.Log.WarnContext(c.Request.Context(), "partners don't sign, asking others", "request", requestID(c),
			"partners", choices[(turn+i)%len(choices)], "error", err)
	}
	return err
}

func (s *Server) signBy(ctx context.Context, organizations []string, function string, args []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, signTimeout)
	defer cancel()
	return s.config.Reader.Sign(ctx, organizations, function, args...)
}

// signOrder: machines check that a partner of the dataset's custodian set signed, so that is who is asked.
func (s *Server) signOrder(c *gin.Context) error {
	view, _, err := s.ownOrder(c)
	if err != nil {
		return err
	}
	var custodians []string
	for _, item := range view.Order.Items {
		custodians = append(custodians, item.Custodians...)
	}
	return s.sign(c, custodians, "orders:Sign", view.Order.ID)
}

func (s *Server) signLicense(c *gin.Context) error {
	l, err := s.ownLicense(c)
	if err != nil {
		return err
	}
	return s.sign(c, l.Custodians, "licenses:Sign", l.ID)
}

func (s *Server) signRecipients(c *gin.Context) error {
	return s.sign(c, nil, "governance:SignRecipients")
}
