// Package gateway is what buyers and licensors meet: the HTTP interface, the authorization server, the content store, the read model and the guildmark command.
// It refuses to hold a partner's key, and never imports network or machine.
//
// Read api/openapi.yaml first, then api/routes.go.
package gateway
