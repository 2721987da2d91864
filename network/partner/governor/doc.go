// Package governor acts for one partner where the partners decide together: it keeps the partner's bundle key
// and treasury seed, composes the first configuration from the partners' cards and the values they agreed on,
// approves it, registers the partner's parties, and drafts, signs and submits trust bundles (T1, T9).
//
// Does not hold a number of the configuration: all of them come from [Terms]. Does not open another partner's
// file or key: what it needs of the others is in their public cards.
//
// Read governor.go first, then partner.go. [ErrTerms] means that the file of terms can't make a
// configuration: mend the file. [ErrCard] means that a partner's card is missing or unusable: ask that
// partner for a new one. [ErrDraft] means that another trust bundle was drafted than this partner makes:
// don't sign, ask the drafter. Every other error is the ledger's refusal, a key file's ([host.ErrExposed],
// [keyfile.ErrForm]) or the network's.
package governor
