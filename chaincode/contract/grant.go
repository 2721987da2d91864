package contract

import (
	"encoding/hex"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/order"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// RecordGrant commits what custodians will sign: it recomputes meter, policy and Name of the index from the license's
// terms, and checks what the machine's TPM attests (T15).
func (c *Licenses) RecordGrant(t *Transaction, document string) (string, error) {
	return answer(c.recordGrant(t, document))
}

func (c *Licenses) recordGrant(t *Transaction, document string) (grant.Grant, error) {
	var r grant.Request
	if err := ledger.Decode([]byte(document), &r); err != nil {
		return grant.Grant{}, err
	}
	l, m, err := t.holds(r.License)
	if err != nil {
		return grant.Grant{}, err
	}
	if err := grant.CheckPair(l, r.Pair); err != nil {
		return grant.Grant{}, err
	}
	if err := undisputed(t, l.Order); err != nil {
		return grant.Grant{}, err
	}
	g, err := attested(t, r, l, m)
	if err != nil {
		return grant.Grant{}, err
	}
	history, err := grantHistory(t, g)
	if err != nil {
		return grant.Grant{}, err
	}
	g.Number, err = grant.Next(grant.Seen{
		License: g.License, IndexName: g.IndexName, Counter: g.Counter, ResetCount: g.ResetCount,
	}, history)
	if err != nil {
		return grant.Grant{}, err
	}
	if g.Epoch, err = t.epoch(); err != nil {
		return grant.Grant{}, err
	}
	if err := t.create(grant.Key(g.License, g.Number), g, grant.ErrOpen); err != nil {
		return grant.Grant{}, err
	}
	open := grant.Open{License: g.License, Number: g.Number, Counter: g.Counter}
	if err := t.put(grant.OpenKey(g.Machine), open); err != nil {
		return grant.Grant{}, err
	}
	return g, t.event(ledger.EventGrantRecorded, g)
}

func undisputed(t *Transaction, orderID string) error {
	paid, err := payments(t, orderID)
	if err != nil {
		return err
	}
	disputed, err := isDisputed(t, paid)
	if err == nil && disputed {
		err = order.ErrDisputed.With(orderID)
	}
	return err
}

// attested makes the grant from the request's attestations and the license's terms; its number is still open.
func attested(t *Transaction, r grant.Request, l license.License, m machine.Machine) (grant.Grant, error) {
	none := grant.Grant{}
	index, meter, err := indexOf(t, l, r.Index)
	if err != nil {
		return none, err
	}
	name := index.Name(false)
	if name.Hex() != r.IndexName {
		return none, grant.ErrIndexName.With(r.IndexName)
	}
	nonce, err := ledger.Base64(r.Nonce)
	if err != nil || len(nonce) != tpmpolicy.NonceSize {
		return none, grant.ErrNonce
	}
	signer, err := grant.Signer(m)
	if err != nil {
		return none, err
	}
	extra := tpmpolicy.GrantDigest(l.ID, nonce, name)
	counter, time, err := readAttestations(signer, r, m, extra[:])
	if err != nil {
		return none, err
	}
	if _, err := index.FirstLimit(l.Model.Uses); err != nil {
		return none, err
	}
	return grant.Grant{
		Format: grant.Format, License: l.ID, Machine: m.ID, Meter: hex.EncodeToString(meter[:]),
		Policy: hex.EncodeToString(index.Policy[:]), SRKName: signer.SRK().Name().Hex(), IndexName: r.IndexName,
		Nonce: r.Nonce, Counter: counter, ResetCount: time.ResetCount, Limit: l.Model.Uses, Pair: r.Pair, Request: r,
	}, nil
}

func readAttestations(s *tpmpolicy.Signer, r grant.Request, m machine.Machine, extra []byte) (uint64, tpmpolicy.Time, error) {
	name, err := tpmpolicy.ParseName(m.Counter)
	if err != nil {
		return 0, tpmpolicy.Time{}, err
	}
	certified, err := grant.Decode(r.Counter)
	if err != nil {
		return 0, tpmpolicy.Time{}, err
	}
	counter, err := s.Counter(certified, name, extra)
	if err != nil {
		return 0, tpmpolicy.Time{}, err
	}
	told, err := grant.Decode(r.Time)
	if err != nil {
		return 0, tpmpolicy.Time{}, err
	}
	time, err := s.Time(told, extra)
	return counter, time, err
}

// indexOf recomputes a license's PIN index at a handle from the custodians' grant keys of now.
func indexOf(t *Transaction, l license.License, handle uint32) (tpmpolicy.Index, tpmpolicy.MeterID, error) {
	meter := tpmpolicy.Meter(l.Machine, l.Dataset, l.Terms)
	keys, _, err := custodians(t, l.Custodians)
	if err != nil {
		return tpmpolicy.Index{}, meter, err
	}
	index, err := tpmpolicy.NewIndex(handle, keys, meter)
	return index, meter, err
}

// custodians reads the grant keys of a custodian set, in its order, and the recipients that carry them.
func custodians(t *Transaction, msps []string) (tpmpolicy.Custodians, map[string]consortium.Recipient, error) {
	found, err := custodianRecipients(t)
	if err != nil {
		return nil, nil, err
	}
	keys := make(tpmpolicy.Custodians, 0, len(msps))
	for _, msp := range msps {
		r, ok := found[msp]
		if !ok {
			return nil, nil, grant.ErrNoCustodian.With(msp)
		}
		key, err := r.SigningKey()
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, key)
	}
	return keys, found, nil
}

