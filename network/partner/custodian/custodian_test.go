package custodian_test

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/network/partner/partnertest"
)

const (
	lic = partnertest.Licensors
	man = partnertest.Manufacturer
	ope = partnertest.Operator
)

// The whole way: publish, confirm, activate, record, answer; then the machine's TPM opens both halves, and
// they open the body together with the runtime share.
func TestGrant(t *testing.T) {
	s := newSite(t).sell("11", lic, man, ope)
	s.activate(lic)
	s.activate(ope)
	g := s.request(lic, ope)
	s.wait("both have answered", func() bool { return s.answered(g, lic) && s.answered(g, ope) })

	x, err := tpmpolicy.NewIndex(g.Request.Index, s.grantKeys(),
		tpmpolicy.Meter(s.license.Machine, s.license.Dataset, s.license.Terms))
	if err != nil {
		t.Fatal(err)
	}
	halves := map[string]sealed.Share{}
	for i, msp := range g.Pair {
		a := s.answer(g, msp)
		b := tpmpolicy.Blob{
			Public: unbase64(t, a.Public), Duplicate: unbase64(t, a.Duplicate),
			Seed: unbase64(t, a.Seed),
		}
		want := s.policy(g, x, i)
		if _, err := tpmpolicy.CheckBlob(b, want); err != nil {
			t.Errorf("%s: %v", msp, err)
		}
		raw, err := s.tpm.Import(b)
		if err != nil {
			t.Fatalf("%s: import: %v", msp, err)
		}
		if halves[msp], err = sealed.ShareFrom(raw); err != nil {
			t.Fatal(err)
		}
		bound := sealed.Binding{Channel: partnertest.Channel, Manifest: s.sealed.Manifest}
		if err := bound.CheckHalf(msp, g.Pair, halves[msp]); err != nil {
			t.Errorf("%s: %v", msp, err)
		}
		s.checkLimit(g, x, a)
	}
	if halves[lic] == halves[ope] {
		t.Error("both custodians gave the same half")
	}
	if s.answered(g, man) {
		t.Error("a custodian outside of the pair answered")
	}
}

