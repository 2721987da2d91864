// Package purchase buys a license: it orders, checks the order, pays, waits for the license, fetches it, and
// gets the grant that lets the machine's TPM count its uses.
//
// Does not pay a script that it did not derive from the trust bundle, an order that was not made with this
// purchase's key, or data that this machine can't use. Each step is journaled when it is done and can be
// repeated without harm, so a purchase that was interrupted at any point continues.
//
// Read buyer.go first: [Buyer.Finish] walks the list of steps. journal.go is the stored form; order.go and
// grant.go have the steps before and after the license.
//
// Errors: ErrPrice and ErrOrder (nothing was paid: allow more, or use another gateway), ErrOrderState (the
// order is over), ErrUsesLeft (use up the older license first), ErrNoPair (enroll again), ErrRestart (restart
// the machine), grant.ErrDiffers (the gateway or a partner altered the grant: use another gateway), and
// market.ErrWaiting (run the same command again).
package purchase
