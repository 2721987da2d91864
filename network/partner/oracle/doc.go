// Package oracle brings Bitcoin's chain and payments to the ledger for one partner. It relays block headers,
// attests final blocks on networks without real proof of work (T22), finds payments to every order's output
// script and submits their proofs. It reads the partner's own node with a cursor and may be killed at any
// step: the ledger's keys are create-only, so whatever is submitted twice is refused without effect.
//
// Does not decide what counts as paid: the chaincode checks every header and proof, so a faulty oracle can
// only delay settlement. On networks without real proof of work it can also sign a false attestation; that
// has no effect until k partners agree.
//
// Read oracle.go first: [Oracle.Run] repeats a round, whose steps are listed there. [Oracle.Run] returns
// [bitcoin.ErrTooDeep] when more of the chain was replaced than the cursor remembers: a person compares the
// node with others before the oracle is started again. Every other error of a round is logged and the round
// is repeated.
package oracle
