// Package contract holds the transaction functions of the ledger: each loads documents, calls a pure rule, stores
// and emits one event. Start reading at orders.go, where an order is placed and settled.
//
// It refuses to judge by itself, to open a file, a socket or a random source, and to write anything that a clock
// told it: the clock it is given only ever refuses (T7).
//
// Errors leave as one JSON line, see ledger.ParseRefusal.
package contract
