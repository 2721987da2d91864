// Package network describes, runs and watches a consortium; below partner stands what acts for one partner.
// It refuses to know about buyers' sessions or machines' files.
//
// Read docs/layout.md first, then play/up.go; services/services.go raises the product on it.
package network