// policy is what a half must demand: the lower partner's burns a use.
func (s *sold) policy(g grant.Grant, x tpmpolicy.Index, place int) tpmpolicy.Digest {
	s.t.Helper()
	meter := tpmpolicy.Meter(s.license.Machine, s.license.Dataset, s.license.Terms)
	d, err := tpmpolicy.CounterPolicy(tpmpolicy.CounterName(), g.Counter)
	if place == 0 {
		d, err = tpmpolicy.UsePolicy(tpmpolicy.CounterName(), g.Counter, x, meter)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func (s *sold) answer(g grant.Grant, msp string) grant.Answer {
	s.t.Helper()
	doc, err := s.buyer.Evaluate(s.t.Context(), "licenses:GetGrant", g.License, strconv.Itoa(g.Number))
	if err != nil {
		s.t.Fatal(err)
	}
	var v grant.View
	if err := ledger.Decode([]byte(doc), &v); err != nil {
		s.t.Fatal(err)
	}
	for _, a := range v.Answers {
		if a.MSP == msp {
			return a
		}
	}
	s.t.Fatalf("no answer of %s", msp)
	return grant.Answer{}
}

// checkLimit verifies the signature that the machine's TPM will verify.
func (s *sold) checkLimit(g grant.Grant, x tpmpolicy.Index, a grant.Answer) {
	s.t.Helper()
	write, err := x.FirstLimit(3)
	if err != nil {
		s.t.Fatal(err)
	}
	digest, err := write.Digest(unbase64(s.t, g.Nonce),
		tpmpolicy.Meter(s.license.Machine, s.license.Dataset, s.license.Terms))
	if err != nil {
		s.t.Fatal(err)
	}
	var key *ecdsa.PublicKey
	for i, msp := range s.license.Custodians {
		if msp == a.MSP {
			key = s.grantKeys()[i]
		}
	}
	if err := tpmpolicy.VerifyLimit(key, digest, unbase64(s.t, a.Signature)); err != nil {
		s.t.Errorf("%s: %v", a.MSP, err)
	}
}

// T14: a custodian answers only for a machine that it activated itself, whatever the registrar and the others
// did; and answers when it has.
func TestGrantWaitsForItsOwnActivation(t *testing.T) {
	s := newSite(t).sell("12", lic, man, ope)
	s.activate(lic)
	g := s.request(lic, ope)
	s.wait("the one that activated answers", func() bool { return s.answered(g, lic) })
	calls := func() (n int) { s.nodes[ope].peer.set(func(p *peer) { n = p.calls }); return n }
	before := calls()
	eventually(t, "the other has tried more than once", func() bool { return calls() > before+10 })
	if s.answered(g, ope) {
		t.Fatal("a custodian answered for a machine that it never activated")
	}
	s.activate(ope)
	s.wait("then it answers", func() bool { return s.answered(g, ope) })
}

// An endorsing partner that holds an answer back and hands it to the machine gains no second limit: the
// custodian whose answer never committed gives no other. One whose answer committed answers a grant that is
// issued again.
func TestAttackAnswerHeldBack(t *testing.T) {
	for _, heldBack := range []bool{true, false} {
		t.Run(map[bool]string{true: "held back", false: "committed"}[heldBack], func(t *testing.T) {
			s := newSite(t).sell("15", lic, ope)
			s.activate(lic)
			n := s.nodes[lic]
			if heldBack {
				n.peer.set(func(p *peer) { p.hold = "licenses:AnswerGrant" })
			}
			g := s.request(lic, ope) // ope never activated the machine, so the grant stays open
			if heldBack {
				eventually(t, "an answer left the custodian",
					func() (left bool) { n.peer.set(func(p *peer) { left = p.held > 0 }); return left })
			} else {
				s.wait("the answer is committed", func() bool { return s.answered(g, lic) })
			}
			s.tpm.Resets++
			again := s.request(lic, ope)
			// only now: the custodian's next try of the first answer would commit
			n.peer.set(func(p *peer) { p.hold = "" })
			if !heldBack {
				s.wait("it answers the grant that was issued again", func() bool { return s.answered(again, lic) })
				return
			}
			s.refused(n, "grant-"+again.License+"-2", "custodian.released")
			if s.answered(again, lic) {
				t.Fatal("a second answer left the custodian")
			}
		})
	}
}

// With its own peer stopped, or lying, a custodian releases nothing although the others say yes.
func TestOwnPeerDecides(t *testing.T) {
	edit := func(function string, f func(*grant.View)) func(string, string) (string, error) {
		return func(called, doc string) (string, error) {
			if called != function {
				return doc, nil
			}
			var v grant.View
			if err := ledger.Decode([]byte(doc), &v); err != nil {
				return "", err
			}
			f(&v)
			return string(ledger.Encode(v)), nil
		}
	}
	replace := func(function, old, now string) func(string, string) (string, error) {
		return func(called, doc string) (string, error) {
			if called == function {
				doc = strings.ReplaceAll(doc, old, now)
			}
			return doc, nil
		}
	}
	tests := []struct {
		name string
		peer func(*sold, *peer)
		code string // in the refused folder; "" = it goes on trying
	}{
		{"stopped", func(_ *sold, p *peer) { p.stopped = true }, ""},
		{"never heard of the grant", func(_ *sold, p *peer) {
			p.lie = func(function, doc string) (string, error) {
				if function == "licenses:GetGrant" {
					return "", grant.ErrUnknown
				}
				return doc, nil
			}
		}, ""},
		{"a higher limit", func(_ *sold, p *peer) {
			p.lie = edit("licenses:GetGrant", func(v *grant.View) { v.Grant.Limit = 1000 })
		}, "custodian.record"},
		{"another counter", func(_ *sold, p *peer) {
			p.lie = edit("licenses:GetGrant", func(v *grant.View) { v.Grant.Counter-- })
		}, "custodian.record"},
		{"more uses in the license", func(_ *sold,
			p *peer,
		) {
			p.lie = replace("licenses:Get", `"uses":3`, `"uses":4`)
		}, "custodian.record"},
		{"another machine's license", func(s *sold, p *peer) {
			p.lie = replace("licenses:Get", s.tpm.MachineID(), strings.Repeat("ab", 32))
		}, ""},
		{"another storage key", func(s *sold, p *peer) {
			other := partnertest.NewTPM(s.t, s.maker)
			p.lie = replace("machines:Get", base64.StdEncoding.EncodeToString(s.tpm.SRK()),
				base64.StdEncoding.EncodeToString(other.SRK()))
		}, "custodian.record"},
		{"another attestation key", func(s *sold, p *peer) {
			other := partnertest.NewTPM(s.t, s.maker)
			p.lie = replace("machines:Get", base64.StdEncoding.EncodeToString(s.tpm.AK()),
				base64.StdEncoding.EncodeToString(other.AK()))
		}, "custodian.machine"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t).sell("13", lic, ope)
			s.activate(lic)
			s.activate(ope)
			n := s.nodes[ope]
			n.peer.set(func(p *peer) { tt.peer(s, p) })
			g := s.request(lic, ope)
			s.wait("the honest one answers", func() bool { return s.answered(g, lic) })
			if tt.code != "" {
				s.refused(n, "grant-", tt.code)
			} else {
				var before, now int
				n.peer.set(func(p *peer) { before = p.calls })
				eventually(t, "it has tried again",
					func() bool { n.peer.set(func(p *peer) { now = p.calls }); return now > before+4 })
			}
			if s.answered(g, ope) {
				t.Fatal("it answered")
			}
			if tt.code == "" {
				n.peer.set(func(p *peer) { p.stopped, p.lie = false, nil })
				s.wait("with its peer back it answers", func() bool { return s.answered(g, ope) })
			}
		})
	}
}

