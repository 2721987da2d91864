// Package payment turns the treasury's public descriptor into the script, address and payment request of an
// order, and finds what a transaction paid to a script. Chaincode, machine, gateway and oracle all use it, so
// that everybody can derive a payment script again (T21).
//
// Does not hold money, sign or ask a node. It rejects private keys, keys of another network, descriptors of
// another form than the treasury's, and amounts that cannot exist. Read descriptor.go first.
//
// Errors are refusals of package ledger: none of them goes away by trying again.
package payment
