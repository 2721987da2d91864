// Package wallet is a machine's own small Bitcoin wallet: BIP-84 addresses from one seed in a file, payments
// to an order's script, and a journal that allows one payment an order.
//
// Does not sign a second, different payment for an order, does not send a payment before it is in the
// journal, and pays no fee above the cap. Does not check the script: the caller MUST have derived it itself
// (T21).
//
// Read pay.go first. Errors: [ErrFunds] (send more coins), [ErrFee] (wait for lower fees), [ErrNode] (call
// Pay again: it sends the same payment), [ErrOtherPayment] and [ErrAmount] (final), [ErrBusy] (another
// process has the wallet open), [host.ErrExposed] (others can read the seed's file).
package wallet
