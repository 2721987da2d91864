// Package services raises the product's own processes on a running network: it lets three governors approve the first
// configuration, registers parties, signs the first trust bundle, and starts heartbeats, oracles, custodians, the
// registrar, the authorization server and the gateway, each with its own identity, configuration and secrets.
//
// It refuses to hold two partners' secrets in one file; every secret it makes is 0600 in the folder of the partner
// that owns it. In a real consortium each partner runs its part of this by hand; here one command plays all four.
//
// Read services.go first: Up is the list of steps.
package services
