package state

import (
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// SignedBundle loads a trust bundle with its signatures by its sequence number in decimal, "" for the newest.
func (t *Transaction) SignedBundle(sequence string) (consortium.SignedBundle, error) {
	if sequence == "" {
		newest, err := t.text(consortium.NewestBundleKey())
		if err != nil {
			return consortium.SignedBundle{}, err
		}
		if newest == "" {
			return consortium.SignedBundle{}, consortium.ErrNoBundle
		}
		sequence = newest
	}
	n, err := ledger.ParseDecimal(sequence)
	if err != nil {
		return consortium.SignedBundle{}, err
	}
	return load[consortium.SignedBundle](t, consortium.BundleKey(n), consortium.ErrNoBundle)
}

// NewestBundle loads the newest trust bundle.
func (t *Transaction) NewestBundle() (*signed.Bundle, error) {
	s, err := t.SignedBundle("")
	if err != nil {
		return nil, err
	}
	return signed.ReadBundle(s)
}

// CreateBundle stores a trust bundle as the newest one.
func (t *Transaction) CreateBundle(sequence int64, s consortium.SignedBundle) error {
	if err := t.create(consortium.BundleKey(sequence), s, signed.ErrBundleSequence); err != nil {
		return err
	}
	return t.putText(consortium.NewestBundleKey(), strconv.FormatInt(sequence, 10))
}
