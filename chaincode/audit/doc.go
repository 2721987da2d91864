// Package audit reads copied blocks of the ledger and Bitcoin headers, checks every signature, hash and flag
// in them, runs every valid transaction again through the contracts, and makes the books: uses, satoshi,
// payees.
//
// Does not ask a peer or a node while it checks: the report follows from the copied bytes and from the hash
// of the genesis block, which the auditor compares with a copy of its own. docs/audit.md lists each check,
// and what an audit does not show.
//
// Read replay.go first: [Replay] is the list of steps.
//
// A [Finding] is no error but a line of the report: what is wrong, in which block and transaction. Errors:
// [ErrFolder] means that the copy can't be read or written; [ErrHeaders] that the Bitcoin headers end too
// early, so export them again; [ErrLicense] that the copy holds no such license.
package audit
