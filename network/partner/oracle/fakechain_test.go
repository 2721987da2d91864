package oracle

import (
	"encoding/json"

	"github.com/btcsuite/btcd/chainhash/v2"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/spv"
)

func (b *books) hash(key string) (h chainhash.Hash, ok bool, err error) {
	v, ok := b.kv[key]
	copy(h[:], v)
	return h, ok, nil
}

func (b *books) set(key string, value []byte) error { b.kv[key] = value; return nil }

func (b *books) Tip() (t spv.Tip, ok bool, err error) {
	v, ok := b.kv["tip"]
	if ok {
		err = json.Unmarshal(v, &t)
	}
	return t, ok, err
}

func (b *books) PutTip(t spv.Tip) error { return b.set("tip", ledger.Encode(t)) }
func (b *books) Header(h chainhash.Hash) (r spv.Record, ok bool, err error) {
	v, ok := b.kv["h/"+h.String()]
	if ok {
		r, err = spv.DecodeRecord(v)
	}
	return r, ok, err
}
func (b *books) PutHeader(r spv.Record) error { return b.set("h/"+r.Hash.String(), r.Encode()) }
func (b *books) HashAt(h spv.Height) (chainhash.Hash, bool, error) {
	return b.hash("n/" + decimal(h))
}

func (b *books) PutHashAt(h spv.Height, hash chainhash.Hash) error {
	return b.set("n/"+decimal(h), hash[:])
}
func (b *books) DeleteHashAt(h spv.Height) error { delete(b.kv, "n/"+decimal(h)); return nil }
func (b *books) FinalAt(h spv.Height) (chainhash.Hash, bool, error) {
	return b.hash("f/" + decimal(h))
}

func (b *books) PutFinalAt(h spv.Height, hash chainhash.Hash) error {
	return b.set("f/"+decimal(h), hash[:])
}
func (b *books) DeleteFinalAt(h spv.Height) error { delete(b.kv, "f/"+decimal(h)); return nil }
func (b *books) Alarm() (a spv.Alarm, ok bool, err error) {
	_, ok = b.kv["alarm"]
	return a, ok, nil
}
func (b *books) PutAlarm(a spv.Alarm) error { return b.set("alarm", []byte(a.Reason)) }
func (b *books) Attestation(h spv.Height, p string) (chainhash.Hash, bool, error) {
	return b.hash("attest/" + decimal(h) + "/" + p)
}

func (b *books) PutAttestation(h spv.Height, p string, hash chainhash.Hash) error {
	return b.set("attest/"+decimal(h)+"/"+p, hash[:])
}
