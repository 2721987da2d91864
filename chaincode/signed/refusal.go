package signed

import "github.com/guildmark/guildmark/chaincode/ledger"

// The verdicts against a file, in the order in which they are reached (chaincode/signed/docs/signed.md).
var (
	// ErrMalformed means that the file is not canonical JSON, or a part of it is not base64, DER or a known
	// message. Fetch it again; another writer's file is no signed file.
	ErrMalformed = ledger.Refuse(ledger.Invalid, "signed.malformed",
		"the file is not in the one strict form that signed files have")
	// ErrProposal means that question and answer in the file do not belong together. Do not use the file.
	ErrProposal = ledger.Refuse(ledger.Forbidden, "signed.proposal",
		"the proposal in the file does not hash to the proposal hash that the endorsers signed")
	// ErrChannel means that the file belongs to another consortium or network. Do not use it.
	ErrChannel = ledger.Refuse(ledger.Forbidden, "signed.channel",
		"the answer comes from another channel than the trust bundle names")
	// ErrChaincode means that another program answered. Do not use the file.
	ErrChaincode = ledger.Refuse(ledger.Forbidden, "signed.chaincode",
		"the answer comes from another chaincode than the trust bundle names")
	// ErrStatus means that the file holds an error, not an answer. Ask again.
	ErrStatus = ledger.Refuse(ledger.Forbidden, "signed.status", "the answer's status is not 200")
	// ErrWrites means that submitting the file's transaction would change the ledger; signing functions only
	// read. Do not use the file.
	ErrWrites = ledger.Refuse(ledger.Forbidden, "signed.writes", "the answer's write set is not empty")
	// ErrFunction means that the file answers another question. Ask for the right one.
	ErrFunction = ledger.Refuse(ledger.Forbidden, "signed.function",
		"the answer is to another function or about another subject than expected")
	// ErrAnswer means that the endorsers signed an answer that contradicts its own question. Do not use the
	// file.
	ErrAnswer = ledger.Refuse(ledger.Forbidden, "signed.answer",
		"the answer's channel, function, subject, nonce or tag differs from the signed proposal")
	// ErrPolicy means that bundle and file are of different age. Fetch the newer bundle (Bundle.Succeed), or
	// a fresh file.
	ErrPolicy = ledger.Refuse(ledger.Expired, "signed.policy",
		"the answer was made under another trust bundle than the verifier's")
	// ErrSignature means that the file was changed after it was signed, or the certificate is another's. Do
	// not use the file.
	ErrSignature = ledger.Refuse(ledger.Forbidden, "signed.signature",
		"an endorsement's signature does not fit its certificate")
	// ErrChain means that the endorser is not a partner's of the bundle. Do not use the file; fetch one that
	// other peers signed.
	ErrChain = ledger.Refuse(ledger.Forbidden, "signed.chain",
		"an endorser's certificate is not issued under the bundle's roots, not valid at the answer's clock, "+
			"or revoked")
	// ErrRole means that somebody else than a peer signed. Do not use the file.
	ErrRole = ledger.Refuse(ledger.Forbidden, "signed.role", "an endorser's certificate is not a peer's (OU=peer)")
	// ErrQuorum means that the file lacks signatures. Ask for one that more partners' peers endorsed.
	ErrQuorum = ledger.Refuse(ledger.Forbidden, "signed.quorum",
		"fewer different partners signed than the trust bundle demands")
	// ErrCustodian means that the partners that must answer for the dataset have not (T6). Ask for a file
	// that one of them endorsed.
	ErrCustodian = ledger.Refuse(ledger.Forbidden, "signed.custodian",
		"no custodian of the dataset's set is among the partners that signed")
	// ErrNonce means that the file is an old answer or another asker's. Ask again with a fresh nonce.
	ErrNonce = ledger.Refuse(ledger.Forbidden, "signed.nonce",
		"the answer is to another nonce than the one that was sent")
)

// The verdicts against a license or an order whose signatures are good.
var (
	// ErrMachine means that the holder is not the machine that the license names. Fetch this machine's own
	// licenses.
	ErrMachine = ledger.Refuse(ledger.Forbidden, "license.machine", "the license belongs to another machine")
	// ErrManifest means that manifest and license do not belong together. Fetch the manifest by the hash that
	// the license names.
	ErrManifest = ledger.Refuse(ledger.Forbidden, "license.manifest",
		"the manifest is not the one that was licensed, or its dataset id does not commit to licensor and custodians")
	// ErrState means that a payment of its order is disputed. Fetch the license again when the dispute is
	// over.
	ErrState = ledger.Refuse(ledger.Forbidden, "license.state", "the license is not active")
	// ErrLease means that the file is too old for the holder's floor of time. Fetch a fresh one.
	ErrLease = ledger.Refuse(ledger.Expired, "license.lease", "the lease of the signed license has ended")
	// ErrDescriptor means that order and bundle are of different age. Fetch the newer bundle, and do not pay
	// before.
	ErrDescriptor = ledger.Refuse(ledger.Forbidden, "order.descriptor",
		"the order names another version of the treasury descriptor than the trust bundle")
	// ErrScript means that paying the order would pay somebody else (T21). Do not pay.
	ErrScript = ledger.Refuse(ledger.Forbidden, "order.script",
		"the order's payment script is not the one that its shard and number give")
)

// The verdicts against a trust bundle.
var (
	// ErrBundle means that a root, a key, a list of revocation or the order of partners is wrong. Compose the
	// bundle again.
	ErrBundle = ledger.Refuse(ledger.Invalid, "bundle.malformed",
		"the trust bundle is not canonical, or a part of it could never verify anything")
	// ErrBundleConfig means that machines would trust another consortium than the partners agreed on. Compose
	// the bundle from the configuration in force.
	ErrBundleConfig = ledger.Refuse(ledger.Invalid, "bundle.invalid",
		"the trust bundle differs from the configuration in force")
	// ErrBundleSequence means that the bundle is old, or one between is missing. Fetch the bundles in order,
	// or compose the next one.
	ErrBundleSequence = ledger.Refuse(ledger.Conflict, "bundle.sequence",
		"the trust bundle's sequence number must be the newest one's plus one, or 0 for the first")
	// ErrBundlePrevious means that the bundle belongs to another history. Do not take it.
	ErrBundlePrevious = ledger.Refuse(ledger.Forbidden, "bundle.previous",
		"the trust bundle does not name the one in force as its previous one, or names another channel")
	// ErrBundleSignature means that a signature was made by another key or over other bytes. Do not take the
	// bundle.
	ErrBundleSignature = ledger.Refuse(ledger.Forbidden, "bundle.signature",
		"a signature of the trust bundle does not fit the bundle key of the partner that it names")
	// ErrBundleQuorum means that the bundle lacks partners' signatures, or counts one twice. Collect the
	// missing ones.
	ErrBundleQuorum = ledger.Refuse(ledger.Forbidden, "bundle.quorum",
		"fewer different bundle keys signed than the bundle before it demands")
)
