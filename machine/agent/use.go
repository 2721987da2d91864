package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/holding"
	"github.com/guildmark/guildmark/machine/market"
	"github.com/guildmark/guildmark/machine/meter"
	"github.com/guildmark/guildmark/machine/runtime"
)

// ErrSpent means that the license (Saw) is used up, and a newer license of the same data and terms has taken
// its meter. Use that.
var ErrSpent = ledger.Refuse(ledger.Conflict, "machine.spent",
	"the license's uses are used up, and a newer license has taken its meter")

// Used is the outcome of one use.
type Used struct {
	License string `json:"license"`
	Count   int64  `json:"count"` // uses burnt in all, as the TPM attests
	Limit   int64  `json:"limit"`
	Receipt string `json:"receipt"` // file name of the receipt that waits for the network
}

// Use makes one production run of a license, without any network: find -> verify and prepare -> the runtime
// burns a use and produces -> receipt. When the runtime fails after it burnt the use, the receipt is kept all
// the same and the error says why.
func (a *Agent) Use(ctx context.Context, id string) (used Used, err error) {
	h, err := a.store().Find(id)
	if err != nil {
		return used, err
	}
	if h.Spent {
		return used, ErrSpent.With(h.License.ID)
	}
	if h.Meter == "" {
		return used, meter.ErrNoGrant.With(h.License.ID)
	}
	job, err := a.prepare(ctx, h)
	if err != nil {
		return used, err
	}
	burnt, ran := a.run(ctx, job)
	if !burnt {
		return used, ran
	}
	used, err = a.keepReceipt(context.WithoutCancel(ctx), h) // an aborted use is counted too
	return used, errors.Join(ran, err)
}

// CheckUses refuses a license with fewer uses left than wanted, so that `machine use --count` fails before the
// first use instead of in the middle. The TPM refuses each use beyond the limit in any case.
func (a *Agent) CheckUses(ctx context.Context, id string, wanted int64) (err error) {
	h, err := a.store().Find(id)
	if err != nil || h.Meter == "" { // Use says what is missing
		return err
	}
	s, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	now, err := s.machine.Store.Status(s.conn, h)
	if err == nil && now.Limit-now.Count < wanted {
		err = holding.ErrUses.With(fmt.Sprintf("%d of %d uses left, asked for %d", now.Limit-now.Count,
			now.Limit, wanted))
	}
	return err
}

// prepare verifies the signed license, as the runtime will do again, and collects the runtime's job. It closes
// the TPM before it returns, since the runtime opens it.
func (a *Agent) prepare(ctx context.Context, h holding.Holding) (job runtime.Job, err error) {
	s, err := a.open(ctx)
	if err != nil {
		return job, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if job, err = a.jobOf(s, h); err != nil {
		return job, err
	}
	a.say("verify", "checking the signed license "+h.License.ID)
	floor, err := s.machine.CheckLicense(h.License.ID, job.License, job.Manifest)
	if err != nil {
		return job, err
	}
	job.Floor = floor.Time
	count, err := meter.Open(s.conn, a.folder.Path(h.Meter))
	if err != nil {
		return job, err
	}
	if job.Grant, err = count.Armed(); err != nil {
		return job, err
	}
	return job, a.addDevice(&job)
}

// jobOf is a job with the stored files of a license; nothing of it is verified yet.
func (a *Agent) jobOf(s *session, h holding.Holding) (runtime.Job, error) {
	job := runtime.NewJob()
	job.TPM = a.config.TPM
	job.Keys = s.enrolled.Keys
	job.Machine = s.enrolled.Machine.ID
	job.RuntimeKey = s.enrolled.RuntimeKey
	job.Recipient = h.Recipient
	job.Pair = h.Pair
	job.Body = a.folder.Path(holding.File(h.License.ID, holding.BodyFile))
	var err error
	if job.Bundle, err = a.store().Bundle(s.enrolled.Bundle); err != nil {
		return job, err
	}
	if job.License, err = a.folder.Read(holding.File(h.License.ID, holding.SignedFile)); err != nil {
		return job, err
	}
	if job.Manifest, err = a.folder.Read(holding.File(h.License.ID, holding.ManifestFile)); err != nil {
		return job, err
	}
	job.Envelope, err = a.folder.Read(holding.File(h.License.ID, holding.EnvelopeFile))
	return job, err
}

// run starts the runtime and follows it; burnt says whether the TPM counted a use.
func (a *Agent) run(ctx context.Context, job runtime.Job) (burnt bool, err error) {
	var kept error
	err = a.options.Start(ctx, job, func(e runtime.Event) {
		switch e.Kind {
		case runtime.Burnt:
			burnt = true
		case runtime.State:
			kept = a.keepState(e.Profile, e.Device)
		default: // only reported
		}
		a.options.Report(Progress{Step: "produce", Runtime: &e})
	})
	if errors.Is(err, runtime.ErrEnded) {
		burnt = true // not known: the TPM's own count decides what the receipt says
	}
	return burnt, errors.Join(err, kept)
}

// keepReceipt stores a receipt: the count as the TPM attests it, and a hash of the job with a random salt, from
// which the ledger learns neither product nor customer (T27). Sync delivers it.
func (a *Agent) keepReceipt(ctx context.Context, h holding.Holding) (used Used, err error) {
	s, err := a.open(ctx)
	if err != nil {
		return used, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	job := ledger.Hash("guildmark/job/1", market.Nonce(), h.License.ID)
	request, pin, err := s.attestUse(h, job)
	if err != nil {
		return used, err
	}
	r := holding.Receipt{
		Format: holding.ReceiptFormat, Request: request, Count: int64(pin.Count),
		Limit: int64(pin.Limit),
	}
	used = Used{License: h.License.ID, Count: r.Count, Limit: r.Limit, Receipt: r.Name()}
	return used, s.machine.Store.KeepReceipt(h.License.ID, r)
}

// attestUse is the count and limit of a license's meter, attested for one job.
func (s *session) attestUse(h holding.Holding, job string) (grant.ReceiptRequest, tpmpolicy.Pin, error) {
	request := grant.ReceiptRequest{License: h.License.ID, Job: job}
	count, err := meter.Open(s.conn, s.machine.Store.Folder.Path(h.Meter))
	if err != nil {
		return request, tpmpolicy.Pin{}, err
	}
	attestation, err := count.Receipt(h.License.ID, job)
	if err != nil {
		return request, tpmpolicy.Pin{}, err
	}
	signer, err := tpmpolicy.NewSigner(s.enrolled.Keys.AK, s.enrolled.Keys.SRK)
	if err != nil {
		return request, tpmpolicy.Pin{}, err
	}
	digest := tpmpolicy.ReceiptDigest(h.License.ID, job)
	pin, err := signer.Pin(attestation, count.Index().Name(true), digest[:])
	request.Attestation = grant.Encode(attestation)
	return request, pin, err
}
