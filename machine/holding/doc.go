// Package holding is what a machine keeps of its licenses: the files of each, the receipts of its uses, the trust bundle
// that judges them, and the floor of time. It fetches a license, verifies it, counts its uses and renews it.
//
// Does not buy (package purchase) and does not open sealed data (package runtime). Nothing is kept that was not verified
// under the machine's own trust bundle, and a sealed body only if its hash is the manifest's.
//
// Read holding.go first, then fetch.go for the way in and status.go for the counts.
//
// Errors: ErrUnknown (no such license here, or more than one that begins so), ErrUses (fewer uses left), ErrRuntime (sealed
// for another product line: don't pay), ErrContent and ErrRecipients (the gateway's answer is not what was asked for: ask
// again, or another gateway), and the verifier's signed.* and license.* as they are.
package holding
