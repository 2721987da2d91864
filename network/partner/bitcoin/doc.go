// Package bitcoin is a partner's view of its own Bitcoin node: blocks by height, a follower that survives crashes
// and reorganizations, headers in bulk, and a faucet for networks where coins are worth
// nothing.
//
// It refuses to talk to a node without its pinned certificate, to believe notifications (it polls), and to mine
// or give coins away on a network where they are worth something.
//
// Errors: [ErrNode] means that the node did not answer, so try again; [host.ErrExposed] that a file which holds a
// secret can be read by others; [ErrTooDeep] that the follower's memory ends above the fork, so start it anew
// from the trusted block; [ErrRejected] that the node refused a transaction for good.
package bitcoin
