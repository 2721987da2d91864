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

// Main is the whole life of the runtime's process: it gives the exit code. SIGTERM and SIGINT stop the pumps.
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
	v := &vault{events: json.NewEncoder(out)}
	if err := v.run(ctx, in); err != nil {
		r := refusalOf(err)
		v.say(Event{Kind: Refused, Refusal: r})
		return r
	}
	v.say(Event{Kind: Done})
	return nil
}

// vault is the state of the one job.
type vault struct {
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
func (v *vault) run(ctx context.Context, in io.Reader) (err error) {
	defer v.wipe()
	if err := lockMemory(); err != nil {
		return err
	}
	if err := checkNetwork(); err != nil {
		return err
	}
	v.say(Event{Kind: Locked, PID: os.Getpid()})
	if v.job, err = ReadJob(in); err != nil {
		return err
	}
	if err := v.verify(); err != nil {
		return err
	}
	if err := v.checkBody(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.body.Close()) }()
	if err := v.device.Ready(ctx, v.Header(), nil); err != nil {
		return err
	}
	if err := v.openShares(ctx); err != nil {
		return err
	}
	return v.produce(ctx)
}

// verify checks the signed license again, since the agent may be another program by now, and finds the device
// for the manifest's profile.
func (v *vault) verify() error {
	bundle, err := signed.ParseBundle(v.job.Bundle)
	if err != nil {
		return err
	}
	verifier, err := signed.NewVerifier(bundle)
	if err != nil {
		return err
	}
	_, answer, err := verifier.License(v.job.License, signed.LicenseExpectation{
		Machine: v.job.Machine, Manifest: v.job.Manifest, Floor: v.job.Floor,
	})
	if err != nil {
		return err
	}
	v.binding.Channel = answer.Channel
	if err := ledger.DecodeCanonical(v.job.Manifest, &v.binding.Manifest); err != nil {
		return err
	}
	if err := v.openDevice(); err != nil {
		return err
	}
	v.say(Event{Kind: Verified})
	return nil
}

// checkBody compares the sealed body with the licensed manifest before a use is spent on it.
func (v *vault) checkBody() error {
	f, err := os.Open(v.job.Body)
	if err != nil {
		return ErrJob.With("sealed body: " + err.Error())
	}
	v.body = f
	if err := sealed.CheckBody(f, v.binding.Manifest); err != nil {
		return errors.Join(err, f.Close())
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return errors.Join(fmt.Errorf("read the sealed body: %w", err), f.Close())
	}
	return nil
}

// openShares opens all three shares in one session, the one that costs a use last, and compares each with the
// licensor's commitment.
func (v *vault) openShares(ctx context.Context) (err error) {
	t, err := tpm.Dial(ctx, v.job.TPM)
	if err != nil {
		return ErrTPM.With(err.Error())
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	m, err := tpm.Attach(t, v.job.Keys)
	if err != nil {
		return err
	}
	use, err := meter.Begin(m, v.job.Grant)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, use.Close()) }()
	if err := v.openRuntime(use); err != nil {
		return err
	}
	if v.upper, err = v.openHalf(1, use.Upper); err != nil {
		return err
	}
	v.say(Event{Kind: Opened})
	v.lower, err = v.openHalf(0, func() ([]byte, error) {
		half, err := use.Lower()
		if err == nil {
			v.say(Event{Kind: Burnt})
		}
		return half, err
	})
	return err
}

// openRuntime unseals this product line's key and opens the runtime share with it.
func (v *vault) openRuntime(use *meter.Use) error {
	seed, err := use.Plain(v.job.RuntimeKey)
	if err != nil {
		return err
	}
	defer clear(seed)
	key, err := sealed.PrivateKey(seed)
	if err != nil {
		return err
	}
	envelope, err := sealed.ParseEnvelope(v.job.Envelope)
	if err != nil {
		return err
	}
	v.runtime, err = v.binding.OpenRuntimeShare(envelope, key, v.job.Recipient)
	return err
}

// openHalf opens the half of the pair's lower (0) or upper (1) custodian.
func (v *vault) openHalf(place int, open func() ([]byte, error)) (sealed.Share, error) {
	if len(v.job.Pair) != 2 {
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
	return half, v.binding.CheckHalf(v.job.Pair[place], v.job.Pair, half)
}

// produce lets the device make it, and brings the device to rest when that failed.
func (v *vault) produce(ctx context.Context) error {
	err := v.device.Produce(ctx, nil, v, v.report)
	if err != nil {
		err = errors.Join(err, v.device.Safe(context.WithoutCancel(ctx)))
	}
	return err
}

// wipe overwrites the shares. What the Go runtime copied of them ends with the process.
func (v *vault) wipe() {
	v.runtime.Wipe()
	v.lower.Wipe()
	v.upper.Wipe()
}

// say writes an event; when nobody listens any more the job goes on or ends by itself.
func (v *vault) say(e Event) { _ = v.events.Encode(e) }
