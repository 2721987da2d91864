// Package dataset holds the rules of what is sold: manifests of sealed technology data, their publication and
// their confirmation by custodians.
//
// Does not look inside the data and sees no key.
//
// Read manifest.go first, then publication.go and confirmation.go.
//
// Errors: every rejection is a *ledger.Refusal, found by errors.Is with the sentinels in refusal.go; their
// comments say what the caller does.
package dataset
