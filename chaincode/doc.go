// Package chaincode is the map of the ledger's own words and rules; it holds no code. Read contract/orders.go first:
// how an order is placed and settled.
//
// It refuses to be imported for anything, and nothing below it imports gateway, machine or network.
//
// # The words
//
// One word per thing, everywhere in the project.
//
// technology: a kind of data with a JSON Schema profile (beverage, laser-cutting, additive-manufacturing, ...).
//
// dataset: one item of technology data, versioned, sealed.
//
// offer: the terms under which a dataset can be licensed.
//
// order: a buyer's wish for one or more offers, for one machine.
//
// output: a Bitcoin transaction output credited to an order.
//
// license: the right of one machine to use one dataset under terms.
//
// signed license: the license as k partners' peers signed it; what the machine checks offline.
//
// use: one production run.
//
// meter: what counts uses in the TPM.
//
// receipt: the TPM-attested statement of the count.
//
// split: division of an amount among payees.
//
// accrual: what a payee is owed.
//
// payout: a Bitcoin transaction that pays accruals.
//
// share: half of a content key (runtime share, license share; the license share itself is split between custodians).
//
// grant: the license share wrapped for one TPM together with the meter's limit.
//
// custodian: a partner's service that makes grants.
//
// licensor: any party that sells (the consortium organization that hosts them is the licensors' partner).
//
// clock, epoch: the ledger's own time, fine and coarse.
//
// partner: a consortium organization.
//
// party: somebody who acts on the ledger, at home with one partner.
//
// trust bundle: all a machine needs to check signed licenses offline.
//
// assurance: tpm, vtpm or software: how far a machine's keys can be believed.
package chaincode
