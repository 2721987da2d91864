// Package licensor is what a licensor does at home: check technology data against its profile, fetch the recipients' keys
// and verify who signed them, seal, sign the manifest, publish, upload, wait for the custodians, offer.
//
// It refuses to take a key from anybody's word: recipients count only as peers of enough partners of the licensor's own
// trust bundle signed them (T3). It never sends plaintext or a content key anywhere.
//
// Read seal.go, then publish.go. Refusals: [ErrProfile] the data breaks its profile (Saw says the line); [ErrRecipients]
// no key for a custodian or runtime that was asked for (Saw lists those that there are); [ErrFolder] the folder is not a
// sealed dataset, or was changed; [ErrIdentity] the identity is not a licensor's; [ErrParty] no identity has the name;
// [ErrRoots] the gateway's certificate is not trusted: give its roots; [ErrUnreachable] the gateway does not answer;
// [ErrNotConfirmed] custodians have not confirmed in time: wait longer, the steps before are done; and those of packages
// signed, sealed and of the ledger.
package licensor

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of the licensor's steps.
var (
	ErrProfile      = ledger.Refuse(ledger.Invalid, "publish.profile", "the data does not fit its profile")
	ErrRecipients   = ledger.Refuse(ledger.NotFound, "publish.recipients", "the signed recipients hold no key for this")
	ErrFolder       = ledger.Refuse(ledger.Invalid, "publish.folder", "the folder does not hold a sealed dataset as it was written")
	ErrIdentity     = ledger.Refuse(ledger.Forbidden, "publish.identity", "the identity is not one of a licensor")
	ErrParty        = ledger.Refuse(ledger.NotFound, "publish.party", "no identity has this name: give a name of the connection file or a party id, like LicensorsMSP.0123456789abcdef")
	ErrRoots        = ledger.Refuse(ledger.Unavailable, "publish.roots", "the gateway's certificate comes from an authority that is not trusted here: name the file with its roots")
	ErrUnreachable  = ledger.Refuse(ledger.Unavailable, "publish.unreachable", "the gateway does not answer")
	ErrNotConfirmed = ledger.Refuse(ledger.Unavailable, "publish.not_confirmed", "not all custodians have confirmed in time; run the command again to go on waiting")
	ErrGateway      = ledger.Refuse(ledger.Unavailable, "publish.gateway", "the gateway did not do what its contract says")
)
