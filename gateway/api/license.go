package api

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
)

// getMachine returns a machine's own record. Records never change, so the id is the tag.
func (s *Server) getMachine(c *gin.Context) error {
	id := c.Param("machine")
	if id != subject(c) {
		return errMachine.With(id)
	}
	_, doc, err := s.machine(c, id)
	if err != nil {
		return err
	}
	return sendTagged(c, `"`+id+`"`, doc)
}

func (s *Server) listLicenses(c *gin.Context) error {
	id := c.Param("machine")
	if id != subject(c) {
		return errMachine.With(id)
	}
	doc, err := s.config.Reader.Evaluate(c.Request.Context(), "licenses:OfMachine", id)
	if err != nil {
		return err
	}
	sendDocument(c, http.StatusOK, doc)
	return nil
}

// ownLicense reads the license that the path names. It rejects another machine's license.
func (s *Server) ownLicense(c *gin.Context) (license.License, error) {
	var l license.License
	doc, err := s.config.Reader.Evaluate(c.Request.Context(), "licenses:Get", c.Param("license"))
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(doc, &l); err != nil {
		return l, fmt.Errorf("ledger's license: %w", err)
	}
	if l.Machine != subject(c) {
		return l, errLicense.With(c.Param("license"))
	}
	return l, nil
}

// requestGrant records the machine's request on the ledger (T15). Custodians see it on their own peers.
func (s *Server) requestGrant(c *gin.Context) error {
	var request grant.Request
	return s.record(c, http.StatusAccepted, "licenses:RecordGrant", &request,
		func() string { return request.License })
}

func (s *Server) recordReceipt(c *gin.Context) error {
	var request grant.ReceiptRequest
	return s.record(c, http.StatusCreated, "licenses:RecordReceipt", &request,
		func() string { return request.License })
}

// record submits a machine's document about its own license with the identity of the machine's owner.
func (s *Server) record(c *gin.Context, status int, function string, request any, named func() string) error {
	if err := decode(c, request); err != nil {
		return err
	}
	if named() != c.Param("license") {
		return errMismatch.With(named())
	}
	if _, err := s.ownLicense(c); err != nil {
		return err
	}
	buyer, err := s.buyer(c)
	if err != nil {
		return err
	}
	doc, err := buyer.Submit(c.Request.Context(), function, string(ledger.Encode(request)))
	if err != nil {
		return err
	}
	sendDocument(c, status, doc)
	return nil
}

func (s *Server) getGrant(c *gin.Context) error {
	if _, err := s.ownLicense(c); err != nil {
		return err
	}
	n := c.Param("n")
	if n == "newest" {
		n = ""
	}
	doc, err := s.config.Reader.Evaluate(c.Request.Context(), "licenses:GetGrant", c.Param("license"), n)
	if err != nil {
		return err
	}
	sendDocument(c, http.StatusOK, doc)
	return nil
}
