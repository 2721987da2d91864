// Package spv is a Bitcoin light client made of values: it accepts block headers in constant time from their
// parent's [Record] alone, counts depth in work, proves that a transaction is in a block, and keeps the chain of
// most work through a small [Store].
//
// It refuses to read a clock, a network or a disk, to believe a proof that Bitcoin's Merkle tree could be
// tricked into (CVE-2012-2459, CVE-2017-12842), and to count blocks where only work counts.
//
// Errors are refusals of package ledger, compared with errors.Is: [ErrUnknownParent] asks for earlier headers,
// [ErrNotStarted] for a checkpoint, [ErrAlarm] for an operator; every other one means that the bytes are wrong
// and will stay wrong. Start reading at [Accept], then [Submit] and [Prove].
package spv
