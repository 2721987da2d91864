package contract_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

// TestAttackCustodianCopiesGrantKey: a custodian that announces another's public key as its own would leave
// every dataset of both without a meter, and every paid license without a grant.
func TestAttackCustodianCopiesGrantKey(t *testing.T) {
	s := newSale(newWorld(t))
	l := s.buy("k")
	r := s.custodianRecipient(operator)
	r.Version, r.GrantKey = 2, s.custodianRecipient(licensors).GrantKey
	s.Refused(consortium.ErrGrantKey, s.custodians[operator], "governance:SetRecipient", doc(r))
	s.grant(s.grantRequest(l, licensors, manufacturer))

	s.grantKeys[operator] = replaytest.NewKey(t) // a key of its own is welcome
	r.GrantKey = s.custodianRecipient(operator).GrantKey
	s.Must(s.custodians[operator], "governance:SetRecipient", doc(r))
}

// TestAttackBloatedRecipient: every grant reads all recipients and sealers take their signed list whole.
func TestAttackBloatedRecipient(t *testing.T) {
	w := newWorld(t)
	r := w.custodianRecipient(operator)
	r.Version = 2
	r.HPKE = strings.Repeat("A", 1<<19)
	w.Refused(consortium.ErrRecipient, w.custodians[operator], "governance:SetRecipient", doc(r))
	r.HPKE = b64(make([]byte, 1216))
	w.Must(w.custodians[operator], "governance:SetRecipient", doc(r))
}

// TestAttackFloodOfRecipients: all recipients are signed as one document; one partner's lines must not
// outgrow it, or no dataset could be sealed and no grant be answered.
func TestAttackFloodOfRecipients(t *testing.T) {
	w := newWorld(t)
	line := func(n, version int) string {
		name := "line" + strconv.Itoa(n)
		return doc(consortium.Recipient{
			Format: consortium.RecipientFormat, ID: consortium.RuntimeID(manufacturer, name, "tpm"),
			Role: consortium.RuntimeRecipient,
			MSP:  manufacturer, Party: w.registrar.Party, Version: version, HPKE: b64(make([]byte, 1500)),
			Line: name, Assurance: "tpm",
		})
	}
	for n := range consortium.MaxRecipients - 1 { // beside the partner's custodian
		w.Must(w.registrar, "governance:SetRecipient", line(n, 1))
	}
	w.Refused(consortium.ErrRecipients, w.registrar, "governance:SetRecipient", line(99, 1))
	w.Must(w.registrar, "governance:SetRecipient", line(0, 2)) // a line's key can still be replaced
	a := w.Simulate(w.buyer, "governance:SignRecipients", nonce(1))
	if limit := ledger.MaxDocument / len(replaytest.Partners()); !a.OK() || len(a.Payload) > limit {
		t.Errorf("a full partner's recipients take %d bytes, more than its part of %d", len(a.Payload), limit)
	}
}
