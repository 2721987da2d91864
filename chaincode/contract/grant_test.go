package contract_test

import (
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

func TestGrant(t *testing.T) {
	s := newSale(newWorld(t))
	l := s.buy("k")
	request := s.grantRequest(l, licensors, operator)
	g := s.grant(request)
	if g.Number != 1 || g.Limit != 3 || g.Counter != 1 || g.ResetCount != 1 || g.Machine != s.machine.ID ||
		g.IndexName != request.IndexName {
		t.Errorf("got %+v", g)
	}
	for i, m := range g.Pair {
		s.Must(s.custodians[m], "licenses:AnswerGrant", doc(s.answerOf(l, g, m)))
		s.Refused(grant.ErrTwice, s.custodians[m], "licenses:AnswerGrant", doc(s.answerOf(l, g, m)))
		if v := read[grant.View](s.world, s.buyer, "licenses:GetGrant", l.ID, ""); len(v.Answers) != i+1 ||
			doc(v.Grant) != doc(g) {
			t.Errorf("got %+v", v)
		}
	}
	s.Refused(grant.ErrNotInPair, s.custodians[manufacturer], "licenses:AnswerGrant",
		doc(s.answerOf(l, g, manufacturer)))
	s.Refused(grant.ErrUnknown, s.buyer, "licenses:GetGrant", l.ID, "2")
	s.Refused(grant.ErrUnknown, s.buyer, "licenses:GetGrant", nonce(1), "")
}

func TestGrantRequestRefused(t *testing.T) {
	s := newSale(newWorld(t))
	l := s.buy("k")
	strangers := replaytest.NewKeys(t)
	for _, c := range []struct {
		name string
		edit func(*grant.Request)
		want *ledger.Refusal
	}{
		{"an unknown license", func(r *grant.Request) { r.License = nonce(1) }, license.ErrUnknown},
		{"a pair of one", func(r *grant.Request) { r.Pair = r.Pair[:1] }, grant.ErrPair},
		{"one custodian twice", func(r *grant.Request) { r.Pair = []string{operator, operator} }, grant.ErrPair},
		{"a pair not sorted", func(r *grant.Request) { r.Pair = []string{operator, licensors} }, grant.ErrPair},
		{"a pair with a stranger", func(r *grant.Request) { r.Pair = []string{auditor, operator} }, grant.ErrPair},
		{"another handle than the Name's", func(r *grant.Request) { r.Index++ }, grant.ErrIndexName},
		{
			"a handle outside the meters", func(r *grant.Request) { r.Index = tpmpolicy.CounterHandle },
			tpmpolicy.ErrIndexHandle,
		},
		{
			"another index's Name", func(r *grant.Request) { r.IndexName = tpmpolicy.CounterName().Hex() },
			grant.ErrIndexName,
		},
		{"a short nonce", func(r *grant.Request) { r.Nonce = b64([]byte("short")) }, grant.ErrNonce},
		{
			"a nonce that the TPM did not attest", func(r *grant.Request) { r.Nonce = b64(make([]byte, 32)) },
			tpmpolicy.ErrAttestExtra,
		},
		{"another TPM's counter", func(r *grant.Request) {
			r.Counter = strangers.CertifyCounter(nil)
		}, tpmpolicy.ErrAttestSignature},
		{"the time for the counter", func(r *grant.Request) { r.Counter = r.Time }, tpmpolicy.ErrAttestType},
		{"no base64", func(r *grant.Request) { r.Time.Attest = "!" }, grant.ErrAttestation},
	} {
		t.Run(c.name, func(*testing.T) {
			r := s.grantRequest(l, licensors, operator)
			c.edit(&r)
			s.Refused(c.want, s.buyer, "licenses:RecordGrant", doc(r))
		})
	}
	s.Refused(license.ErrOwner, replaytest.NewCaller(t, operator, party.Buyer), "licenses:RecordGrant",
		doc(s.grantRequest(l, licensors, operator)))
}

// TestOneOpenGrant: T15.
func TestOneOpenGrant(t *testing.T) {
	s := newSale(newWorld(t))
	first, second := s.buy("a"), s.buy("b")
	g := s.grant(s.grantRequest(first, licensors, operator))
	s.Refused(grant.ErrOpen, s.buyer, "licenses:RecordGrant", doc(s.grantRequest(second, licensors, operator)))
	s.Refused(grant.ErrSessionAlive, s.buyer, "licenses:RecordGrant", doc(s.grantRequest(first, licensors, operator)))
	late := s.answerOf(first, g, licensors)

	s.keys.Resets++ // the TPM was reset: the first session is dead
	s.Refused(grant.ErrOpen, s.buyer, "licenses:RecordGrant", doc(s.grantRequest(second, licensors, operator)))
	moved := s.grantRequestAt(first, tpmpolicy.FirstIndexHandle+1, licensors, operator)
	s.Refused(grant.ErrIndexChanged, s.buyer, "licenses:RecordGrant", doc(moved))
	// one alone writes nothing
	s.Must(s.custodians[operator], "licenses:AnswerGrant", doc(s.answerOf(first, g, operator)))
	again := s.grant(s.grantRequest(first, licensors, manufacturer))
	if again.Number != 2 || again.Limit != 3 || again.IndexName != g.IndexName {
		t.Errorf("got %+v", again)
	}
	s.Refused(grant.ErrSuperseded, s.custodians[licensors], "licenses:AnswerGrant", doc(late))

	for _, m := range again.Pair {
		s.Must(s.custodians[m], "licenses:AnswerGrant", doc(s.answerOf(first, again, m)))
	}
	s.keys.Resets++ // the limit can have been written before this reset: a third signature would double the uses
	s.Refused(grant.ErrAnswered, s.buyer, "licenses:RecordGrant", doc(s.grantRequest(first, licensors, operator)))

	s.keys.Counter++ // the machine armed its grant
	s.Refused(grant.ErrDone, s.buyer, "licenses:RecordGrant", doc(s.grantRequest(first, licensors, operator)))
	s.grant(s.grantRequest(second, licensors, operator))
	s.keys.Counter--
	s.Refused(grant.ErrCounterBack, s.buyer, "licenses:RecordGrant", doc(s.grantRequest(second, licensors, operator)))
}

// TestAnswerAndNewerGrantConflict: the last answer and a re-issue can't both be committed.
func TestAnswerAndNewerGrantConflict(t *testing.T) {
	for _, answerFirst := range []bool{true, false} {
		s := newSale(newWorld(t))
		l := s.buy("k")
		g := s.grant(s.grantRequest(l, licensors, operator))
		s.Must(s.custodians[operator], "licenses:AnswerGrant", doc(s.answerOf(l, g, operator)))
		s.keys.Resets++
		answer := s.Simulate(s.custodians[licensors], "licenses:AnswerGrant", doc(s.answerOf(l, g, licensors)))
		again := s.Simulate(s.buyer, "licenses:RecordGrant", doc(s.grantRequest(l, licensors, operator)))
		one, two := answer, again
		if !answerFirst {
			one, two = again, answer
		}
		if err := s.Commit(one); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(two); err == nil {
			t.Errorf("answer first %v: both were committed", answerFirst)
		}
	}
}

func TestAnswerRefused(t *testing.T) {
	s := newSale(newWorld(t))
	l := s.buy("k")
	g := s.grant(s.grantRequest(l, licensors, operator))
	for _, c := range []struct {
		name string
		by   *replaytest.Caller
		edit func(*grant.Answer)
		want *ledger.Refusal
	}{
		{"another custodian's name", s.custodians[operator], func(*grant.Answer) {}, grant.ErrNotInPair},
		{
			"a second custodian of the partner", replaytest.NewCaller(t, licensors, party.Custodian),
			func(*grant.Answer) {}, grant.ErrNotInPair,
		},
		{"a grant that is none", s.custodians[licensors], func(a *grant.Answer) { a.Number = 9 }, grant.ErrUnknown},
		{"a negative number", s.custodians[licensors], func(a *grant.Answer) { a.Number = -1 }, grant.ErrUnknown},
		{"another's signature", s.custodians[licensors], func(a *grant.Answer) {
			a.Signature = s.answerOf(l, g, operator).Signature
		}, tpmpolicy.ErrLimitSignature},
		{"a larger limit", s.custodians[licensors], func(a *grant.Answer) {
			more := g
			more.Limit = 4
			a.Signature = s.answerOf(l, more, licensors).Signature
		}, tpmpolicy.ErrLimitSignature},
		{"a half that burns no use", s.custodians[licensors], func(a *grant.Answer) {
			a.Public = s.answerOf(l, g, operator).Public
		}, tpmpolicy.ErrSealedPolicy},
		{"no blob", s.custodians[licensors], func(a *grant.Answer) { a.Duplicate = "" }, tpmpolicy.ErrBlobMalformed},
	} {
		t.Run(c.name, func(*testing.T) {
			a := s.answerOf(l, g, licensors)
			c.edit(&a)
			s.Refused(c.want, c.by, "licenses:AnswerGrant", doc(a))
		})
	}
	honest := s.answerOf(l, g, licensors)
	s.grantKeys[manufacturer] = replaytest.NewKey(t)
	changed := s.custodianRecipient(manufacturer)
	changed.Version = 2
	s.Must(s.custodians[manufacturer], "governance:SetRecipient", doc(changed))
	s.Refused(grant.ErrKeysChanged, s.custodians[licensors], "licenses:AnswerGrant", doc(honest))
}

func TestReceipts(t *testing.T) {
	s := newSale(newWorld(t))
	l := s.buy("k")
	handle := tpmpolicy.FirstIndexHandle
	s.Refused(grant.ErrUnknown, s.buyer, "licenses:RecordReceipt", doc(s.receipt(l, handle, 1, 3, job(1))))
	s.grant(s.grantRequest(l, licensors, operator))
	s.Must(s.buyer, "licenses:RecordReceipt", doc(s.receipt(l, handle, 1, 3, job(1))))
	s.Refused(grant.ErrReceiptKnown, s.buyer, "licenses:RecordReceipt", doc(s.receipt(l, handle, 1, 3, job(1))))
	s.Must(s.buyer, "licenses:RecordReceipt", doc(s.receipt(l, handle, 3, 3, job(3))))
	for _, c := range []struct {
		name    string
		request grant.ReceiptRequest
		want    *ledger.Refusal
	}{
		{"a lower count", s.receipt(l, handle, 2, 3, job(2)), grant.ErrReceiptBack},
		{"a count above the limit", s.receipt(l, handle, 4, 3, job(4)), grant.ErrReceiptLimit},
		{"a count of zero", s.receipt(l, handle, 0, 3, job(4)), grant.ErrReceiptLimit},
		{"another limit", s.receipt(l, handle, 3, 300, job(4)), grant.ErrReceiptLimit},
		{"another index", s.receipt(l, handle+1, 3, 3, job(4)), tpmpolicy.ErrAttestName},
		{"a job in plain words", s.receipt(l, handle, 3, 3, "lot 7 for Bob"), grant.ErrReceiptJob},
	} {
		t.Run(c.name, func(*testing.T) { s.Refused(c.want, s.buyer, "licenses:RecordReceipt", doc(c.request)) })
	}
	moved := s.receipt(l, handle, 3, 3, job(4))
	moved.Job = job(5)
	s.Refused(tpmpolicy.ErrAttestExtra, s.buyer, "licenses:RecordReceipt", doc(moved))
	list := read[[]grant.Receipt](s.world, s.buyer, "licenses:Receipts", l.ID)
	if len(list) != 2 || list[0].Count != 1 || list[1].Count != 3 || list[1].Limit != 3 {
		t.Errorf("got %+v", list)
	}
}
