// Package bitcoin is the contract of the chain that pays: headers, final blocks and attestations, as the
// ledger's own light client judges them.
//
// Does not judge: package spv does.
package bitcoin

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Functions are the contract's rows of the one table.
func Functions() []state.Function {
	return []state.Function{
		{Name: "bitcoin:Start", Call: state.None(Start), Roles: []string{party.Oracle}, Writes: true},
		{
			Name: "bitcoin:SubmitHeaders", Call: state.Document(SubmitHeaders),
			Roles: []string{party.Oracle, party.Buyer}, Writes: true,
		},
		{Name: "bitcoin:Attest", Call: state.Two(Attest), Roles: []string{party.Oracle}, Writes: true},
		{Name: "bitcoin:Tip", Call: state.None(Tip)},
		{Name: "bitcoin:Header", Call: state.One(Header)},
		{Name: "bitcoin:Final", Call: state.One(Final)},
		{Name: "bitcoin:Locate", Call: state.One(Locate)},
	}
}

// rulesOf are the governed network's.
func rulesOf(t *state.Transaction) (spv.Rules, error) {
	b := t.Config().Bitcoin
	return spv.RulesFor(b.Network, b.FinalDepth, b.Attestations)
}

// Start writes the configuration's trusted start.
func Start(t *state.Transaction) (spv.Submitted, error) {
	rules, err := rulesOf(t)
	if err != nil {
		return spv.Submitted{}, err
	}
	start, err := spv.ParseRecord(t.Config().Bitcoin.Checkpoint)
	if err != nil {
		return spv.Submitted{}, err
	}
	if err := spv.Start(t.Chain(), &rules, start); err != nil {
		return spv.Submitted{}, err
	}
	event := spv.Change{Tip: spv.Tip{Height: start.Height, Hash: start.Hash}}.View()
	return event.Submitted(), t.Event(ledger.EventHeaders, event)
}

// SubmitHeaders takes 1 to 500 headers in hex, oldest first.
func SubmitHeaders(t *state.Transaction, list []string) (spv.Submitted, error) {
	headers, err := spv.ParseHeaders(list)
	if err != nil {
		return spv.Submitted{}, err
	}
	rules, err := rulesOf(t)
	if err != nil {
		return spv.Submitted{}, err
	}
	if err := t.Config().CheckHeaderSource(t.Caller().Role); err != nil {
		return spv.Submitted{}, err
	}
	stamp, err := t.Stamp()
	if err != nil {
		return spv.Submitted{}, err
	}
	change, err := spv.Submit(t.Chain(), &rules, headers, stamp)
	if err != nil {
		return spv.Submitted{}, err
	}
	if err := change.CheckNew(); err != nil {
		return spv.Submitted{}, err
	}
	event := change.View()
	return event.Submitted(), t.Event(ledger.EventHeaders, event)
}

// Attest records that the calling partner's own node has this block on its chain of most work, deep enough
// (T22).
func Attest(t *state.Transaction, height, hash string) (spv.Attested, error) {
	block, err := spv.ParseBlock(height, hash)
	if err != nil {
		return spv.Attested{}, err
	}
	rules, err := rulesOf(t)
	if err != nil {
		return spv.Attested{}, err
	}
	msp := t.Caller().MSP
	change, err := spv.Attest(t.Chain(), &rules, t.Config().Homes(party.Oracle), msp, block)
	if err != nil {
		return spv.Attested{}, err
	}
	result := change.Attested(block, msp)
	return result, t.Event(ledger.EventAttested, result)
}

// Tip reads the end of the chain of most work.
func Tip(t *state.Transaction) (spv.TipView, error) {
	r, err := spv.TipRecord(t.Chain())
	return r.TipView(), err
}

// Header reads what the ledger knows of a block.
func Header(t *state.Transaction, hash string) (spv.HeaderView, error) {
	parsed, err := spv.ParseHash(hash)
	if err != nil {
		return spv.HeaderView{}, err
	}
	r, active, err := spv.HeaderAt(t.Chain(), parsed)
	if err != nil {
		return spv.HeaderView{}, err
	}
	tip, err := spv.TipRecord(t.Chain())
	return r.View(active, &tip), err
}

// Final reads the final block of a height, and which partners have attested it.
func Final(t *state.Transaction, height string) (spv.FinalView, error) {
	h, err := spv.ParseHeight(height)
	if err != nil {
		return spv.FinalView{}, err
	}
	return spv.Finality(t.Chain(), t.Config().Homes(party.Oracle), h)
}

// Locate reads the hash of the block at a height on the chain of most work.
func Locate(t *state.Transaction, height string) (string, error) {
	h, err := spv.ParseHeight(height)
	if err != nil {
		return "", err
	}
	hash, ok, err := t.Chain().HashAt(h)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", spv.ErrUnknownBlock.With(height)
	}
	return hash.String(), nil
}
