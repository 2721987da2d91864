// Package agent is a machine's side of the market: it enrolls the machine's TPM, buys licenses, keeps them, and uses them
// offline.
//
// It refuses to hold a share, a content key or plaintext (package runtime does, in a process of its own), to pay a script
// that it did not derive itself, and to keep anything that it did not verify under its own trust bundle.
//
// Read [Agent.Buy] and [Agent.Use] first: each is the list of its steps. What must survive a crash lies in the state
// folder ([Store]); a purchase goes on at the step its journal names, whenever it is killed.
//
// Errors: each no is a [ledger.Refusal] with the code of the check that refused: signed.*, license.*, order.* from the
// verifier, tpm.* with the TPM's response code, the ledger's own codes as the gateway passes them on, machine.* for the
// agent itself. Kind Unavailable means: the same again later may pass.
package agent
