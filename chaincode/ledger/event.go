package ledger

// Events: each writing transaction sets exactly one, with the stored document (or the structure named here) as
// canonical JSON payload.
const (
	EventConfigProposed   = "config.proposed"    // governance.Proposed
	EventConfigApproved   = "config.approved"    // governance.Approved
	EventClockTicked      = "clock.ticked"       // governance.Clock
	EventPartyRegistered  = "party.registered"   // party.Party
	EventRecipientSet     = "recipient.set"      // governance.Recipient
	EventBundlePut        = "bundle.put"         // governance.SignedBundle
	EventDatasetPublished = "dataset.published"  // dataset.Published
	EventDatasetConfirmed = "dataset.confirmed"  // dataset.Confirmed
	EventOfferMade        = "offer.made"         // offer.Offer
	EventMachine          = "machine.registered" // machine.Machine
	EventOrderPlaced      = "order.placed"       // order.Order
	EventOrderSettled     = "order.settled"      // order.Settled
	EventPaymentCredited  = "payment.credited"   // order.Credited
	EventHeaders          = "bitcoin.headers"    // spv.Headers
	EventAttested         = "bitcoin.attested"   // spv.Attested
	EventGrantRecorded    = "grant.recorded"     // grant.Grant
	EventGrantAnswered    = "grant.answered"     // grant.Answer
	EventReceipt          = "receipt.recorded"   // grant.Receipt
)
