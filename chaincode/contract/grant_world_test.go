package contract_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// setOf are the keys of a license's custodians.
func (s *sale) setOf(l license.License) tpmpolicy.Custodians {
	var keys tpmpolicy.Custodians
	for _, m := range l.Custodians {
		keys = append(keys, &s.grantKeys[m].PublicKey)
	}
	return keys
}

// index is the meter of a license at a handle.
func (s *sale) index(l license.License, handle uint32) (tpmpolicy.Index, tpmpolicy.MeterID) {
	s.T.Helper()
	meter := tpmpolicy.Meter(l.Machine, l.Dataset, l.Terms)
	x, err := tpmpolicy.NewIndex(handle, s.setOf(l), meter)
	if err != nil {
		s.T.Fatal(err)
	}
	return x, meter
}

// grantRequest is what the sale's machine asks for.
func (s *sale) grantRequest(l license.License, pair ...string) grant.Request {
	s.T.Helper()
	return s.grantRequestAt(l, tpmpolicy.FirstIndexHandle, pair...)
}

func (s *sale) grantRequestAt(l license.License, handle uint32, pair ...string) grant.Request {
	s.T.Helper()
	return s.keys.GrantRequest(l, s.setOf(l), pair, handle)
}

// answerOf is a custodian's honest answer to a grant.
func (s *sale) answerOf(l license.License, g grant.Grant, mspID string) grant.Answer {
	s.T.Helper()
	x, meter := s.index(l, g.Request.Index)
	write, err := x.FirstLimit(g.Limit)
	if err != nil {
		s.T.Fatal(err)
	}
	session, err := base64.StdEncoding.DecodeString(g.Nonce)
	if err != nil {
		s.T.Fatal(err)
	}
	digest, err := write.Digest(session, meter)
	if err != nil {
		s.T.Fatal(err)
	}
	der, err := ecdsa.SignASN1(rand.Reader, s.grantKeys[mspID], digest[:])
	if err != nil {
		s.T.Fatal(err)
	}
	policy, err := tpmpolicy.CounterPolicy(tpmpolicy.CounterName(), g.Counter)
	if mspID == g.Pair[0] {
		policy, err = tpmpolicy.UsePolicy(tpmpolicy.CounterName(), g.Counter, x, meter)
	}
	if err != nil {
		s.T.Fatal(err)
	}
	blob, err := tpmpolicy.Wrap(rand.Reader, make([]byte, 32), s.keys.SRK(), policy)
	if err != nil {
		s.T.Fatal(err)
	}
	return grant.Answer{
		License: l.ID, Number: g.Number, MSP: mspID, Signature: b64(der),
		Public: b64(blob.Public), Duplicate: b64(blob.Duplicate), Seed: b64(blob.Seed),
	}
}

// receipt is an attestation of the meter's count.
func (s *sale) receipt(l license.License, handle uint32, count, limit uint32, job string) grant.ReceiptRequest {
	s.T.Helper()
	x, _ := s.index(l, handle)
	extra := tpmpolicy.ReceiptDigest(l.ID, job)
	contents := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, count), limit)
	return grant.ReceiptRequest{
		License: l.ID, Job: job,
		Attestation: s.keys.CertifyIndex(x.Name(true), extra[:], contents),
	}
}

// buy places, pays and settles an order.
func (s *sale) buy(key string) license.License {
	s.T.Helper()
	o := s.place(key)
	b := s.confirm(s.miner, outputs(o.Script, int64(o.Price)))
	r := decodeAs[order.SettleResult](s.world, s.Must(s.oracles[operator], "orders:Settle", s.settlement(o, b, 1)))
	return read[license.License](s.world, s.buyer, "licenses:Get", r.Licenses[0])
}

func (s *sale) grant(r grant.Request) grant.Grant {
	s.T.Helper()
	return decodeAs[grant.Grant](s.world, s.Must(s.buyer, "licenses:RecordGrant", doc(r)))
}

func job(n int) string { return ledger.Hash("job", nonce(n)) }
