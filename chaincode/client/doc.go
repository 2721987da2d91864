// Package client talks to the ledger: submit, evaluate, collect signed answers, follow events and blocks. It keeps
// connections to several peers, retries what may be retried and nothing else, and never takes a failed submit at its
// word (facts: v3.1.1 with BFT ordering reports false failures under load).
//
// It refuses to judge answers: what must be trusted is signed and checked by package signed. It keeps no state on disk
// and puts no secret into an error or a log line.
//
// Read [Client.Submit] first. Errors that callers act on:
//
//   - *ledger.Refusal (errors.As): the ledger said no; its Kind says what to do. Never retried here, except kind
//     Unavailable, which another peer may answer.
//   - [ErrOutcome], *[OutcomeError]: nobody could say whether the transaction committed. Ask [Client.Status] later with
//     its id; don't send a new one before.
//   - *[CommitError]: the transaction is in a block and invalid; after the retries that make sense.
//   - [ErrUnreachable]: no peer answered. Nothing has been submitted.
package client
