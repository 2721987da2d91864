package contract_test

import (
	"strings"
	"testing"

	"guildmark/chaincode/governance"
)

// TestAttackCustodianCopiesGrantKey: a custodian that announces another's public key as its own would leave every
// dataset of both without a meter, and every paid license without a grant.
func TestAttackCustodianCopiesGrantKey(t *testing.T) {
	s := newSale(newWorld(t))
	l := s.buy("k")
	r := s.custodianRecipient(operator)
	r.Version, r.GrantKey = 2, s.custodianRecipient(licensors).GrantKey
	s.refused(governance.ErrGrantKey, s.custodians[operator], "governance:SetRecipient", doc(r))
	s.grant(s.grantRequest(l, licensors, manufacturer))

	s.grantKeys[operator] = newKey(t) // a key of its own is welcome
	r.GrantKey = s.custodianRecipient(operator).GrantKey
	s.must(s.custodians[operator], "governance:SetRecipient", doc(r))
}

// TestAttackBloatedRecipient: every grant reads all recipients and sealers take their signed list whole.
func TestAttackBloatedRecipient(t *testing.T) {
	w := newWorld(t)
	r := w.custodianRecipient(operator)
	r.Version = 2
	r.HPKE = strings.Repeat("A", 1<<19)
	w.refused(governance.ErrRecipient, w.custodians[operator], "governance:SetRecipient", doc(r))
	r.HPKE = b64(make([]byte, 1216))
	w.must(w.custodians[operator], "governance:SetRecipient", doc(r))
}
