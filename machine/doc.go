// Package machine is the machine's side: its TPM, meter, wallet, agent, the runtime that alone sees plaintext, and devices.
// It refuses to import gateway or network: it trusts its bundle, not a partner's code.
//
// Read agent/buy.go and agent/use.go first; docs/machine.md describes the command.
package machine
