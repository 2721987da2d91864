// Package play runs all partners of a consortium on one computer, for the demo, the tests and `make up`: it
// calls each partner's own steps, in order or at once, and copies files between the partners' homes.
//
// Does not hold a key: what a partner signs or enrolls is done by packages fabric and partner/governor, for
// one home at a time. Its courier opens no file of a home but those in public, outbox and inbox. Does not
// keep a process alive (package node does), and has no rule of the market: the first configuration's values
// are those of terms.json.
//
// Read up.go first: [Network.Up] is the list of steps that make a network, [Services] the list that makes it
// a market. [ErrState] means that the folder holds something that can't be used: start over with a fresh one.
// [ErrRunning] means that the network is up already: stop it first. [ErrChain] means that the regtest chain
// is lost or would be. [process.ErrTool], [process.ErrLate] and [fabric.ErrFabric] come from the partners'
// steps.
package play
