package signed

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
)

// The verdicts against a file, in the order in which they are reached (chaincode/signed/docs/signed.md).
var (
	ErrMalformed = ledger.Refuse(ledger.Invalid, "signed.malformed", "the file is not in the one strict form that signed files have")
	ErrProposal  = ledger.Refuse(ledger.Forbidden, "signed.proposal", "the question in the file is not the one that was answered")
	ErrChannel   = ledger.Refuse(ledger.Forbidden, "signed.channel", "the answer comes from another channel")
	ErrChaincode = ledger.Refuse(ledger.Forbidden, "signed.chaincode", "the answer comes from another chaincode")
	ErrStatus    = ledger.Refuse(ledger.Forbidden, "signed.status", "the answer is not a success")
	ErrWrites    = ledger.Refuse(ledger.Forbidden, "signed.writes", "the answer belongs to a transaction that would write")
	ErrFunction  = ledger.Refuse(ledger.Forbidden, "signed.function", "the answer is to another question than the one expected")
	ErrAnswer    = ledger.Refuse(ledger.Forbidden, "signed.answer", "the answer does not repeat its own question truly")
	ErrPolicy    = ledger.Refuse(ledger.Expired, "signed.policy", "the answer was made under another trust bundle")
	ErrSignature = ledger.Refuse(ledger.Forbidden, "signed.signature", "an endorsement's signature does not fit")
	ErrChain     = ledger.Refuse(ledger.Forbidden, "signed.chain", "an endorser's certificate is not good under the trust bundle")
	ErrRole      = ledger.Refuse(ledger.Forbidden, "signed.role", "an endorser is not a peer")
	ErrQuorum    = ledger.Refuse(ledger.Forbidden, "signed.quorum", "too few partners signed")
	ErrCustodian = ledger.Refuse(ledger.Forbidden, "signed.custodian", "none of the dataset's custodians signed")
	ErrNonce     = ledger.Refuse(ledger.Forbidden, "signed.nonce", "the answer is to another nonce")
)

// The verdicts against a license or an order whose signatures are good.
var (
	ErrMachine    = ledger.Refuse(ledger.Forbidden, "license.machine", "the license belongs to another machine")
	ErrManifest   = ledger.Refuse(ledger.Forbidden, "license.manifest", "the manifest is not the one that was licensed")
	ErrState      = ledger.Refuse(ledger.Forbidden, "license.state", "the license is not active")
	ErrLease      = ledger.Refuse(ledger.Expired, "license.lease", "the lease of the signed license has ended")
	ErrDescriptor = ledger.Refuse(ledger.Forbidden, "order.descriptor", "the order names another treasury descriptor than the trust bundle")
	ErrScript     = ledger.Refuse(ledger.Forbidden, "order.script", "the order's payment script is not the one that its numbers give")
)

// The verdicts against a trust bundle.
var (
	ErrBundle          = ledger.Refuse(ledger.Invalid, "bundle.malformed", "the trust bundle is not well formed")
	ErrBundleConfig    = ledger.Refuse(ledger.Invalid, "bundle.invalid", "the trust bundle differs from the configuration in force")
	ErrBundleSequence  = ledger.Refuse(ledger.Conflict, "bundle.sequence", "the trust bundle's sequence number is not the newest one plus one, or not 0 for the first")
	ErrBundlePrevious  = ledger.Refuse(ledger.Forbidden, "bundle.previous", "the trust bundle does not follow the one in force")
	ErrBundleSignature = ledger.Refuse(ledger.Forbidden, "bundle.signature", "a bundle key's signature does not fit")
	ErrBundleQuorum    = ledger.Refuse(ledger.Forbidden, "bundle.quorum", "too few bundle keys signed")
)
