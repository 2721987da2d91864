package api

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// Bounds of requests.
const (
	smallBody   = 64 << 10         // JSON documents; the largest is an activation with an EK certificate
	quick       = 10 * time.Second // reads
	commit      = 45 * time.Second // writes: endorsement, ordering, commit, and the ledger client's retries
	contentTime = 10 * time.Minute // a body over a slow line
	maxWaiting  = 32               // uploads that wait for the ledger's announcement
)

// route is one operation of openapi.yaml. Its scope and schemas stand there; a test compares the two lists.
type route struct {
	method, path string
	limit        time.Duration
	stream       bool // the handler reads the body itself
	handle       func(*gin.Context) error
}

// routes is the list of all routes.
func (s *Server) routes() []route {
	return []route{
		{http.MethodGet, "/v1/health", quick, false, s.health},
		{http.MethodGet, "/.well-known/oauth-protected-resource", quick, false, s.protectedResource},
		{http.MethodGet, "/openapi.yaml", quick, false, s.openAPI},
		{http.MethodGet, "/v1/offers", quick, false, s.listOffers},
		{http.MethodGet, "/v1/offers/{offer}", quick, false, s.getOffer},
		{http.MethodGet, "/v1/datasets/{dataset}/versions/{version}", quick, false, s.getDataset},
		{http.MethodGet, "/v1/content/{sha256}", contentTime, false, s.getContent},
		{http.MethodPut, "/v1/content/{sha256}", contentTime, true, s.putContent},
		{http.MethodPost, "/v1/orders", commit, false, s.placeOrder},
		{http.MethodGet, "/v1/orders/{order}", quick, false, s.getOrder},
		{http.MethodPost, "/v1/orders/{order}/sign", commit, false, s.signOrder},
		{http.MethodPost, "/v1/licenses/{license}/sign", commit, false, s.signLicense},
		{http.MethodPost, "/v1/recipients/sign", commit, false, s.signRecipients},
		{http.MethodPost, "/v1/licenses/{license}/grants", commit, false, s.requestGrant},
		{http.MethodGet, "/v1/licenses/{license}/grants/{n}", quick, false, s.getGrant},
		{http.MethodPost, "/v1/licenses/{license}/receipts", commit, false, s.recordReceipt},
		{http.MethodGet, "/v1/machines/{machine}", quick, false, s.getMachine},
		{http.MethodGet, "/v1/machines/{machine}/licenses", quick, false, s.listLicenses},
		{http.MethodGet, "/v1/machines/{machine}/orders", quick, false, s.listOrders},
		{http.MethodPost, "/v1/custodians/{msp}/activations", quick, false, s.startActivation},
		{http.MethodPost, "/v1/custodians/{msp}/activations/{id}", quick, false, s.finishActivation},
	}
}
