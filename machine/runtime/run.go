package runtime

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/machine/device"
	"github.com/guildmark/guildmark/machine/meter"
	"github.com/guildmark/guildmark/machine/tpm"
)

// Main runs the runtime's process and returns its exit code. SIGTERM and SIGINT stop the device.
func Main(in io.Reader, out io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if Run(ctx, in, out) != nil {
		return 1 // the refusal went out as the last event
	}
	return 0
}

// Run does the job that it reads from in, and writes events to out. The process must do nothing else and end
// with it.
func Run(ctx context.Context, in io.Reader, out io.Writer) error {
	p := &production{events: json.NewEncoder(out)}
	if err := p.run(ctx, in); err != nil {
		r := refusalOf(err)
		p.say(Event{Kind: Refused, Refusal: r})
		return r
	}
	p.say(Event{Kind: Done})
	return nil
}

// production is the state of the process's one job.
type production struct {
	events  *json.Encoder
	job     Job
	binding sealed.Binding
	body    *os.File
	device  device.Device
	opened  bool // the body was opened
	runtime sealed.Share
	lower   sealed.Share
	upper   sealed.Share
}

// run is the list of steps. Every check comes before openShares, whose last act burns the use.
func (p *production) run(ctx context.Context, in io.Reader) (err error) {
	defer p.wipe()
	if err := lockMemory(); err != nil {
		return err
	}
	if err := checkNetwork(); err != nil {
		return err
	}
	p.say(Event{Kind: Locked, PID: os.Getpid()})
	if p.job, err = ReadJob(in); err != nil {
		return err
	}
	if err := p.verify(); err != nil {
		return err
	}
	if err := p.checkBody(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.body.Close()) }()
	if err := p.device.Ready(ctx, p.Header(), nil); err != nil {
		return err
	}
	if err := p.openShares(ctx); err != nil {
		return err
	}
	return p.produce(ctx)
}

// verify checks the signed license again, since the agent could have been replaced, and opens the device for
// the manifest's profile.
func (p *production) verify() error {
	bundle, err := signed.ParseBundle(p.job.Bundle)
	if err != nil {
		return err
	}
	verifier, err := signed.NewVerifier(bundle)
	if err != nil {
		return err
	}
	_, answer, err := verifier.License(p.job.License, signed.LicenseExpectation{
		Machine: p.job.Machine, Manifest: p.job.Manifest, Floor: p.job.Floor,
	})
	if err != nil {
		return err
	}
	p.binding.Channel = answer.Channel
	if err := ledger.DecodeCanonical(p.job.Manifest, &p.binding.Manifest); err != nil {
		return err
	}
	if err := p.openDevice(); err != nil {
		return err
	}
	p.say(Event{Kind: Verified})
	return nil
}

// checkBody compares the sealed body with the licensed manifest before a use is spent on it.
func (p *production) checkBody() error {
	f, err := os.Open(p.job.Body)
	if err != nil {
		return ErrJob.With("sealed body: " + err.Error())
	}
	p.body = f
	if err := sealed.CheckBody(f, p.binding.Manifest); err != nil {
		return errors.Join(err, f.Close())
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return errors.Join(fmt.Errorf("read the sealed body: %w", err), f.Close())
	}
	return nil
}

// openShares opens all three shares in one session, the one that costs a use last, and compares each with the
// licensor's commitment.
func (p *production) openShares(ctx context.Context) (err error) {
	t, err := tpm.Dial(ctx, p.job.TPM)
	if err != nil {
		return ErrTPM.With(err.Error())
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	m, err := tpm.Attach(t, p.job.Keys)
	if err != nil {
		return err
	}
	use, err := meter.Begin(m, p.job.Grant)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, use.Close()) }()
	if err := p.openRuntime(use); err != nil {
		return err
	}
	if p.upper, err = p.openHalf(1, use.Upper); err != nil {
		return err
	}
	p.say(Event{Kind: Opened})
	p.lower, err = p.openHalf(0, func() ([]byte, error) {
		half, err := use.Lower()
		if err == nil {
			p.say(Event{Kind: Burnt})
		}
		return half, err
	})
	return err
}

// openRuntime unseals this product line's key and opens the runtime share with it.
func (p *production) openRuntime(use *meter.Use) error {
	seed, err := use.Plain(p.job.RuntimeKey)
	if err != nil {
		return err
	}
	defer clear(seed)
	key, err := sealed.PrivateKey(seed)
	if err != nil {
		return err
	}
	envelope, err := sealed.ParseEnvelope(p.job.Envelope)
	if err != nil {
		return err
	}
	p.runtime, err = p.binding.OpenRuntimeShare(envelope, key, p.job.Recipient)
	return err
}

// openHalf opens the half of the pair's lower (0) or upper (1) custodian.
func (p *production) openHalf(place int, open func() ([]byte, error)) (sealed.Share, error) {
	if len(p.job.Pair) != 2 {
		return sealed.Share{}, ErrJob.With("pair")
	}
	raw, err := open()
	if err != nil {
		return sealed.Share{}, err
	}
	defer clear(raw)
	half, err := sealed.ShareFrom(raw)
	if err != nil {
		return half, err
	}
	return half, p.binding.CheckHalf(p.job.Pair[place], p.job.Pair, half)
}

// produce runs the device on the content, and brings the device to rest if that fails.
func (p *production) produce(ctx context.Context) error {
	err := p.device.Produce(ctx, nil, p, p.report)
	if err != nil {
		err = errors.Join(err, p.device.Safe(context.WithoutCancel(ctx)))
	}
	return err
}

// wipe overwrites the shares. What the Go runtime copied of them ends with the process.
func (p *production) wipe() {
	p.runtime.Wipe()
	p.lower.Wipe()
	p.upper.Wipe()
}

// say writes an event. An error is dropped: when the agent is gone the kernel ends this process (see isolation).
func (p *production) say(e Event) { _ = p.events.Encode(e) }
