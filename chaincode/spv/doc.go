// Package spv is a Bitcoin light client made of values: it accepts block headers in constant time from their
// parent's [Record] alone, counts depth in work, proves that a transaction is in a block, and keeps the chain
// of most work through a small [Store].
//
// Does not read a clock, a network or a disk. It rejects proofs for which Bitcoin's Merkle tree is ambiguous
// (CVE-2012-2459, CVE-2017-12842), and counts depth by work, so that blocks of minimum difficulty confirm
// nothing. Read [Accept] first, then [Submit], [Attest] and [ProveFinal].
//
// Errors are refusals of package ledger, compared with errors.Is. [ErrUnknownParent]: send earlier headers
// first. [ErrNotStarted]: an oracle calls bitcoin:Start. [ErrNotFinal] and [ErrNotDeep]: ask again when more
// blocks are known. [ErrAlarm]: an operator must decide. Every other one means that the bytes are wrong and
// will stay wrong.
package spv
