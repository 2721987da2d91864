package grant_test

import (
	"slices"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/ledger/ledgertest"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// asking is a machine that asks for a grant, with all that the ledger holds about it.
type asking struct {
	t       *testing.T
	tpm     *replaytest.Keys
	basis   grant.Basis
	request grant.Request
	before  grant.History
}

// newAsking asks the pair (AMSP, CMSP) of the set (AMSP, BMSP, CMSP) for three uses; the counter of grants
// stands at 5.
func newAsking(t *testing.T) *asking {
	t.Helper()
	r := newReleasing(t)
	a := &asking{t: t, tpm: replaytest.NewKeys(t)}
	a.tpm.Counter, a.tpm.Resets = 5, 2
	a.basis = grant.Basis{License: r.by.License, Custodians: r.by.Custodians, Machine: machine.Machine{
		ID: r.by.License.Machine, AK: b64(a.tpm.AK()), SRK: b64(a.tpm.SRK()),
	}}
	a.request = a.ask()
	return a
}

// meter is the machine's PIN index, computed apart from the rule.
func (a *asking) meter() (tpmpolicy.Index, tpmpolicy.MeterID) {
	a.t.Helper()
	keys, err := grant.SigningKeys(a.basis.Custodians)
	if err != nil {
		a.t.Fatal(err)
	}
	l := a.basis.License
	id := tpmpolicy.Meter(l.Machine, l.Dataset, l.Terms)
	x, err := tpmpolicy.NewIndex(tpmpolicy.FirstIndexHandle+1, keys, id)
	if err != nil {
		a.t.Fatal(err)
	}
	return x, id
}

// ask makes an honest request for the license, as counter and resets stand now.
func (a *asking) ask() grant.Request {
	a.t.Helper()
	x, _ := a.meter()
	nonce := []byte("0123456789abcdef0123456789ABCDEF")
	extra := tpmpolicy.GrantDigest(a.basis.License.ID, nonce, x.Name(false))
	return grant.Request{
		License: a.basis.License.ID, Pair: []string{"AMSP", "CMSP"}, Index: x.Handle, Nonce: b64(nonce),
		IndexName: x.Name(false).Hex(),
		Counter:   a.tpm.CertifyCounter(extra[:]), Time: a.tpm.Time(extra[:]),
	}
}

// sold changes the license's uses with its terms, and asks again.
func (a *asking) sold(uses int64) {
	l := &a.basis.License
	l.Model.Uses = uses
	l.Terms = license.TermsHash(l.Dataset, l.Version, l.Model)
	a.request = a.ask()
}

func TestFrom(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*asking)
		want *ledger.Refusal
		saw  string
	}{
		{"as it is", func(*asking) {}, nil, ""},
		{"another pair of the set", func(a *asking) { a.request.Pair = []string{"BMSP", "CMSP"} }, nil, ""},
		{"another license", func(a *asking) { a.request.License = ledger.Hash("other") }, grant.ErrBasis, "license"},
		{"another machine", func(a *asking) { a.basis.Machine.ID = ledger.Hash("other") }, grant.ErrBasis, "machine"},
		{"more uses than the terms say", func(a *asking) { a.basis.License.Model.Uses++ }, grant.ErrBasis, "terms"},
		{
			"another version than the terms say", func(a *asking) { a.basis.License.Version++ }, grant.ErrBasis,
			"terms",
		},
		{"a pair of one", func(a *asking) { a.request.Pair = a.request.Pair[:1] }, grant.ErrPair, "AMSP"},
		{"a pair of three", func(a *asking) { a.request.Pair = a.basis.License.Custodians }, grant.ErrPair, "BMSP"},
		{"a custodian twice", func(a *asking) { a.request.Pair = []string{"AMSP", "AMSP"} }, grant.ErrPair, "AMSP"},
		{"a pair not sorted", func(a *asking) { slices.Reverse(a.request.Pair) }, grant.ErrPair, "CMSP"},
		{"a pair with a stranger", func(a *asking) { a.request.Pair[1] = "DMSP" }, grant.ErrPair, "DMSP"},
		{
			"a custodian's key that is none", func(a *asking) { a.basis.Custodians[1].GrantKey = "AAAA" },
			consortium.ErrRecipient, "",
		},
		{
			"one custodian in two places", func(a *asking) { a.basis.Custodians[1] = a.basis.Custodians[0] },
			tpmpolicy.ErrCustodianSet, "",
		},
		{
			"a handle outside of the meters", func(a *asking) { a.request.Index = tpmpolicy.LastIndexHandle + 1 },
			tpmpolicy.ErrIndexHandle, "",
		},
		{"another handle than the Name's", func(a *asking) { a.request.Index++ }, grant.ErrIndexName, ""},
		{"the Name with a limit written", func(a *asking) {
			x, _ := a.meter()
			a.request.IndexName = x.Name(true).Hex()
		}, grant.ErrIndexName, ""},
		{"a nonce of another form", func(a *asking) { a.request.Nonce += "\n" }, grant.ErrNonce, ""},
		{"a short nonce", func(a *asking) { a.request.Nonce = b64(make([]byte, 31)) }, grant.ErrNonce, ""},
		{
			"another session's nonce", func(a *asking) { a.request.Nonce = b64(make([]byte, 32)) },
			tpmpolicy.ErrAttestExtra, "",
		},
		{"an AK that is not base64", func(a *asking) { a.basis.Machine.AK = "!" }, machine.ErrInvalid, "ak"},
		{"an SRK that is not base64", func(a *asking) { a.basis.Machine.SRK = "!" }, machine.ErrInvalid, "srk"},
		{
			"an AK that signs anything", func(a *asking) { a.basis.Machine.AK = b64(a.tpm.Token()) },
			tpmpolicy.ErrPublicAttributes, "",
		},
		{
			"another machine's AK", func(a *asking) { a.basis.Machine.AK = b64(replaytest.NewKeys(t).AK()) },
			tpmpolicy.ErrAttestSignature, "",
		},
		{
			"another machine's SRK", func(a *asking) { a.basis.Machine.SRK = b64(replaytest.NewKeys(t).SRK()) },
			tpmpolicy.ErrAttestSigner, "",
		},
		{
			"a counter that is not base64", func(a *asking) { a.request.Counter.Attest = "!" },
			grant.ErrAttestation, "",
		},
		{
			"a signature that is not base64", func(a *asking) { a.request.Time.Signature += "\n" },
			grant.ErrAttestation, "",
		},
		{
			"a time for the counter", func(a *asking) { a.request.Counter = a.request.Time },
			tpmpolicy.ErrAttestType, "",
		},
		{
			"a counter for the time", func(a *asking) { a.request.Time = a.request.Counter },
			tpmpolicy.ErrAttestType, "",
		},
		{
			"another TPM's time", func(a *asking) { a.request.Time = replaytest.NewKeys(t).Time(nil) },
			tpmpolicy.ErrAttestSignature, "",
		},
		{"no uses", func(a *asking) { a.sold(0) }, tpmpolicy.ErrLimit, ""},
		{"more uses than a meter holds", func(a *asking) { a.sold(1 << 31) }, tpmpolicy.ErrLimit, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAsking(t)
			c.edit(a)
			g, err := grant.From(a.request, a.basis, a.before, 9)
			ledgertest.Refused(t, err, c.want, c.saw)
			if c.want != nil {
				return
			}
			x, id := a.meter()
			if g.Number != 1 || g.Epoch != 9 || g.Counter != 5 || g.ResetCount != 2 || g.Limit != 3 ||
				g.Machine != a.basis.Machine.ID ||
				g.Meter != hexOf(tpmpolicy.Digest(id)) || g.Policy != hexOf(x.Policy) ||
				g.IndexName != x.Name(false).Hex() {
				t.Errorf("got %+v", g)
			}
			ledgertest.Refused(t, g.Check(a.basis), nil, "")
		})
	}
}

