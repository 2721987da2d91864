// Package ledger holds what all rules share: refusals with stable codes, the one canonical encoding of stored
// documents, the grammar of keys, ids, and amounts in satoshi.
//
// Does not know the product's documents or rules, and touches no shim, clock or file. Read refusal.go first,
// then encoding.go.
//
// Errors: every refusal is a *[Refusal]. Callers act on its Kind (repeat, show, give up) and on its Code,
// which names the rule. Compare with errors.Is against the sentinel of the rule's package; codes are
// compared.
package ledger
