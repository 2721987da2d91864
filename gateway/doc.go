// Package gateway is the map of what buyers and licensors meet; it holds no code. Below it are the HTTP
// interface, the authorization server, the content store, the read model and the licensor's tools.
//
// Does not hold a partner's key, and imports neither network nor machine.
//
// Read api/openapi.yaml first, then api/routes.go.
package gateway