// refused waits for a task that was refused for good and compares its reason.
func (s *site) refused(n *node, prefix, code string) {
	s.t.Helper()
	var files []string
	eventually(s.t, "refused for good", func() bool {
		files, _ = filepath.Glob(filepath.Join(n.state, "refused", prefix+"*.json"))
		return len(files) > 0
	})
	raw, err := os.ReadFile(files[0])
	if err != nil || !bytes.Contains(raw, []byte(`"reason":"`+code)) {
		s.t.Errorf("refused: %s, %v; want reason %s", raw, err, code)
	}
}

// T12: garbage is never confirmed, so it can never be sold; T11: a lifted wrap is garbage.
func TestGarbageIsNotConfirmed(t *testing.T) {
	s := newSite(t)
	good, _ := s.seal("20", lic, ope)
	s.publish(good)
	s.wait("the good one is final", func() bool { return s.final(good) })
	tests := []struct {
		name string
		salt string
		edit func(*sealed.Sealed)
		code string
	}{
		{"lifted wraps", "21", func(x *sealed.Sealed) { x.Envelope.Wraps = good.Envelope.Wraps }, "sealed.wrap"},
		{"commitment to other bytes", "22", func(x *sealed.Sealed) {
			for i := range x.Manifest.Commitments {
				x.Manifest.Commitments[i].Hash = strings.Repeat("0", 64)
			}
		}, "sealed.commitment"},
		{
			"another dataset's envelope", "23", func(x *sealed.Sealed) { x.Envelope = good.Envelope },
			"sealed.envelope",
		},
		{"malformed envelope", "24", func(x *sealed.Sealed) { x.Envelope.Wraps = nil }, "sealed.envelope"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x, _ := s.seal(tt.salt, lic, ope)
			tt.edit(&x)
			s.publish(x)
			for _, msp := range []string{lic, ope} {
				s.refusedDataset(s.nodes[msp], x.Manifest.Dataset, tt.code)
				if s.has(dataset.ConfirmationKey(x.Manifest.Dataset, 1, msp)) {
					t.Errorf("%s confirmed it", msp)
				}
			}
		})
	}
}

func (s *site) refusedDataset(n *node, id, code string) {
	s.t.Helper()
	s.refused(n, "confirm-"+id, code)
}

// The content store's word is worth nothing: other bytes under the hash are not taken, the right ones are, later.
func TestEnvelopeIsFetchedByItsHash(t *testing.T) {
	s := newSite(t)
	x, _ := s.seal("30", lic, ope)
	other, _ := s.seal("31", lic, ope)
	address := sealed.Address(x.Envelope.Bytes())
	s.mu.Lock()
	s.content[address] = other.Envelope.Bytes()
	s.mu.Unlock()
	raw := ledger.Encode(x.Manifest)
	s.licensor.Must("catalogue:Publish", string(ledger.Encode(dataset.PublishRequest{
		Manifest:  base64.StdEncoding.EncodeToString(raw),
		Signature: base64.StdEncoding.EncodeToString(replaytest.Sign(t, s.licensor.Key, raw)), Envelope: address,
	})))
	before, now := 0, 0
	p := s.nodes[ope].peer
	p.set(func(p *peer) { before = p.calls })
	eventually(t, "it has tried", func() bool { p.set(func(p *peer) { now = p.calls }); return now > before+3 })
	if s.final(x) {
		t.Fatal("other bytes were confirmed")
	}
	s.store(x.Envelope.Bytes())
	s.wait("the right bytes are confirmed", func() bool { return s.final(x) })
}
