package spv

import (
	"strconv"

	"github.com/btcsuite/btcd/chainhash/v2"
)

// FinalStore is the part of the store that proving a payment reads. The tip is not in it, so a submission
// of headers in the same block does not make the settlement's transaction invalid.
type FinalStore interface {
	Alarm() (Alarm, bool, error)
	FinalAt(h Height) (chainhash.Hash, bool, error)
	Header(hash chainhash.Hash) (Record, bool, error)
}

// ProveFinal checks that b is the final block of its height and that a transaction is in it. It reads the
// alarm, the final block and its header, none of which a normal submission of headers writes.
func ProveFinal(s FinalStore, b Block, p *Proof) (Tx, error) {
	if _, alarmed, err := s.Alarm(); err != nil || alarmed {
		return Tx{}, orRefusal(err, ErrAlarm)
	}
	hash, ok, err := s.FinalAt(b.Height)
	if err != nil || !ok {
		return Tx{}, orRefusal(err, ErrNotFinal.With("height "+strconv.FormatUint(uint64(b.Height), 10)))
	}
	if hash != b.Hash {
		return Tx{}, ErrOtherFinal.With("block " + b.Hash.String())
	}
	r, ok, err := s.Header(hash)
	if err != nil || !ok {
		return Tx{}, orRefusal(err, ErrNotFinal.With(hash.String()))
	}
	return Prove(p, &r.Merkle)
}

// Finality is what the ledger holds as final at a height, and which of the partners have attested just that.
func Finality(s AttestStore, partners []string, h Height) (FinalView, error) {
	v := FinalView{Attested: []string{}}
	final, ok, err := s.FinalAt(h)
	if err != nil {
		return v, err
	}
	if ok {
		v.Hash = final.String()
	}
	for _, p := range partners {
		said, attested, err := s.Attestation(h, p)
		if err != nil {
			return v, err
		}
		if attested && (!ok || said == final) {
			v.Attested = append(v.Attested, p)
		}
	}
	return v, nil
}
