// Package licensor is what a licensor does at home: check technology data against its profile, fetch the
// recipients' keys and verify who signed them, seal, sign the manifest, publish, upload, wait for the
// custodians, offer.
//
// Does not send plaintext or a content key anywhere. It refuses recipients' keys that peers of enough partners of the
// licensor's own trust bundle have not signed (T3).
//
// Read seal.go, then publish.go. Errors: those below, and the refusals of packages sealed, signed and of the
// ledger. Kind Unavailable means that the same step may pass later; whatever was done before stays done.
package licensor

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of the licensor's steps.
var (
	// ErrProfile means that the data breaks its profile; Saw names the line and the rule. Correct the data.
	ErrProfile = ledger.Refuse(ledger.Invalid, "publish.profile",
		"the data must keep the rules of a known profile")
	// ErrRecipients means that no key is there for a custodian or a product line; Saw lists those that there are.
	// Name one of them.
	ErrRecipients = ledger.Refuse(ledger.NotFound, "publish.recipients",
		"the signed recipients have no valid key for a custodian or runtime that was asked for")
	// ErrFolder means that the folder is not a sealed dataset, was changed since, or is to be made and exists.
	// Seal into a new folder.
	ErrFolder = ledger.Refuse(ledger.Invalid, "publish.folder",
		"the folder to seal into must be new, the folder to read must hold all files of one sealed dataset")
	// ErrIdentity means that the identity has another role than licensor, or is not in the connection file. Take a
	// licensor's.
	ErrIdentity = ledger.Refuse(ledger.Forbidden, "publish.identity",
		"the identity must be a licensor's in the connection file, and for a sealed dataset its own licensor's")
	// ErrParty means that no identity of the connection file has the name, or that several have. Write one that Saw
	// shows, or a party id.
	ErrParty = ledger.Refuse(ledger.NotFound, "publish.party",
		"no identity has this name: give a name of the connection file or a party id, like "+
			"LicensorsMSP.0123456789abcdef")
	// ErrRoots means that the gateway's certificate leads to an authority that is not trusted here. Name the
	// file with its roots.
	ErrRoots = ledger.Refuse(ledger.Unavailable, "publish.roots",
		"the gateway's certificate comes from an authority that is not trusted here: name the file with its roots")
	// ErrUnreachable means that the gateway does not answer. Check its address, or try again later.
	ErrUnreachable = ledger.Refuse(ledger.Unavailable, "publish.unreachable",
		"the gateway can't be reached: check its URL, then try again")
	// ErrNotConfirmed means that custodians have not confirmed their halves in time. Publish again to go on waiting.
	ErrNotConfirmed = ledger.Refuse(ledger.Unavailable, "publish.not_confirmed",
		"not all custodians have confirmed in time; run the command again to go on waiting")
	// ErrGateway means that the gateway's answer does not have the form of its API. Ask whoever runs it.
	ErrGateway = ledger.Refuse(ledger.Unavailable, "publish.gateway",
		"the gateway's answer does not have the form of its API")
)
