// Package client calls the ledger as one identity: it submits, evaluates, collects signed answers, and
// follows events and blocks. It keeps connections to several peers, chooses who endorses, and repeats a call
// where that can help and do no harm. A failed submit is looked up by its transaction id first, since Fabric
// v3.1.1 with BFT ordering reports failures of transactions that commit (measured: up to 7 % under load). A
// refusal counts only from peers that have the last block that the process saw (T34).
//
// Does not check answers: package signed does, offline. Does not write files, and puts no secret into an
// error or a log line.
//
// Read submit.go first, then call.go: what happens after a failure. Errors that callers act on:
//
//   - *ledger.Refusal (errors.As): the ledger refused; its Kind says what to do. A refusal of kind Unavailable was
//     repeated at other peers before. [ErrNoQuorum] is one: too few partners sign, or none of a custodian set.
//
// - [ErrOutcome], *[OutcomeError]: it is not known whether the transaction committed. Ask [Client.Status] for
// its id
//
//	  before sending it anew.
//	- *[CommitError]: the transaction is in a block and invalid, also after the repetitions that its flag allows.
//	- [ErrBehind], *[BehindError]: a peer refused without the last block and did not receive it in time. Call again.
//	- [ErrMismatch]: endorsers returned different results each time, as others write what the call reads. Call again.
//	- [ErrUnreachable]: no peer could be reached. Nothing was submitted.
//	- [ErrConnection], [ErrIdentity]: the connection file or the identity's folder can't be used. Mend it.
package client
