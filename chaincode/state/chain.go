package state

import (
	"encoding/base64"
	"fmt"

	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/guildmark/guildmark/chaincode/spv"
)

// Chain keeps the documents of package spv on the ledger; it implements spv.AttestStore and spv.FinalStore.
type Chain struct{ t *Transaction }

// Chain gives the Bitcoin chain that the ledger follows.
func (t *Transaction) Chain() Chain { return Chain{t} }

// Tip is the end of the chain of most work.
func (c Chain) Tip() (spv.Tip, bool, error) { return find[spv.Tip](c.t, spv.TipKey()) }

// PutTip stores it.
func (c Chain) PutTip(tip spv.Tip) error { return c.t.put(spv.TipKey(), tip) }

// Header is what the ledger keeps of a block's header.
func (c Chain) Header(hash chainhash.Hash) (spv.Record, bool, error) {
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

// PutHeader stores it.
func (c Chain) PutHeader(r spv.Record) error {
	return c.t.putText(spv.HeaderKey(r.Hash.String()), base64.StdEncoding.EncodeToString(r.Encode()))
}

// HashAt is the block of the chain of most work at a height.
func (c Chain) HashAt(h spv.Height) (chainhash.Hash, bool, error) { return c.hash(spv.ActiveKey(h)) }

// PutHashAt stores it.
func (c Chain) PutHashAt(h spv.Height, hash chainhash.Hash) error {
	return c.t.putText(spv.ActiveKey(h), hash.String())
}

// DeleteHashAt removes it, where a chain of more work is shorter.
func (c Chain) DeleteHashAt(h spv.Height) error { return c.t.delete(spv.ActiveKey(h)) }

// FinalAt is the final block at a height.
func (c Chain) FinalAt(h spv.Height) (chainhash.Hash, bool, error) { return c.hash(spv.FinalKey(h)) }

// PutFinalAt stores it.
func (c Chain) PutFinalAt(h spv.Height, hash chainhash.Hash) error {
	return c.t.putText(spv.FinalKey(h), hash.String())
}

// DeleteFinalAt removes it, where a deep reorganization took a final block back.
func (c Chain) DeleteFinalAt(h spv.Height) error { return c.t.delete(spv.FinalKey(h)) }

// Alarm is present where a final block was contradicted.
func (c Chain) Alarm() (spv.Alarm, bool, error) { return find[spv.Alarm](c.t, spv.AlarmKey()) }

// PutAlarm stores it.
func (c Chain) PutAlarm(a spv.Alarm) error { return c.t.put(spv.AlarmKey(), a) }

// Attestation is the block that a partner's own node has at a height.
func (c Chain) Attestation(h spv.Height, partner string) (chainhash.Hash, bool, error) {
	return c.hash(spv.AttestationKey(h, partner))
}

// PutAttestation stores it.
func (c Chain) PutAttestation(h spv.Height, partner string, hash chainhash.Hash) error {
	return c.t.putText(spv.AttestationKey(h, partner), hash.String())
}

func (c Chain) hash(key string) (chainhash.Hash, bool, error) {
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
