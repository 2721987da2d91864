// Package wallet is a machine's own small Bitcoin wallet: BIP-84 addresses from one seed in a file, payments to an
// order's script, a journal that makes paying an order twice impossible.
//
// It refuses to sign a second, different payment for an order, to sign before the payment is safely in its
// journal, to overpay fees, and to believe a gateway: the caller MUST have derived the script itself (T21).
//
// Errors: [ErrOtherPayment] means that the order was paid otherwise before, and stays so; [ErrFunds] asks for
// more coins; [ErrFee] for a lower rate; [ErrBusy] that another process has the wallet; [host.ErrExposed] that the
// seed's file can be read by others. After any other error, call Pay again: it goes on where it was.
package wallet
