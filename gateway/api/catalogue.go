package api

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
)

// health reads the read model only. It does not ask a peer.
func (s *Server) health(c *gin.Context) error {
	cursor, err := s.config.Store.Cursor(c.Request.Context())
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, struct {
		Status  string `json:"status"`
		Version string `json:"version"`
		Block   uint64 `json:"block"`
	}{"ok", s.config.Version, cursor.Block})
	return nil
}

func (s *Server) protectedResource(c *gin.Context) error {
	c.JSON(http.StatusOK, struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
		Scopes   []string `json:"scopes_supported"`
		Methods  []string `json:"bearer_methods_supported"`
	}{s.config.URL, []string{s.config.Issuer}, []string{"order", "license"}, []string{"header"}})
	return nil
}

func (s *Server) openAPI(c *gin.Context) error {
	c.Data(http.StatusOK, "application/yaml", document)
	return nil
}

// page is the part of a list that a client asked for.
type page struct {
	after int64
	limit int
}

const defaultLimit = 50

// pageOf reads cursor and limit; their form is checked already. The cursor's first letter is the list's.
func pageOf(c *gin.Context, list string) (page, error) {
	p := page{limit: defaultLimit}
	if v := c.Query("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil {
			return p, errSchema.With("limit")
		}
		p.limit = n
	}
	if v := c.Query("cursor"); v != "" {
		raw, err := base64.RawURLEncoding.DecodeString(v)
		text, ok := strings.CutPrefix(string(raw), list)
		n, err2 := strconv.ParseInt(text, 10, 64)
		if err != nil || !ok || err2 != nil || n < 0 {
			return p, errCursor.With(v)
		}
		p.after = n
	}
	return p, nil
}

func cursorTo(list string, after int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + strconv.FormatInt(after, 10)))
}

// listOffers lists offers for sale. It reads one row more than the page, to know whether there is a next page.
func (s *Server) listOffers(c *gin.Context) error {
	p, err := pageOf(c, "o")
	if err != nil {
		return err
	}
	rows, err := s.config.Store.Offers(c.Request.Context(), p.after, p.limit+1)
	if err != nil {
		return err
	}
	answer := struct {
		Offers []json.RawMessage `json:"offers"`
		Next   string            `json:"next,omitempty"`
	}{Offers: []json.RawMessage{}}
	for i, row := range rows {
		if i == p.limit {
			answer.Next = cursorTo("o", rows[i-1].Number)
			break
		}
		answer.Offers = append(answer.Offers, row.Doc)
	}
	return sendJSON(c, http.StatusOK, answer)
}

func (s *Server) getOffer(c *gin.Context) error {
	doc, err := s.config.Store.Offer(c.Request.Context(), c.Param("offer"))
	if err != nil {
		return err
	}
	// An offer never changes. It may be withdrawn in a later version, so caches must ask again.
	return sendTagged(c, `"`+c.Param("offer")+`"`, doc)
}

func (s *Server) getDataset(c *gin.Context) error {
	version, err := strconv.Atoi(c.Param("version"))
	if err != nil {
		return errSchema.With("version")
	}
	d, err := s.config.Store.Dataset(c.Request.Context(), c.Param("dataset"), version)
	if err != nil {
		return err
	}
	return sendJSON(c, http.StatusOK, struct {
		Manifest    []byte          `json:"manifest"`
		Publication json.RawMessage `json:"publication"`
		Confirmed   []string        `json:"confirmed"`
		Final       bool            `json:"final"`
	}{d.Manifest, d.Publication, d.Confirmed, d.Final})
}

// sendJSON marshals a value whose parts are the ledger's documents.
func sendJSON(c *gin.Context, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	sendDocument(c, status, body)
	return nil
}

// sendDocument sends a document's exact bytes.
func sendDocument(c *gin.Context, status int, doc []byte) {
	c.Header("Cache-Control", "no-store")
	c.Data(status, "application/json", doc)
}

// sendTagged sends a document with its tag, or 304 where the client has it already.
func sendTagged(c *gin.Context, tag string, doc []byte) error {
	c.Header("ETag", tag)
	if c.GetHeader("If-None-Match") == tag {
		c.Status(http.StatusNotModified)
		return nil
	}
	c.Header("Cache-Control", "no-cache")
	c.Data(http.StatusOK, "application/json", doc)
	return nil
}
