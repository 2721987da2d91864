package ledger

// Events. Each writing transaction sets exactly one; its payload is the document named here as canonical
// JSON.
const (
	EventConfigProposed   = "config.proposed"    // consortium.Proposed
	EventConfigApproved   = "config.approved"    // consortium.Approved
	EventClockTicked      = "clock.ticked"       // consortium.Clock
	EventPartyRegistered  = "party.registered"   // party.Party
	EventRecipientSet     = "recipient.set"      // consortium.Recipient
	EventBundlePut        = "bundle.put"         // consortium.SignedBundle
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
