// Package agent is one machine's side of the market: it enrolls the machine's TPM, buys licenses, uses them
// without a network, and delivers the receipts. It composes the packages below it.
//
// Does not hold a share, a content key or plaintext; package runtime does, in a process of its own. Does not
// pay a script that the machine did not derive itself, and keeps nothing that was not verified under its own
// trust bundle.
//
// Read buy.go and use.go first: [Agent.Buy] and [Agent.Use] are the lists of their steps. Everything that
// must survive a crash lies in the state folder; an interrupted purchase continues at the step that its
// journal names.
//
// Errors: every rejection is a *ledger.Refusal whose Code names the failed check: signed.*, license.* and
// order.* from the verifier, tpm.* with the TPM's response code, machine.* and device.* of the machine, and
// the ledger's own codes as the gateway returns them. Kind Unavailable means that the same call can succeed
// later.
package agent