// TestNumber: which grant may follow which (T15).
func TestNumber(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(*asking, *grant.Grant) grant.History
		want   *ledger.Refusal
		number int
	}{
		{"the machine's first", func(*asking, *grant.Grant) grant.History { return grant.History{} }, nil, 1},
		{"the license had one, the machine's record is gone", func(*asking, *grant.Grant) grant.History {
			return grant.History{Granted: true}
		}, grant.ErrDone, 0},
		{"after another license's was armed", func(_ *asking, g *grant.Grant) grant.History {
			g.License, g.Counter = ledger.Hash("other"), 4
			return grant.History{Newest: g, Answered: true}
		}, nil, 1},
		{"after its own was armed", func(_ *asking, g *grant.Grant) grant.History {
			g.Counter = 4
			return grant.History{Newest: g, Answered: true, Granted: true}
		}, grant.ErrDone, 0},
		{"another license's is open", func(_ *asking, g *grant.Grant) grant.History {
			g.License = ledger.Hash("other")
			return grant.History{Newest: g}
		}, grant.ErrOpen, 0},
		{"a counter below the newest grant's", func(_ *asking, g *grant.Grant) grant.History {
			g.Counter = 6
			return grant.History{Newest: g, Granted: true}
		}, grant.ErrCounterBack, 0},
		{"both have answered", func(_ *asking, g *grant.Grant) grant.History {
			g.ResetCount = 1
			return grant.History{Newest: g, Answered: true, Granted: true}
		}, grant.ErrAnswered, 0},
		{"at another place of the TPM", func(_ *asking, g *grant.Grant) grant.History {
			g.ResetCount, g.IndexName = 1, tpmpolicy.CounterName().Hex()
			return grant.History{Newest: g, Granted: true}
		}, grant.ErrIndexChanged, 0},
		{"in the session of the first", func(_ *asking, g *grant.Grant) grant.History {
			return grant.History{Newest: g, Granted: true}
		}, grant.ErrSessionAlive, 0},
		{"again, after a reset", func(_ *asking, g *grant.Grant) grant.History {
			g.Number, g.ResetCount = 3, 1
			return grant.History{Newest: g, Granted: true}
		}, nil, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAsking(t)
			first, err := grant.From(a.request, a.basis, a.before, 9)
			if err != nil {
				t.Fatal(err)
			}
			g, err := grant.From(a.request, a.basis, c.before(a, &first), 9)
			ledgertest.Refused(t, err, c.want, "")
			if g.Number != c.number {
				t.Errorf("number: got %d, want %d", g.Number, c.number)
			}
		})
	}
}

