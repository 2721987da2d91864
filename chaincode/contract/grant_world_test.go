package contract_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math/big"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// attest signs a TPMS_ATTEST (Part 2, 10.12.12) as the machine's TPM would.
func (k *tpmKeys) attest(kind uint16, extra, body []byte) machine.Attestation {
	sized := func(to, b []byte) []byte { return append(binary.BigEndian.AppendUint16(to, uint16(len(b))), b...) }
	a := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(nil, 0xFF544347), kind)
	a = sized(sized(a, k.qualified()), extra)
	a = append(a, make([]byte, 8+4+4)...) // obfuscated clock
	a = append(append(a, 1), make([]byte, 8)...)
	a = append(a, body...)
	digest := sha256.Sum256(a)
	r, s, err := ecdsa.Sign(rand.Reader, k.ak, digest[:])
	if err != nil {
		panic(err)
	}
	sig := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, 0x0018), 0x000B)
	for _, n := range []*big.Int{r, s} {
		sig = sized(sig, n.FillBytes(make([]byte, 32)))
	}
	return machine.Attestation{Attest: b64(a), Signature: b64(sig)}
}

func certifyNV(k *tpmKeys, name tpmpolicy.Name, extra, contents []byte) machine.Attestation {
	body := append(binary.BigEndian.AppendUint16(nil, uint16(len(name))), name[:]...)
	body = binary.BigEndian.AppendUint16(body, 0)
	body = append(binary.BigEndian.AppendUint16(body, uint16(len(contents))), contents...)
	return k.attest(0x8014, extra, body)
}

func (k *tpmKeys) getTime(extra []byte) machine.Attestation {
	body := append(make([]byte, 8+8), binary.BigEndian.AppendUint32(nil, k.resets)...)
	body = append(append(append(body, make([]byte, 4)...), 1), make([]byte, 8)...)
	return k.attest(0x8019, extra, body)
}

// index is the meter of a license at a handle.
func (s *sale) index(l license.License, handle uint32) (tpmpolicy.Index, tpmpolicy.MeterID) {
	s.t.Helper()
	var keys tpmpolicy.Custodians
	for _, m := range l.Custodians {
		keys = append(keys, &s.grantKeys[m].PublicKey)
	}
	meter := tpmpolicy.Meter(l.Machine, l.Dataset, l.Terms)
	x, err := tpmpolicy.NewIndex(handle, keys, meter)
	if err != nil {
		s.t.Fatal(err)
	}
	return x, meter
}

// grantRequest is what the sale's machine asks for.
func (s *sale) grantRequest(l license.License, pair ...string) grant.Request {
	s.t.Helper()
	return s.grantRequestAt(l, tpmpolicy.FirstIndexHandle, pair...)
}

func (s *sale) grantRequestAt(l license.License, handle uint32, pair ...string) grant.Request {
	s.t.Helper()
	x, _ := s.index(l, handle)
	session := make([]byte, tpmpolicy.NonceSize)
	if _, err := rand.Read(session); err != nil {
		s.t.Fatal(err)
	}
	extra := tpmpolicy.GrantDigest(l.ID, session, x.Name(false))
	return grant.Request{
		License: l.ID, Pair: pair, Index: x.Handle, Nonce: b64(session), IndexName: x.Name(false).Hex(),
		Counter: certifyNV(s.keys, tpmpolicy.CounterName(), extra[:], binary.BigEndian.AppendUint64(nil, s.keys.counter)),
		Time:    s.keys.getTime(extra[:]),
	}
}

// answerOf is a custodian's honest answer to a grant.
func (s *sale) answerOf(l license.License, g grant.Grant, mspID string) grant.Answer {
	s.t.Helper()
	x, meter := s.index(l, g.Request.Index)
	write, err := x.FirstLimit(g.Limit)
	if err != nil {
		s.t.Fatal(err)
	}
	session, err := base64.StdEncoding.DecodeString(g.Nonce)
	if err != nil {
		s.t.Fatal(err)
	}
	digest, err := write.Digest(session, meter)
	if err != nil {
		s.t.Fatal(err)
	}
	der, err := ecdsa.SignASN1(rand.Reader, s.grantKeys[mspID], digest[:])
	if err != nil {
		s.t.Fatal(err)
	}
	policy, err := tpmpolicy.CounterPolicy(tpmpolicy.CounterName(), g.Counter)
	if mspID == g.Pair[0] {
		policy, err = tpmpolicy.UsePolicy(tpmpolicy.CounterName(), g.Counter, x, meter)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	blob, err := tpmpolicy.Wrap(rand.Reader, make([]byte, 32), s.keys.srkPublic(), policy)
	if err != nil {
		s.t.Fatal(err)
	}
	return grant.Answer{
		License: l.ID, Number: g.Number, MSP: mspID, Signature: b64(der),
		Public: b64(blob.Public), Duplicate: b64(blob.Duplicate), Seed: b64(blob.Seed),
	}
}

// receipt is an attestation of the meter's count.
func (s *sale) receipt(l license.License, handle uint32, count, limit uint32, job string) grant.ReceiptRequest {
	s.t.Helper()
	x, _ := s.index(l, handle)
	extra := tpmpolicy.ReceiptDigest(l.ID, job)
	contents := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, count), limit)
	return grant.ReceiptRequest{License: l.ID, Job: job, Attestation: certifyNV(s.keys, x.Name(true), extra[:], contents)}
}

// buy places, pays and settles an order.
func (s *sale) buy(key string) license.License {
	s.t.Helper()
	o := s.place(key)
	b := s.confirm(s.miner, outputs(o.Script, int64(o.Price)))
	r := decodeAs[order.SettleResult](s.world, s.must(s.oracles[operator], "orders:Settle", s.settlement(o, b, 1)))
	return read[license.License](s.world, s.buyer, "licenses:Get", r.Licenses[0])
}

func (s *sale) grant(r grant.Request) grant.Grant {
	s.t.Helper()
	return decodeAs[grant.Grant](s.world, s.must(s.buyer, "licenses:RecordGrant", doc(r)))
}

func job(n int) string { return ledger.Hash("job", nonce(n)) }
