// Package contract composes the ledger program: the contracts, each a package below, and the one table of
// their functions. Read orders/settle.go first: how a Bitcoin payment settles an order.
//
// Does not hold a rule or a loader: a contract's function loads documents by package state, calls rules,
// stores, and sets one event. The endorser's clock is used only to reject calls whose time is out of bounds.
// It never influences what is written, so all endorsers compute the same result (T7).
//
// Errors leave as one JSON line, see ledger.ParseRefusal. [ErrUnknownFunction] and [ErrArguments] mean that
// the caller was built for another version of the ledger.
package contract
