// Package activation proves that a machine's attestation key is inside a TPM of a trusted maker (TCG
// credential activation, T14): it verifies the endorsement certificate, makes a credential that only this TPM
// opens, and checks the proof. The registrar and every custodian do this for themselves.
//
// Does not rely on another partner's result, nor on the ledger's record of the machine.
//
// Read activator.go first: [Activator.Check], [Activator.Open], [Activator.Prove] are the three steps. Each
// refusal's comment says when it happens and what to do; those about certificates and keys are package
// tpmpolicy's.
package activation
