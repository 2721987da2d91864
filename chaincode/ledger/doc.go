// Package ledger holds what every rule on the ledger shares: refusals with stable codes, the one canonical
// encoding of stored documents, amounts in satoshi, ids and keys.
//
// It refuses nothing by itself except malformed bytes; it never touches the shim, a clock or a file.
//
// Errors: every refusal is a *[Refusal]. Callers act on its Kind (retry, show, give up) and its Code (which
// rule); compare with errors.Is against the sentinel of the rule's package, which compares codes.
package ledger
