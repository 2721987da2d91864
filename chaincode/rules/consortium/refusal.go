package consortium

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of configurations.
var (
	// ErrConfig means that a field of a configuration has a value that its rule excludes; Saw names the
	// field, the value and what is expected. Propose a configuration that keeps the rule.
	ErrConfig = ledger.Refuse(ledger.Invalid, "config.invalid",
		"a field of the configuration has a value that its rule excludes")
	// ErrNoConfig means that the ledger has no configuration in force, or none of the version asked for.
	// Governors propose and approve the first one; otherwise ask for a version that exists.
	ErrNoConfig = ledger.Refuse(ledger.NotFound, "config.none",
		"no configuration of that version is in force, or none at all yet")
	// ErrVersion means that a proposed configuration is not the successor of the one in force: its version
	// must be one more, and its field previous the hash of the one in force. Compose it again from the one in
	// force.
	ErrVersion = ledger.Refuse(ledger.Conflict, "config.version",
		"the configuration does not follow the one in force: version and previous must name it")
	// ErrNotProposed means that nobody has proposed a configuration of this hash. Propose it first, or
	// approve by its right hash.
	ErrNotProposed = ledger.Refuse(ledger.NotFound, "config.not_proposed",
		"no configuration of this hash is proposed")
	// ErrProposed means that a configuration of exactly these bytes is proposed already. Approve it by its
	// hash.
	ErrProposed = ledger.Refuse(ledger.Conflict, "config.proposed",
		"a configuration of exactly these bytes is proposed already")
	// ErrApproved means that the caller's partner has approved this configuration before. Nothing is left to
	// do for this partner.
	ErrApproved = ledger.Refuse(ledger.Conflict, "config.approved",
		"the partner has approved this configuration already")
	// ErrOnlyOracles means that a caller without the role oracle brought Bitcoin headers while final blocks
	// need attestations (T22). Leave it to the partners' oracles.
	ErrOnlyOracles = ledger.Refuse(ledger.Forbidden, "bitcoin.oracle_only",
		"where final blocks are attested, only a caller with the role oracle may bring headers")
)

// Refusals of the ledger's own time.
var (
	// ErrTickSkew means that a proposed time is further from the endorser's own clock than limits.clockSkew
	// allows. Compare the clocks of heartbeat and peer, and propose again.
	ErrTickSkew = ledger.Refuse(ledger.Unavailable, "clock.skew",
		"the proposed time is too far from the endorser's own clock")
	// ErrTickBack means that a proposed time is not after the ledger's clock. Another heartbeat was faster:
	// propose a later time at the next tick.
	ErrTickBack = ledger.Refuse(ledger.Conflict, "clock.backwards",
		"the proposed time is not later than the ledger's clock")
	// ErrTime means that the argument is not a time. Send Unix seconds in decimal digits, from 1 to the year
	// 9999.
	ErrTime = ledger.Refuse(ledger.Invalid, "clock.malformed",
		"the time is not Unix seconds in decimal digits, from 1 to 253402300799")
	// ErrNoClock means that no heartbeat has ever ticked on this channel. Start the partners' heartbeats.
	ErrNoClock = ledger.Refuse(ledger.NotFound, "clock.none", "the ledger's clock has not ticked yet")
	// ErrStale means that the ledger's clock, as this peer holds it, differs from the peer's own clock by
	// more than limits.clockAge: the peer lags, or the heartbeats stand still. Ask another partner's peer, or
	// again later.
	ErrStale = ledger.Refuse(ledger.Unavailable, "clock.stale",
		"the ledger's clock is too far from the endorser's own clock")
	// ErrTransaction means that the timestamp of the proposal differs from the peer's own clock by more than
	// limits.clockSkew. Set the caller's clock right and send a new proposal.
	ErrTransaction = ledger.Refuse(ledger.Unavailable, "clock.transaction",
		"the proposal's timestamp is too far from the endorser's own clock")
)

// Refusals of recipients.
var (
	// ErrRecipient means that a field of a recipient has a value that its rule excludes; Saw names the field
	// and what is expected. Send the document with that field corrected.
	ErrRecipient = ledger.Refuse(ledger.Invalid, "recipient.invalid",
		"a field of the recipient has a value that its rule excludes")
	// ErrRecipientOf means that role, id, MSP or party of a recipient are not those of the caller. Set
	// recipients of the own party only.
	ErrRecipientOf = ledger.Refuse(ledger.Forbidden, "recipient.foreign",
		"role, id, MSP or party of the recipient are not the caller's own")
	// ErrRecipientOld means that the version of a recipient is not one more than the recorded one. Read the
	// recorded one and send the next version.
	ErrRecipientOld = ledger.Refuse(ledger.Conflict, "recipient.version",
		"the recipient's version is not the next one")
	// ErrSecond means that the partner has a custodian's recipient under another id (Saw): datasets and
	// grants name custodians by their partner. Set the next version of that one.
	ErrSecond = ledger.Refuse(ledger.Conflict, "recipient.second",
		"the partner has a custodian's recipient of another id already")
	// ErrGrantKey means that another custodian has the same grant key. Make a key of the custodian's own.
	ErrGrantKey = ledger.Refuse(ledger.Conflict, "recipient.grant_key",
		"the grant key is another custodian's already")
	// ErrRecipients means that the partner has as many recipients as it may. Set a new version of one of them
	// instead.
	ErrRecipients = ledger.Refuse(ledger.Limit, "recipient.too_many",
		"the partner has 64 recipients already, the most that it may have")
	// ErrNoRecipient means that the ledger has no recipient of this id. Check the id, or wait until its owner
	// has set it.
	ErrNoRecipient = ledger.Refuse(ledger.NotFound, "recipient.unknown", "no recipient of this id is on the ledger")
)

// ErrNoBundle means that the ledger has no trust bundle of this sequence, or none at all yet. Governors put
// bundle 0 first; otherwise ask for a sequence that exists.
var ErrNoBundle = ledger.Refuse(ledger.NotFound, "bundle.none",
	"no trust bundle of this sequence is on the ledger, or none at all yet")
