package catalogue

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/state"
)

// Publish records a dataset version's manifest, signed by the licensor.
func Publish(t *state.Transaction, r dataset.PublishRequest) (dataset.Publication, error) {
	m, raw, err := r.ReadManifest()
	if err != nil {
		return dataset.Publication{}, err
	}
	if err := r.Check(&m, raw, t.Caller(), t.CallerKey(), t.Config().Homes); err != nil {
		return dataset.Publication{}, err
	}
	before, err := t.HasVersion(m.Dataset, m.Version-1)
	if err != nil {
		return dataset.Publication{}, err
	}
	if err := m.CheckBefore(before); err != nil {
		return dataset.Publication{}, err
	}
	epoch, err := t.Epoch()
	if err != nil {
		return dataset.Publication{}, err
	}
	p := r.Publication(&m, raw, epoch)
	if err := t.CreateVersion(&m, raw, p); err != nil {
		return dataset.Publication{}, err
	}
	return p, t.Event(ledger.EventDatasetPublished, dataset.Published{Manifest: r.Manifest, Publication: p})
}

// Confirm records that the calling custodian's half opens. The last custodian's confirmation makes the
// version final (T12).
func Confirm(t *state.Transaction, id, number, envelope string) (dataset.Confirmed, error) {
	v, err := t.Version(id, number)
	if err != nil {
		return dataset.Confirmed{}, err
	}
	m, caller := &v.Manifest, t.Caller()
	confirmed, err := t.Confirmations(m)
	if err != nil {
		return dataset.Confirmed{}, err
	}
	final, err := dataset.CheckConfirmation(m, v.Publication, caller.MSP, envelope, confirmed)
	if err != nil {
		return dataset.Confirmed{}, err
	}
	epoch, err := t.Epoch()
	if err != nil {
		return dataset.Confirmed{}, err
	}
	if err := t.PutConfirmation(m, dataset.Confirmation{Party: caller.Party, Epoch: epoch}); err != nil {
		return dataset.Confirmed{}, err
	}
	if final {
		if err := t.PutFinal(m, dataset.Final{Epoch: epoch}); err != nil {
			return dataset.Confirmed{}, err
		}
	}
	result := dataset.Confirmed{Dataset: m.Dataset, Version: m.Version, MSP: caller.MSP, Final: final}
	return result, t.Event(ledger.EventDatasetConfirmed, result)
}
