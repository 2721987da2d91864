package agent

import (
	"context"
	"errors"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/license"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/device/mixer"
	"github.com/guildmark/guildmark/machine/meter"
	"github.com/guildmark/guildmark/machine/runtime"
)

// ErrNotGranted says that the license was bought but its grant isn't finished.
var ErrNotGranted = ledger.Refuse(ledger.Conflict, "machine.not_granted", "the license has no finished grant: run `machine sync` with a network")

// Used is the outcome of one use.
type Used struct {
	License string `json:"license"`
	Count   int64  `json:"count"` // uses burnt in all, as the TPM attests
	Limit   int64  `json:"limit"`
	Receipt string `json:"receipt"` // file name of the receipt that waits for the network
}

// Use makes one production run of a license, without any network: verify -> floor of time -> runtime burns and produces
// -> receipt. When the runtime fails after it burnt the use, the receipt is kept all the same and the error tells why.
func (a *Agent) Use(ctx context.Context, id string) (used Used, err error) {
	h, err := findHolding(a.store, id)
	if err != nil {
		return used, err
	}
	if h.Spent {
		return used, ErrSpent.With(h.License.ID)
	}
	if h.Meter == "" {
		return used, ErrNotGranted.With(h.License.ID)
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

// prepare verifies the signed license as the runtime will again, and collects what the runtime needs. The TPM is free
// again when it returns.
func (a *Agent) prepare(ctx context.Context, h Holding) (job runtime.Job, err error) {
	d, err := a.open(ctx)
	if err != nil {
		return job, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	job = runtime.NewJob()
	for name, to := range map[string]*[]byte{"license.signed.json": &job.License, "manifest.json": &job.Manifest, "envelope.json": &job.Envelope} {
		if *to, err = a.store.Read(holdingFile(h.License.ID, name)); err != nil {
			return job, err
		}
	}
	if job.Bundle, err = a.store.Read(bundleFile(d.enrolled.Bundle)); err != nil {
		return job, err
	}
	a.say("verify", "checking the signed license "+h.License.ID)
	floor, err := d.checkLicense(h.License.ID, job.License, job.Manifest)
	if err != nil {
		return job, err
	}
	job.TPM, job.Keys, job.Machine, job.Floor = a.config.TPM, d.enrolled.Keys, d.enrolled.Machine.ID, floor.Time
	job.Body, job.Recipient, job.RuntimeKey = a.store.Path(holdingFile(h.License.ID, "body.sealed")), h.Recipient, d.enrolled.RuntimeKey
	job.Pair = h.Pair
	count, err := meter.Open(d.conn, a.store.Path(h.Meter))
	if err != nil {
		return job, err
	}
	if job.Grant, err = count.Armed(); err != nil {
		return job, ErrNotGranted.With(err.Error())
	}
	job.Mixer, err = a.mixer()
	return job, err
}

// checkLicense verifies a stored license under the floor of time.
func (d *desk) checkLicense(id string, file, manifest []byte) (Floor, error) {
	t, err := d.trust(d.enrolled)
	if err != nil {
		return Floor{}, err
	}
	floor, err := d.floor()
	if err != nil {
		return Floor{}, err
	}
	_, answer, err := t.verifier.License(file, signed.LicenseExpectation{
		License: id, Machine: d.enrolled.Machine.ID, Manifest: manifest, Floor: floor.Time,
	})
	if err != nil {
		return floor, err
	}
	return d.floor(answer.Clock)
}

// run starts the runtime and follows it; burnt says whether the TPM counted a use.
func (a *Agent) run(ctx context.Context, job runtime.Job) (burnt bool, err error) {
	var levels []runtime.Level
	err = a.options.Start(ctx, job, func(e runtime.Event) {
		switch e.Kind {
		case runtime.Burnt:
			burnt = true
		case runtime.Levels:
			levels = e.Levels
		default: // for the person who watches
		}
		a.options.Report(Progress{Step: "produce", Runtime: &e})
	})
	if errors.Is(err, runtime.ErrEnded) {
		burnt = true // not known: the TPM's own count decides what the receipt says
	}
	return burnt, errors.Join(err, a.keepLevels(levels))
}

// receiptFile is a receipt that waits for the network, or was delivered.
type receiptFile struct {
	Format    string                 `json:"format"` // "guildmark/kept-receipt/1"
	Request   license.ReceiptRequest `json:"request"`
	Count     int64                  `json:"count"`
	Limit     int64                  `json:"limit"`
	Delivered bool                   `json:"delivered"`
}

// keepReceipt has the TPM attest the count and stores the statement; Sync delivers it. The job's hash is salted: it
// tells the ledger nothing about what was made for whom (T27).
func (a *Agent) keepReceipt(ctx context.Context, h Holding) (used Used, err error) {
	d, err := a.open(ctx)
	if err != nil {
		return used, err
	}
	defer func() { err = errors.Join(err, d.close()) }()
	salt, err := d.fresh()
	if err != nil {
		return used, err
	}
	job := ledger.Hash("guildmark/job/1", salt, h.License.ID)
	request, pin, err := d.attestUse(h, job)
	if err != nil {
		return used, err
	}
	used = Used{License: h.License.ID, Count: int64(pin.Count), Limit: int64(pin.Limit), Receipt: fmt.Sprintf("%010d.json", pin.Count)}
	kept := receiptFile{Format: "guildmark/kept-receipt/1", Request: request, Count: used.Count, Limit: used.Limit}
	name := holdingFile(h.License.ID, "receipts/"+used.Receipt)
	if a.store.Has(name) {
		return used, nil // nothing was burnt since
	}
	return used, a.store.Save(name, kept)
}

// attestUse is the count and limit of a license's meter, attested for one job.
func (d *desk) attestUse(h Holding, job string) (license.ReceiptRequest, tpmpolicy.Pin, error) {
	request := license.ReceiptRequest{License: h.License.ID, Job: job}
	count, err := meter.Open(d.conn, d.store.Path(h.Meter))
	if err != nil {
		return request, tpmpolicy.Pin{}, err
	}
	attestation, err := count.Receipt(h.License.ID, job)
	if err != nil {
		return request, tpmpolicy.Pin{}, err
	}
	signer, err := tpmpolicy.NewSigner(d.enrolled.Keys.AK, d.enrolled.Keys.SRK)
	if err != nil {
		return request, tpmpolicy.Pin{}, err
	}
	digest := tpmpolicy.ReceiptDigest(h.License.ID, job)
	pin, err := signer.Pin(attestation, count.Index().Name(true), digest[:])
	request.Attestation = text(attestation)
	return request, pin, err
}

const levelsFile = "levels.json"

// keepLevels remembers what the runtime left in the bottles.
func (a *Agent) keepLevels(levels []runtime.Level) error {
	if len(levels) == 0 {
		return nil
	}
	return a.store.Save(levelsFile, levels)
}

// mixer is the configured device with the levels that the last use left.
func (a *Agent) mixer() (runtime.Setup, error) {
	m := a.config.Mixer
	setup := runtime.Setup{Pumps: append([]mixer.Pump{}, m.Pumps...), Warn: m.Warn, AtOnce: m.AtOnce, Scale: m.Scale}
	if !a.store.Has(levelsFile) {
		return setup, nil
	}
	var levels []runtime.Level
	if err := a.store.Load(levelsFile, &levels); err != nil {
		return setup, err
	}
	for i, p := range setup.Pumps {
		for _, l := range levels {
			if l.Pump == p.Number {
				setup.Pumps[i].Level = min(p.Level, l.Left)
			}
		}
	}
	return setup, nil
}
