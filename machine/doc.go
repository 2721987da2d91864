// Package machine holds the programs and packages of one machine: its TPM, meter, wallet and devices, the
// agent that buys and uses licenses, and the runtime, the only process that sees plaintext. It has no code of
// its own.
//
// Does not import gateway or network: a machine relies on its trust bundle, not on a server's or a partner's
// code.
//
// Read agent/buy.go and agent/use.go first; docs/machine.md describes the command.
package machine
