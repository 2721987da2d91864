package contract

import (
	"encoding/base64"
	"fmt"

	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/guildmark/guildmark/chaincode/spv"
)

// chain keeps package spv's documents on the ledger (spv.Store).
type chain struct{ t *Transaction }

func (c chain) Tip() (spv.Tip, bool, error) {
	var tip spv.Tip
	ok, err := c.t.get(spv.TipKey(), &tip)
	return tip, ok, err
}

func (c chain) PutTip(tip spv.Tip) error { return c.t.put(spv.TipKey(), tip) }

func (c chain) Header(hash chainhash.Hash) (spv.Record, bool, error) {
	text, err := c.t.text(spv.HeaderKey(hash.String()))
	if err != nil || text == "" {
		return spv.Record{}, false, err
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return spv.Record{}, false, fmt.Errorf("the record of %s is damaged: %w", hash, err)
	}
	r, err := spv.DecodeRecord(b)
	return r, err == nil, err
}

func (c chain) PutHeader(r spv.Record) error {
	return c.t.putText(spv.HeaderKey(r.Hash.String()), base64.StdEncoding.EncodeToString(r.Encode()))
}

func (c chain) HashAt(h spv.Height) (chainhash.Hash, bool, error) {
	return c.hash(spv.ActiveKey(h))
}

func (c chain) PutHashAt(h spv.Height, hash chainhash.Hash) error {
	return c.t.putText(spv.ActiveKey(h), hash.String())
}

func (c chain) DeleteHashAt(h spv.Height) error { return c.delete(spv.ActiveKey(h)) }

func (c chain) FinalAt(h spv.Height) (chainhash.Hash, bool, error) {
	return c.hash(spv.FinalKey(h))
}

func (c chain) PutFinalAt(h spv.Height, hash chainhash.Hash) error {
	return c.t.putText(spv.FinalKey(h), hash.String())
}

func (c chain) DeleteFinalAt(h spv.Height) error { return c.delete(spv.FinalKey(h)) }

func (c chain) Alarm() (spv.Alarm, bool, error) {
	var a spv.Alarm
	ok, err := c.t.get(spv.AlarmKey(), &a)
	return a, ok, err
}

func (c chain) PutAlarm(a spv.Alarm) error { return c.t.put(spv.AlarmKey(), a) }

func (c chain) hash(key string) (chainhash.Hash, bool, error) {
	text, err := c.t.text(key)
	if err != nil || text == "" {
		return chainhash.Hash{}, false, err
	}
	hash, err := chainhash.NewHashFromStr(text)
	if err != nil {
		return chainhash.Hash{}, false, fmt.Errorf("the hash under %s is damaged: %w", key, err)
	}
	return *hash, true, nil
}

func (c chain) delete(key string) error {
	if err := c.t.GetStub().DelState(key); err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// Attestation is what a partner said about a height (spv.AttestStore).
func (c chain) Attestation(h spv.Height, partner string) (chainhash.Hash, bool, error) {
	return c.hash(spv.AttestationKey(h, partner))
}

func (c chain) PutAttestation(h spv.Height, partner string, hash chainhash.Hash) error {
	return c.t.putText(spv.AttestationKey(h, partner), hash.String())
}
