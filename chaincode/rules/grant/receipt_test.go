package grant_test

import (
	"encoding/binary"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/ledger/ledgertest"
	"github.com/guildmark/guildmark/chaincode/replay/replaytest"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

func TestUses(t *testing.T) {
	type receipt = grant.ReceiptRequest
	job := ledger.Hash("job")
	for _, c := range []struct {
		name string
		edit func(*asking, *grant.Grant, *receipt)
		want *ledger.Refusal
	}{
		{"as it is", func(*asking, *grant.Grant, *receipt) {}, nil},
		{
			"a job in plain text", func(_ *asking, _ *grant.Grant, r *receipt) { r.Job = "20 drinks" },
			grant.ErrReceiptJob,
		},
		{
			"another job", func(_ *asking, _ *grant.Grant, r *receipt) { r.Job = ledger.Hash("other") },
			tpmpolicy.ErrAttestExtra,
		},
		{
			"another license", func(_ *asking, g *grant.Grant, _ *receipt) { g.License = ledger.Hash("other") },
			tpmpolicy.ErrAttestExtra,
		},
		{"another meter", func(_ *asking, g *grant.Grant, _ *receipt) { g.Request.Index++ }, tpmpolicy.ErrAttestName},
		{
			"a grant without a policy", func(_ *asking, g *grant.Grant, _ *receipt) { g.Policy = "00" },
			grant.ErrUnknown,
		},
		{"another machine", func(a *asking, _ *grant.Grant, _ *receipt) {
			a.basis.Machine.AK = b64(replaytest.NewKeys(t).AK())
		}, tpmpolicy.ErrAttestSignature},
		{
			"no base64", func(_ *asking, _ *grant.Grant, r *receipt) { r.Attestation.Attest = "!" },
			grant.ErrAttestation,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAsking(t)
			g, err := grant.From(a.request, a.basis, a.before, 9)
			if err != nil {
				t.Fatal(err)
			}
			x, _ := a.meter()
			extra := tpmpolicy.ReceiptDigest(g.License, job)
			pin := tpmpolicy.Pin{Count: 2, Limit: 3}
			contents := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, pin.Count), pin.Limit)
			r := receipt{
				License: g.License, Job: job,
				Attestation: a.tpm.CertifyIndex(x.Name(true), extra[:], contents),
			}
			c.edit(a, &g, &r)
			got, err := grant.Uses(r, g, a.basis.Machine)
			ledgertest.Refused(t, err, c.want, "")
			if c.want == nil && got != pin {
				t.Errorf("got %+v, want %+v", got, pin)
			}
		})
	}
}

func TestNewReceipt(t *testing.T) {
	for _, c := range []struct {
		name string
		pin  tpmpolicy.Pin
		last int64
		want *ledger.Refusal
		saw  string
	}{
		{"the first", tpmpolicy.Pin{Count: 1, Limit: 3}, 0, nil, ""},
		{"the last", tpmpolicy.Pin{Count: 3, Limit: 3}, 2, nil, ""},
		{"one that was left out", tpmpolicy.Pin{Count: 3, Limit: 3}, 1, nil, ""},
		{"no use", tpmpolicy.Pin{Count: 0, Limit: 3}, 0, grant.ErrReceiptLimit, "0 of 3"},
		{"more than the limit", tpmpolicy.Pin{Count: 4, Limit: 3}, 0, grant.ErrReceiptLimit, "4 of 3"},
		{"another limit than the grant's", tpmpolicy.Pin{Count: 1, Limit: 4}, 0, grant.ErrReceiptLimit, "1 of 4"},
		{"the same again", tpmpolicy.Pin{Count: 2, Limit: 3}, 2, grant.ErrReceiptKnown, ""},
		{"a lower one", tpmpolicy.Pin{Count: 1, Limit: 3}, 2, grant.ErrReceiptBack, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := grant.Grant{License: ledger.Hash("license"), Limit: 3}
			r := grant.ReceiptRequest{License: g.License, Job: ledger.Hash("job")}
			got, err := grant.NewReceipt(r, g, c.pin, c.last, 9)
			ledgertest.Refused(t, err, c.want, c.saw)
			if c.want == nil && (got.Count != int64(c.pin.Count) || got.Limit != 3 || got.Job != r.Job ||
				got.License != g.License || got.Epoch != 9) {
				t.Errorf("got %+v", got)
			}
		})
	}
}
