// Package state is the ledger as one transaction sees it: who calls, the configuration in force, documents
// loaded, written and listed by their own types, the one event, and the answer that peers sign. Each document
// has a file.
//
// Does not judge: the rules do, on the values that it loads. It never reads the transaction's own writes, as
// Fabric itself. The endorser's clock only serves to reject calls; nothing that is written depends on it
// (T7). Read transaction.go first, then function.go: the form in which a contract's functions stand in the
// one table.
//
// Errors: a missing document is the refusal of its own package, such as order.ErrUnknown. An error that is no
// *ledger.Refusal means that the peer failed or that the ledger is damaged.
package state
