// Package consortium holds the rules about the consortium's own state: its configuration, clock, epoch and the
// recipients of content keys.
//
// It refuses to know about sales; who may call what is package party's.
package consortium
