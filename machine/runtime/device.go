package runtime

import (
	"context"
	"io"

	"github.com/guildmark/guildmark/chaincode/sealed"
	"github.com/guildmark/guildmark/machine/device/mixer"
)

// levelStep is how coarsely the runtime tells fill levels, always less than there is.
const levelStep mixer.Microliter = 10_000

// device is what the data drives: it reads plaintext as it is opened and keeps none.
type device interface {
	produce(ctx context.Context, plain io.Reader) error
}

// device is the machine's mixer as the job describes it.
func (v *vault) device() (device, error) {
	s := v.job.Mixer
	report := func(e mixer.Event) { v.say(Event{Kind: Device, Mixer: &e}) }
	m, err := mixer.New(s.Pumps, mixer.Config{Warn: s.Warn, AtOnce: s.AtOnce, Clock: mixer.Scaled(s.Scale), Report: report})
	if err != nil {
		return nil, err
	}
	return &beverage{mixer: m, levels: func(l []Level) { v.say(Event{Kind: Levels, Levels: l}) }}, nil
}

// beverage runs recipes on a mixer.
type beverage struct {
	mixer  *mixer.Mixer
	levels func([]Level)
}

func (b *beverage) produce(ctx context.Context, plain io.Reader) error {
	recipe, err := mixer.Open(plain)
	if err != nil {
		return err
	}
	err = b.mixer.Produce(ctx, recipe)
	var left []Level
	for _, p := range b.mixer.Pumps() {
		left = append(left, Level{Pump: p.Number, Left: p.Level / levelStep * levelStep})
	}
	b.levels(left)
	return err
}

// opening tells of each package of the body when its first byte is read.
type opening struct {
	io.Reader

	read int64
	told int
	tell func(number int)
}

// Read implements io.Reader.
func (o *opening) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	o.read += int64(n)
	for o.read > int64(o.told)*sealed.PackageSize {
		o.told++
		o.tell(o.told)
	}
	return n, err
}
