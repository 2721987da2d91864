// Package oracle carries Bitcoin's facts to the ledger for one partner: it relays headers, attests blocks where
// work is free, finds payments to every order's script and proves them. It follows its own node by a cursor, so
// any number of oracles may run, be killed and come back: the ledger's keys are create-only, and whatever one of
// them repeats is refused without harm.
//
// It refuses nothing and decides nothing: the chaincode checks every header and proof itself. An oracle can be
// late, not wrong; where work is free it can also attest wrongly, alone in vain (T22).
//
// Start reading at [Oracle.Run] and its round.
package oracle