// TestCheck: whoever holds license and machine finds out every change of a committed grant.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*grant.Grant)
		want *ledger.Refusal
		saw  string
	}{
		{"as it is", func(*grant.Grant) {}, nil, ""},
		{
			"number and epoch, which only the ledger knows", func(g *grant.Grant) { g.Number, g.Epoch = 7, 99 },
			nil, "",
		},
		{"another format", func(g *grant.Grant) { g.Format = "guildmark/grant/2" }, grant.ErrDiffers, `"format"`},
		{"another license", func(g *grant.Grant) { g.License = ledger.Hash("other") }, grant.ErrDiffers, `"license"`},
		{"another machine", func(g *grant.Grant) { g.Machine = ledger.Hash("other") }, grant.ErrDiffers, `"machine"`},
		{"another meter", func(g *grant.Grant) { g.Meter = ledger.Hash("other") }, grant.ErrDiffers, `"meter"`},
		{"another policy", func(g *grant.Grant) { g.Policy = ledger.Hash("other") }, grant.ErrDiffers, `"policy"`},
		{"another storage key", func(g *grant.Grant) { g.SRKName = "000b" }, grant.ErrDiffers, `"srkName"`},
		{"another index", func(g *grant.Grant) { g.IndexName = "000b" }, grant.ErrDiffers, `"indexName"`},
		{"another session", func(g *grant.Grant) { g.Nonce = "AAAA" }, grant.ErrDiffers, `"nonce"`},
		{
			"a lower counter", func(g *grant.Grant) { g.Counter-- }, grant.ErrDiffers,
			`"counter":4, expected "counter":5`,
		},
		{"an earlier reset", func(g *grant.Grant) { g.ResetCount-- }, grant.ErrDiffers, `"resetCount":1`},
		{"a higher limit", func(g *grant.Grant) { g.Limit = 300 }, grant.ErrDiffers, `"limit":300`},
		{"another pair", func(g *grant.Grant) { g.Pair = []string{"AMSP", "BMSP"} }, grant.ErrDiffers, `BMSP`},
		{"another request", func(g *grant.Grant) { g.Request.Pair = []string{"AMSP", "BMSP"} }, grant.ErrDiffers, ""},
		{"a request that is refused", func(g *grant.Grant) { g.Request.Index++ }, grant.ErrIndexName, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAsking(t)
			g, err := grant.From(a.request, a.basis, a.before, 9)
			if err != nil {
				t.Fatal(err)
			}
			c.edit(&g)
			ledgertest.Refused(t, g.Check(a.basis), c.want, c.saw)
		})
	}
}

func TestCustodians(t *testing.T) {
	all := []consortium.Recipient{
		{ID: "runtime", Role: consortium.RuntimeRecipient, MSP: "AMSP"},
		{ID: "c", Role: consortium.CustodianRecipient, MSP: "CMSP"},
		{ID: "a", Role: consortium.CustodianRecipient, MSP: "AMSP"},
	}
	for _, c := range []struct {
		name string
		set  []string
		want []string // ids
		err  *ledger.Refusal
	}{
		{"in the set's order", []string{"AMSP", "CMSP"}, []string{"a", "c"}, nil},
		{"one that has none", []string{"AMSP", "BMSP"}, nil, grant.ErrNoCustodian},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, err := grant.Custodians(all, c.set)
			ledgertest.Refused(t, err, c.err, "")
			var ids []string
			for _, r := range found {
				ids = append(ids, r.ID)
			}
			if !slices.Equal(ids, c.want) {
				t.Errorf("got %v, want %v", ids, c.want)
			}
		})
	}
}
