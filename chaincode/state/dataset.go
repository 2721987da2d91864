package state

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
)

// Version is a published version of a dataset.
type Version struct {
	Manifest    dataset.Manifest
	Raw         []byte // the manifest's exact bytes
	Publication dataset.Publication
}

// Version loads a published version; its number is in decimal.
func (t *Transaction) Version(id, number string) (Version, error) {
	n, err := ledger.ParseDecimal(number)
	if err != nil {
		return Version{}, err
	}
	if err := ledger.CheckID(id); err != nil {
		return Version{}, err
	}
	p, err := t.Publication(id, int(n))
	if err != nil {
		return Version{}, err
	}
	m, err := t.Manifest(id, int(n))
	raw := ledger.Encode(m) // stored canonically, so these are its exact bytes
	return Version{Manifest: m, Raw: raw, Publication: p}, err
}

// Manifest loads a version's manifest.
func (t *Transaction) Manifest(id string, version int) (dataset.Manifest, error) {
	return load[dataset.Manifest](t, dataset.ManifestKey(id, version), dataset.ErrUnknown)
}

// Publication loads a version's publication.
func (t *Transaction) Publication(id string, version int) (dataset.Publication, error) {
	return load[dataset.Publication](t, dataset.PublicationKey(id, version), dataset.ErrUnknown)
}

// HasVersion reports whether a version is published.
func (t *Transaction) HasVersion(id string, version int) (bool, error) {
	return t.has(dataset.PublicationKey(id, version))
}

// CreateVersion stores a version: its manifest's exact bytes and its publication.
func (t *Transaction) CreateVersion(m *dataset.Manifest, raw []byte, p dataset.Publication) error {
	if err := t.create(dataset.PublicationKey(m.Dataset, m.Version), p, dataset.ErrPublished); err != nil {
		return err
	}
	return t.putText(dataset.ManifestKey(m.Dataset, m.Version), string(raw))
}

// Confirmations lists the custodians that have confirmed a version. It reads each one's confirmation by its
// own key, so that two in one block conflict and one of them is the last.
func (t *Transaction) Confirmations(m *dataset.Manifest) ([]string, error) {
	var confirmed []string
	for _, msp := range m.Custodians {
		ok, err := t.has(dataset.ConfirmationKey(m.Dataset, m.Version, msp))
		if err != nil {
			return nil, err
		}
		if ok {
			confirmed = append(confirmed, msp)
		}
	}
	return confirmed, nil
}

// PutConfirmation stores that the caller's partner has confirmed a version.
func (t *Transaction) PutConfirmation(m *dataset.Manifest, c dataset.Confirmation) error {
	return t.put(dataset.ConfirmationKey(m.Dataset, m.Version, t.caller.MSP), c)
}

// IsFinal reports whether all custodians have confirmed a version.
func (t *Transaction) IsFinal(id string, version int) (bool, error) {
	return t.has(dataset.FinalKey(id, version))
}

// PutFinal marks that all custodians have confirmed a version.
func (t *Transaction) PutFinal(m *dataset.Manifest, f dataset.Final) error {
	return t.put(dataset.FinalKey(m.Dataset, m.Version), f)
}
