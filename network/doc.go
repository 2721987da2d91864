// Package network holds what runs a consortium: one partner's folder, programs and calls on Fabric, what acts
// for one partner on the ledger (below partner), and the play of all partners on one computer.
//
// Does not know buyers' sessions or machines' files.
//
// Read docs/layout.md first, then play/up.go: the steps that make a network, each of which names the package
// that takes it for one partner.
package network
