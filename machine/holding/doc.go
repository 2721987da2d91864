// Package holding is what a machine keeps of its licenses: the files of each, the receipts of its uses, the
// trust bundle that they are verified under, and the floor of time. It fetches, verifies, counts and renews
// licenses.
//
// Does not buy (package purchase) or open sealed data (package runtime). It stores nothing that was not
// verified under the machine's own trust bundle, and a sealed body only if it has the size and hash in the
// manifest.
//
// Read holding.go first, then fetch.go for the way in and status.go for the counts.
//
// Errors: ErrUnknown (no license has this id, or more than one begins with it), ErrUses (fewer uses left than
// wanted), ErrRuntime (sealed for another product line: don't pay), ErrContent and ErrRecipients (the
// gateway's answer is not what was asked for: repeat, or use another gateway), and the verifier's signed.*
// and license.* unchanged.
package holding
