// Package wallet is a machine's own small Bitcoin wallet: BIP-84 addresses from one seed in a file, payments to an
// order's script, a journal that makes paying an order twice impossible.
//
// It refuses to sign a second, different payment for an order, to sign before the payment is safely in its
// journal, to overpay fees, and to believe a gateway: the caller MUST have derived the script itself (T21).
//
// Errors: [ErrFunds] asks for more coins, [ErrFee] for a lower rate; after [ErrNode] call Pay again: it goes on where it
// was. [ErrOtherPayment] and [ErrAmount] stay. [ErrBusy] means another process, [host.ErrExposed] a seed file that others
// can read.
package wallet
