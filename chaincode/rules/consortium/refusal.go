package consortium

import "github.com/guildmark/guildmark/chaincode/ledger"

// Refusals of the consortium's own rules.
var (
	ErrConfig       = ledger.Refuse(ledger.Invalid, "config.invalid", "the configuration breaks a rule")
	ErrNoConfig     = ledger.Refuse(ledger.NotFound, "config.none", "no configuration is in force yet")
	ErrVersion      = ledger.Refuse(ledger.Conflict, "config.version", "the configuration does not follow the one in force")
	ErrNotProposed  = ledger.Refuse(ledger.NotFound, "config.not_proposed", "no such configuration is proposed")
	ErrProposed     = ledger.Refuse(ledger.Conflict, "config.proposed", "exactly this configuration is proposed already")
	ErrApproved     = ledger.Refuse(ledger.Conflict, "config.approved", "the partner has approved this configuration already")
	ErrTickSkew     = ledger.Refuse(ledger.Unavailable, "clock.skew", "the proposed time is too far from the endorser's own clock")
	ErrTickBack     = ledger.Refuse(ledger.Conflict, "clock.backwards", "the proposed time is not later than the ledger's clock")
	ErrTime         = ledger.Refuse(ledger.Invalid, "clock.malformed", "the time is not a count of Unix seconds")
	ErrNoClock      = ledger.Refuse(ledger.NotFound, "clock.none", "the ledger's clock has not ticked yet")
	ErrStale        = ledger.Refuse(ledger.Unavailable, "clock.stale", "the ledger's clock is too far from the endorser's own clock")
	ErrTransaction  = ledger.Refuse(ledger.Unavailable, "clock.transaction", "the transaction's timestamp is too far from the endorser's own clock")
	ErrRecipient    = ledger.Refuse(ledger.Invalid, "recipient.invalid", "the recipient document breaks a rule")
	ErrRecipientOf  = ledger.Refuse(ledger.Forbidden, "recipient.foreign", "the recipient belongs to another party or partner")
	ErrRecipientOld = ledger.Refuse(ledger.Conflict, "recipient.version", "the recipient's version is not the next one")
	ErrSecond       = ledger.Refuse(ledger.Conflict, "recipient.second", "the partner's custodian has another recipient already")
	ErrGrantKey     = ledger.Refuse(ledger.Conflict, "recipient.grant_key", "the grant key is another custodian's already")
	ErrRecipients   = ledger.Refuse(ledger.Limit, "recipient.too_many", "the partner has as many recipients as it may")
	ErrOnlyOracles  = ledger.Refuse(ledger.Forbidden, "bitcoin.oracle_only", "where final blocks are attested, only a caller with the role oracle may bring headers")
	ErrNoRecipient  = ledger.Refuse(ledger.NotFound, "recipient.unknown", "no such recipient is registered")
)

// Refusals about trust bundles on the ledger; the rules of the bundle itself are package signed's.
var (
	ErrNoBundle = ledger.Refuse(ledger.NotFound, "bundle.none", "no such trust bundle is on the ledger")
)
