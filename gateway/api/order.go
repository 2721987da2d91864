package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/gateway/store"
)

// placeOrder places an order for the token's machine with the identity of the machine's owner. The order's id
// follows from the Idempotency-Key, so a client that lost the response sends the same request again.
func (s *Server) placeOrder(c *gin.Context) error {
	var request struct {
		Offers  []string `json:"offers"`
		Machine string   `json:"machine"`
	}
	if err := decode(c, &request); err != nil {
		return err
	}
	if request.Machine != subject(c) {
		return errOrder.With(request.Machine)
	}
	buyer, err := s.buyer(c)
	if err != nil {
		return err
	}
	doc, err := buyer.Submit(c.Request.Context(), "orders:Place", string(ledger.Encode(order.Request{
		Key: c.GetHeader("Idempotency-Key"), Machine: request.Machine, Offers: request.Offers,
	})))
	if err != nil {
		return err
	}
	var placed order.Order
	if err := json.Unmarshal(doc, &placed); err != nil {
		return fmt.Errorf("ledger's order: %w", err)
	}
	uri, err := payment.URI(placed.Address, placed.Price, "")
	if err != nil {
		return fmt.Errorf("payment request: %w", err)
	}
	c.Header("Location", "/v1/orders/"+placed.ID)
	return sendJSON(c, http.StatusCreated, struct {
		Order json.RawMessage `json:"order"`
		URI   string          `json:"uri"`
	}{doc, uri})
}

// buyer is the ledger identity of the owner of the token's machine.
func (s *Server) buyer(c *gin.Context) (Ledger, error) {
	m, _, err := s.machine(c, subject(c))
	if err != nil {
		return nil, err
	}
	buyer, ok := s.config.Buyers[m.Owner]
	if !ok {
		return nil, errNoIdentity.With(m.Owner)
	}
	return buyer, nil
}

// machine reads a machine's record from the read model, or from the ledger where its event has not arrived
// yet.
func (s *Server) machine(c *gin.Context, id string) (machine.Machine, []byte, error) {
	doc, err := s.config.Store.Machine(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		doc, err = s.config.Reader.Evaluate(c.Request.Context(), "machines:Get", id)
	}
	if err != nil {
		return machine.Machine{}, nil, err
	}
	var m machine.Machine
	if err := json.Unmarshal(doc, &m); err != nil {
		return machine.Machine{}, nil, fmt.Errorf("ledger's machine: %w", err)
	}
	return m, doc, nil
}

func (s *Server) getOrder(c *gin.Context) error {
	_, doc, err := s.ownOrder(c)
	if err != nil {
		return err
	}
	sendDocument(c, http.StatusOK, doc)
	return nil
}

// ownOrder reads the order that the path names. It rejects another machine's order.
func (s *Server) ownOrder(c *gin.Context) (order.View, []byte, error) {
	var view order.View
	doc, err := s.config.Reader.Evaluate(c.Request.Context(), "orders:Get", c.Param("order"))
	if err != nil {
		return view, nil, err
	}
	if err := json.Unmarshal(doc, &view); err != nil {
		return view, nil, fmt.Errorf("ledger's order: %w", err)
	}
	if view.Order.Machine != subject(c) {
		return view, nil, errOrder.With(c.Param("order"))
	}
	return view, doc, nil
}

// listOrders lists the machine's orders from the read model.
func (s *Server) listOrders(c *gin.Context) error {
	if c.Param("machine") != subject(c) {
		return errMachine.With(c.Param("machine"))
	}
	p, err := pageOf(c, "m")
	if err != nil {
		return err
	}
	rows, err := s.config.Store.Orders(c.Request.Context(), c.Param("machine"), p.after, p.limit+1)
	if err != nil {
		return err
	}
	type line struct {
		Order   json.RawMessage `json:"order"`
		Settled bool            `json:"settled"`
	}
	answer := struct {
		Orders []line `json:"orders"`
		Next   string `json:"next,omitempty"`
	}{Orders: []line{}}
	for i, row := range rows {
		if i == p.limit {
			answer.Next = cursorTo("m", int64(row.Number))
			break
		}
		answer.Orders = append(answer.Orders, line{row.Doc, row.Settled})
	}
	return sendJSON(c, http.StatusOK, answer)
}
