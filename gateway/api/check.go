package api

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/gateway/api/bearer"
)

const keyBody = "body"

// checked wraps a route's handler: time limits, then token, then form, then the handler.
func (s *Server) checked(r route) (gin.HandlerFunc, error) {
	op, err := s.spec.operation(r)
	if err != nil {
		return nil, err
	}
	return func(c *gin.Context) {
		ctx, cancel := context.WithTimeout(c.Request.Context(), r.limit)
		defer cancel()
		c.Request = c.Request.WithContext(ctx)
		s.deadlines(c, r.limit)
		err := s.authorize(c, op.scope)
		if err == nil {
			err = s.form(c, op)
		}
		if err == nil {
			err = r.handle(c)
		}
		if err != nil {
			s.refuse(c, err)
		}
	}, nil
}

// deadlines bounds a slow client by its route's time limit. The server has no common one, since bodies may be
// large.
func (s *Server) deadlines(c *gin.Context, limit time.Duration) {
	rc := http.NewResponseController(c.Writer)
	end := time.Now().Add(limit + 5*time.Second)
	_ = rc.SetReadDeadline(end) // a test recorder has none
	_ = rc.SetWriteDeadline(end)
}

// authorize checks the token where openapi.yaml demands a scope.
func (s *Server) authorize(c *gin.Context, scope string) error {
	if scope == "" {
		return nil
	}
	raw, err := bearer.FromHeader(c.GetHeader("Authorization"))
	if err != nil {
		return err
	}
	token, err := s.config.Tokens.Verify(c.Request.Context(), raw)
	if err != nil {
		return err
	}
	c.Set(keyToken, token)
	return token.Allows(scope)
}

func tokenOf(c *gin.Context) (bearer.Token, bool) {
	v, _ := c.Get(keyToken)
	t, ok := v.(bearer.Token)
	return t, ok
}

// subject is the machine that the token was issued to. Only routes with a scope may call it.
func subject(c *gin.Context) string {
	t, _ := tokenOf(c)
	return t.Subject
}

// form reads a JSON body up to smallBody and checks the request against openapi.yaml.
func (s *Server) form(c *gin.Context, op operation) error {
	if op.body == nil {
		return op.check(c, nil)
	}
	if media, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || media != "application/json" {
		return errMediaType.With(c.GetHeader("Content-Type"))
	}
	if enc := c.GetHeader("Content-Encoding"); enc != "" {
		return errMediaType.With(enc)
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, smallBody))
	if err != nil {
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return err
		}
		return errBody
	}
	c.Set(keyBody, body)
	return op.check(c, body)
}

// decode reads the body a second time, with the ledger's strict decoder, into the ledger's type: JSON Schema
// accepts duplicate and case-folded keys.
func decode(c *gin.Context, v any) error {
	body, _ := c.Get(keyBody)
	raw, _ := body.([]byte)
	return ledger.Decode(raw, v)
}
