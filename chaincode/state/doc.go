// Package state is the ledger as one transaction sees it: the families of keys, and how documents are read and written.
//
// Does not judge: rules do, on the values that it loads. Read family.go first.
package state
