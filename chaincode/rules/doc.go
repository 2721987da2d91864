// Package rules is the map of the ledger's rules; it holds no code. Each folder below is one noun: its
// documents, its refusals and the pure functions that judge them, values in, values or refusals out. Read
// order/settle.go first.
//
// Nothing below it reads state, a clock, a file or a network: a contract loads what a rule needs and stores
// its result.
package rules
