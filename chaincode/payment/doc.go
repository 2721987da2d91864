// Package payment turns the treasury's public descriptor into the script, address and payment request of an order,
// and finds what a transaction paid to a script. Chaincode, machine, gateway and oracle all use it, so that
// everybody can derive a payment script again (T21).
//
// It refuses private keys, keys of another network, descriptors that are not exactly ours, and amounts that can't
// exist; it holds no money, signs nothing and asks no node.
//
// Errors are refusals of package ledger: none of them goes away by trying again.
package payment
