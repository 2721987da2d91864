// Package license holds the rules of licenses: the right of one machine to use one dataset under terms.
//
// It refuses to sign: peers do, by endorsing a read (package signed).
package license
