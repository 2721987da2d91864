package state

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/license"
)

// License loads a license.
func (t *Transaction) License(id string) (license.License, error) {
	if err := ledger.CheckID(id); err != nil {
		return license.License{}, err
	}
	return load[license.License](t, license.Key(id), license.ErrUnknown)
}

// LicensesOf lists the licenses that a machine has, by id.
func (t *Transaction) LicensesOf(machine string) ([]license.License, error) {
	keys, err := t.keys(license.HeldFamily, machine)
	if err != nil {
		return nil, err
	}
	licenses := []license.License{}
	for _, key := range keys {
		id, err := license.ParseHeldKey(key)
		if err != nil {
			return nil, err
		}
		l, err := t.License(id)
		if err != nil {
			return nil, err
		}
		licenses = append(licenses, l)
	}
	return licenses, nil
}
