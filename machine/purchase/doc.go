// Package purchase buys licenses: order, check, pay, wait for the license, fetch it, and get the grant that lets the
// machine's TPM count its uses.
//
// Does not pay a script that it did not derive itself from the trust bundle, nor an order that this machine's own key did
// not make, nor data that the machine could never use. Each step is journaled when it is done, and done twice it does no
// harm: a purchase that was killed anywhere goes on at its step.
//
// Read [Buyer.Finish] first: it walks the list of steps. journal.go says what is stored, order.go and grant.go do the steps
// before and after the license is there.
//
// Errors: ErrPrice and ErrOrder (nothing was paid: allow more, or ask another gateway), ErrOrderState (the order is over),
// ErrUsesLeft (use the older license up first), ErrNoPair (enroll again), ErrRestart (restart the machine), grant.ErrDiffers
// (the gateway or a partner altered the grant: ask another gateway), and market.ErrWaiting (run the same command again).
package purchase
