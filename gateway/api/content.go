package api

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/gateway/store"
)

// getContent serves sealed bytes, with ranges. The path is their hash, so they never change.
func (s *Server) getContent(c *gin.Context) error {
	hash := c.Param("sha256")
	r, err := s.config.Content.Get(c.Request.Context(), hash)
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }()
	h := c.Writer.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("ETag", `"`+hash+`"`)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, r)
	return nil
}

// putContent stores bytes whose hash a published dataset announced. It needs no token: anybody may bring them.
func (s *Server) putContent(c *gin.Context) error {
	hash := c.Param("sha256")
	announced, err := s.announced(c, hash)
	if err != nil {
		return err
	}
	answer := struct {
		SHA256 string `json:"sha256"`
	}{hash}
	there, err := s.config.Content.Has(c.Request.Context(), hash)
	if err != nil {
		return err
	}
	if there {
		return sendJSON(c, http.StatusOK, answer)
	}
	if c.Request.ContentLength > announced.Size {
		return &http.MaxBytesError{Limit: announced.Size}
	}
	end, ok := s.running.begin(hash)
	if !ok {
		return errBusy.With(hash)
	}
	defer end()
	body := http.MaxBytesReader(c.Writer, c.Request.Body, announced.Size)
	if err := s.config.Content.Put(c.Request.Context(), hash, announced.Size, announced.AtMost, body); err != nil {
		return err
	}
	return sendJSON(c, http.StatusCreated, answer)
}

// maxRunning bounds the uploads of one hash at a time: anybody may start one, and each may write the
// announced size before its hash turns out to be wrong.
const maxRunning = 4

// running counts the uploads under way.
type running struct {
	mu    sync.Mutex
	count map[string]int
}

// begin counts an upload of a hash, or reports false where maxRunning are under way. end uncounts it.
func (r *running) begin(hash string) (end func(), ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count[hash] >= maxRunning {
		return nil, false
	}
	r.count[hash]++
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.count[hash]--; r.count[hash] == 0 {
			delete(r.count, hash)
		}
	}, true
}

// announceWait is how long an upload waits for the event of a transaction that has just been committed.
const announceWait = 3 * time.Second

// announced looks the hash up in the read model. It waits up to announceWait for the event.
func (s *Server) announced(c *gin.Context, hash string) (store.Announced, error) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), announceWait)
	defer cancel()
	waiting := false
	for {
		changed := s.config.Store.Changed()
		a, err := s.config.Store.Announced(ctx, hash)
		if !errors.Is(err, store.ErrNotFound) {
			return a, err
		}
		if !waiting {
			select {
			case s.uploads <- struct{}{}:
				defer func() { <-s.uploads }()
				waiting = true
			default:
				return a, errBusy
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return a, dataset.ErrNotAnnounced.With(hash)
		}
	}
}
