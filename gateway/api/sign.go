package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

// Quorum says who must sign an answer: k of the signing partners, of each custodian set at least one (T6).
type Quorum struct {
	K          int
	Signing    []string // MSPs
	Custodians consortium.CustodianSets
}

// governed is the governed configuration, read again every configAge.
type governed struct {
	reader Ledger
	now    func() time.Time

	mu     sync.Mutex
	config consortium.Config
	read   time.Time
}

const configAge = time.Minute

// current gives the configuration; while the ledger can't be read, the last one known.
func (g *governed) current(ctx context.Context) (consortium.Config, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now().Sub(g.read) < configAge {
		return g.config, nil
	}
	var config consortium.Config
	doc, err := g.reader.Evaluate(ctx, "governance:Config", "")
	if err == nil {
		err = json.Unmarshal(doc, &config)
	}
	if err != nil && g.read.IsZero() {
		return consortium.Config{}, fmt.Errorf("governed configuration: %w", err)
	}
	if err == nil {
		g.config, g.read = config, g.now()
	}
	return g.config, nil
}

// sign has an answer signed by the quorum that machines demand, and sends the file as it is.
func (s *Server) sign(c *gin.Context, custodians consortium.CustodianSets, function string, args ...string) error {
	var request struct {
		Nonce string `json:"nonce"`
	}
	if err := decode(c, &request); err != nil {
		return err
	}
	config, err := s.governed.current(c.Request.Context())
	if err != nil {
		return err
	}
	q := Quorum{K: config.Quorum, Custodians: custodians}
	for _, p := range config.Partners {
		if p.Signs {
			q.Signing = append(q.Signing, p.MSP)
		}
	}
	file, err := s.config.Reader.Sign(c.Request.Context(), q, function, append(args, request.Nonce)...)
	if err != nil {
		return err
	}
	sendDocument(c, http.StatusOK, file)
	return nil
}

func (s *Server) signOrder(c *gin.Context) error {
	view, _, err := s.ownOrder(c)
	if err != nil {
		return err
	}
	return s.sign(c, view.Order.CustodianSets(), "orders:Sign", view.Order.ID)
}

func (s *Server) signLicense(c *gin.Context) error {
	l, err := s.ownLicense(c)
	if err != nil {
		return err
	}
	return s.sign(c, l.CustodianSets(), "licenses:Sign", l.ID)
}

func (s *Server) signRecipients(c *gin.Context) error {
	return s.sign(c, nil, "governance:SignRecipients")
}
