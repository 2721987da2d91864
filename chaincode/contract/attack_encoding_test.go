package contract_test

import (
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// TestAttackSwollenBase64: line ends, which encoding/base64 passes over, must not carry a megabyte of nothing
// onto the ledger or give one document two spellings.
func TestAttackSwollenBase64(t *testing.T) {
	s := newSale(newWorld(t))
	l := s.buy("k")
	for name, swell := range map[string]func(string) string{
		"at the end": func(text string) string { return text + "\n" },
		"inside":     func(text string) string { return text[:8] + "\r\n" + text[8:] },
		"a lot":      func(text string) string { return text + strings.Repeat("\n", 1<<18) },
	} {
		t.Run(name, func(*testing.T) {
			for what, edit := range map[string]func(*grant.Request){
				"nonce":     func(r *grant.Request) { r.Nonce = swell(r.Nonce) },
				"attest":    func(r *grant.Request) { r.Counter.Attest = swell(r.Counter.Attest) },
				"signature": func(r *grant.Request) { r.Time.Signature = swell(r.Time.Signature) },
			} {
				r := s.grantRequest(l, licensors, operator)
				edit(&r)
				want := grant.ErrAttestation
				if what == "nonce" {
					want = grant.ErrNonce
				}
				s.Refused(want, s.buyer, "licenses:RecordGrant", doc(r))
			}
			p := s.publishRequest(s.world.manifest(2))
			p.Signature = swell(p.Signature)
			s.Refused(dataset.ErrSignature, s.licensor, "catalogue:Publish", doc(p))
			p = s.publishRequest(s.world.manifest(2))
			p.Manifest = swell(p.Manifest)
			s.Refused(dataset.ErrManifest, s.licensor, "catalogue:Publish", doc(p))
			m, _ := s.newMachine(8)
			m.AK = swell(m.AK)
			s.Refused(machine.ErrInvalid, s.registrar, "machines:Register", doc(m))
		})
	}
	g := s.grant(s.grantRequest(l, licensors, operator))
	a := s.answerOf(l, g, licensors)
	for _, c := range []struct {
		edit func(*grant.Answer)
		want *ledger.Refusal
	}{
		{func(a *grant.Answer) { a.Signature += "\n" }, tpmpolicy.ErrLimitSignature},
		{func(a *grant.Answer) { a.Public += "\n" }, tpmpolicy.ErrBlobMalformed},
		{func(a *grant.Answer) { a.Seed += "\r\n" }, tpmpolicy.ErrBlobMalformed},
	} {
		bad := a
		c.edit(&bad)
		s.Refused(c.want, s.custodians[licensors], "licenses:AnswerGrant", doc(bad))
	}
	s.Must(s.custodians[licensors], "licenses:AnswerGrant", doc(a))
	r := s.receipt(l, g.Request.Index, 1, 3, job(1))
	r.Attestation.Attest += "\n"
	s.Refused(grant.ErrAttestation, s.buyer, "licenses:RecordReceipt", doc(r))
}
