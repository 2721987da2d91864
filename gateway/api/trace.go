package api

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"regexp"
	"runtime/debug"

	"github.com/gin-gonic/gin"

	"github.com/guildmark/guildmark/chaincode/problem"
)

// Keys of what a request carries through its handlers.
const (
	keyRequest = "request"
	keyCode    = "code"
	keyToken   = "token"
)

var goodRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]{8,64}$`)

// trace gives the request an id and logs one line at its end, without query, headers and body.
func (s *Server) trace(c *gin.Context) {
	id := c.GetHeader("X-Request-ID")
	if !goodRequestID.MatchString(id) {
		var b [12]byte
		_, _ = rand.Read(b[:]) // never fails since Go 1.24
		id = hex.EncodeToString(b[:])
	}
	c.Set(keyRequest, id)
	h := c.Writer.Header()
	h.Set("X-Request-ID", id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Strict-Transport-Security", "max-age=31536000")
	start := s.config.Now()
	s.deadlines(c, quick) // for paths without a route too: a kept connection still has its last request's
	c.Next()
	attrs := []slog.Attr{
		slog.String("request", id), slog.String("method", c.Request.Method), slog.String("route", c.FullPath()),
		slog.Int("status", c.Writer.Status()), slog.String("took", s.config.Now().Sub(start).String()),
		slog.Int("bytes", max(c.Writer.Size(), 0)),
	}
	if code := c.GetString(keyCode); code != "" {
		attrs = append(attrs, slog.String("code", code))
	}
	if t, ok := tokenOf(c); ok {
		attrs = append(attrs, slog.String("machine", t.Subject))
	}
	s.config.Log.LogAttrs(c.Request.Context(), slog.LevelInfo, "request", attrs...)
}

func requestID(c *gin.Context) string { return c.GetString(keyRequest) }

// recover turns a handler's panic into status 500, so that other requests go on.
func (s *Server) recover(c *gin.Context) {
	defer func() {
		if p := recover(); p != nil {
			s.config.Log.ErrorContext(c.Request.Context(), "panic", "request", requestID(c), "panic",
				fmt.Sprint(p), "stack", string(debug.Stack()))
			s.refuse(c, problem.ErrInternal)
		}
	}()
	c.Next()
}
