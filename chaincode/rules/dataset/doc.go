// Package dataset holds the rules of what is sold: manifests of sealed technology data, their publication and their
// confirmation by custodians.
//
// It does not look inside the data and never sees a key.
package dataset
