// Package licensor is what a licensor does at home: check technology data against its profile, fetch the recipients' keys
// and verify who signed them, seal, sign the manifest, publish, upload, wait for the custodians, offer.
//
// It refuses to take a key from anybody's word: recipients count only as peers of enough partners of the licensor's own
// trust bundle signed them (T3). It never sends plaintext or a content key anywhere.
//
// Read seal.go, then publish.go. Refusals: [ErrProfile] the data breaks its profile (Saw says the line); [ErrRecipients]
// no key for a custodian or runtime that was asked for; [ErrFolder] the folder is not a sealed dataset, or was changed;
// [ErrIdentity] the identity is not a licensor's; [ErrNotConfirmed] custodians have not confirmed in time: wait longer,
// the steps before are done; and those of packages signed, sealed and of the ledger.
package licensor

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of the licensor's steps.
var (
	ErrProfile      = ledger.Refuse(ledger.Invalid, "publish.profile", "the data does not fit its profile")
	ErrRecipients   = ledger.Refuse(ledger.NotFound, "publish.recipients", "the signed recipients hold no key for this")
	ErrFolder       = ledger.Refuse(ledger.Invalid, "publish.folder", "the folder does not hold a sealed dataset as it was written")
	ErrIdentity     = ledger.Refuse(ledger.Forbidden, "publish.identity", "the identity is not one of a licensor")
	ErrNotConfirmed = ledger.Refuse(ledger.Unavailable, "publish.not_confirmed", "not all custodians have confirmed in time; run the command again to go on waiting")
	ErrGateway      = ledger.Refuse(ledger.Unavailable, "publish.gateway", "the gateway did not do what its contract says")
)