func custodianRecipients(t *Transaction) (map[string]consortium.Recipient, error) {
	found := map[string]consortium.Recipient{}
	err := t.each(func(_ string, value []byte) error {
		var r consortium.Recipient
		if err := ledger.DecodeCanonical(value, &r); err != nil {
			return err
		}
		if r.Role == consortium.CustodianRecipient {
			found[r.MSP] = r
		}
		return nil
	}, consortium.RecipientFamily)
	return found, err
}

// grantHistory loads the machine's newest grant, whether both custodians have answered it, and whether the license
// had a grant before.
func grantHistory(t *Transaction, g grant.Grant) (grant.History, error) {
	var h grant.History
	var open grant.Open
	var err error
	if h.Granted, err = t.has(grant.Key(g.License, 1)); err != nil {
		return h, err
	}
	known, err := t.get(grant.OpenKey(g.Machine), &open)
	if err != nil || !known {
		return h, err
	}
	h.Newest = new(grant.Grant)
	if err := t.need(grant.Key(open.License, open.Number), h.Newest, grant.ErrUnknown); err != nil {
		return h, err
	}
	answers, err := answersOf(t, h.Newest)
	h.Answered = len(answers) == len(h.Newest.Pair)
	return h, err
}

// answersOf reads each custodian's answer by its own key, so that an answer and a newer grant in one block conflict.
func answersOf(t *Transaction, g *grant.Grant) ([]grant.Answer, error) {
	answers := []grant.Answer{}
	for _, msp := range g.Pair {
		var a grant.Answer
		ok, err := t.get(grant.AnswerKey(g.License, g.Number, msp), &a)
		if err != nil {
			return nil, err
		}
		if ok {
			answers = append(answers, a)
		}
	}
	return answers, nil
}

// GetGrant reads a license's n-th grant with its answers, "" for the newest.
func (c *Licenses) GetGrant(t *Transaction, id, number string) (string, error) {
	return answer(c.getGrant(t, id, number))
}

func (c *Licenses) getGrant(t *Transaction, id, number string) (grant.View, error) {
	var v grant.View
	if err := ledger.CheckID(id); err != nil {
		return v, err
	}
	var err error
	if number == "" {
		v.Grant, err = newestGrant(t, id)
	} else {
		var n int64
		if n, err = parseNumber(number); err == nil {
			err = t.need(grant.Key(id, int(n)), &v.Grant, grant.ErrUnknown)
		}
	}
	if err != nil {
		return v, err
	}
	v.Answers, err = answersOf(t, &v.Grant)
	return v, err
}

// newestGrant walks a license's grants, of which there is rarely more than one.
func newestGrant(t *Transaction, id string) (grant.Grant, error) {
	var newest grant.Grant
	err := t.each(func(_ string, value []byte) error {
		newest = grant.Grant{}
		return ledger.DecodeCanonical(value, &newest)
	}, grant.Family, id)
	if err == nil && newest.Number == 0 {
		err = grant.ErrUnknown.With(id)
	}
	return newest, err
}
