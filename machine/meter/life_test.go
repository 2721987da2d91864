package meter_test

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/meter"
	"github.com/guildmark/guildmark/machine/tpm"
)

// The agent's process ends between request, grant and use, and the runtime is yet another one: swtpm has one
// client at a time, and the session waits in the TPM.
func TestHandedOverBetweenProcesses(t *testing.T) {
	b := newBench(t, "first", 2)
	r := b.request()
	b.reopen()
	if got := b.meter.Pending(); got != licenseID {
		t.Fatalf("got pending %q", got)
	}
	g := b.grant(r, 2, 0, 1, false)
	b.reopen()
	if err := b.meter.Apply(g); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	b.use()
	info, err := os.Stat(b.path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the state file has mode %v", info.Mode())
	}
	b.noLeak()
}

func TestTopUpKeepsTheCount(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(1)
	b.use()
	g := b.grant(b.request(), 3, 0, 1, true)
	b.pin(1, 1)
	if err := b.meter.Apply(g); err != nil {
		t.Fatal(err)
	}
	b.pin(1, 3)
	b.use()
	b.use()
	_, err := b.meter.Use()
	b.refused(err, tpm2.TPMRCAuthUnavailable)
}

func TestCloseEndsTheMeterAndShowsTheCount(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(5)
	b.use()
	b.use()
	g := b.grant(b.request(), 0, 0, 1, true)
	g.Blobs = nil
	if err := b.meter.Apply(g); err != nil {
		t.Fatal(err)
	}
	_, err := b.meter.Use()
	b.refused(err, tpm2.TPMRCAuthUnavailable)
	if !errors.Is(err, meter.ErrUsedUp) {
		t.Errorf("got %v, want %v", err, meter.ErrUsedUp)
	}
	a, err := b.meter.Receipt(licenseID, "job")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := tpmpolicy.NewSigner(b.tpm.Keys().AK, b.tpm.Keys().SRK)
	if err != nil {
		t.Fatal(err)
	}
	extra := tpmpolicy.ReceiptDigest(licenseID, "job")
	pin, err := signer.Pin(a, b.meter.Index().Name(true), extra[:])
	if err != nil {
		t.Fatal(err)
	}
	if pin != (tpmpolicy.Pin{Count: 2, Limit: 0}) {
		t.Errorf("got %+v", pin)
	}
	if err := b.meter.Remove(); err != nil {
		t.Fatal(err)
	}
	if b.meter, err = meter.Create(b.tpm, b.path, b.id, b.custodians); err != nil {
		t.Fatal(err)
	}
	b.pin(0, 0)
}

// Any two of three or four custodians grant; PolicyOR chooses the pair.
func TestEveryPairOfTheSetGrants(t *testing.T) {
	b := newBench(t, "first", 4)
	limit := int64(0)
	for i := range 4 {
		for j := i + 1; j < 4; j++ {
			limit++
			g := b.grant(b.request(), limit, i, j, limit > 1)
			if err := b.meter.Apply(g); err != nil {
				t.Fatalf("pair %d, %d: %v", i, j, err)
			}
			b.use()
		}
	}
	b.noLeak()
}

func TestNoUseBeforeAGrant(t *testing.T) {
	b := newBench(t, "first", 2)
	if _, err := b.meter.Use(); !errors.Is(err, meter.ErrNoGrant) {
		t.Errorf("got %v, want %v", err, meter.ErrNoGrant)
	}
	if err := b.meter.Apply(meter.Grant{}); !errors.Is(err, meter.ErrNoRequest) {
		t.Errorf("got %v, want %v", err, meter.ErrNoRequest)
	}
	b.pin(0, 0)
}

func TestRequestAgainEndsTheOlderOne(t *testing.T) {
	b := newBench(t, "first", 2)
	old := b.grant(b.request(), 3, 0, 1, false)
	young := b.grant(b.request(), 3, 0, 1, false)
	if err := b.meter.Apply(old); !errors.Is(err, meter.ErrOpenRequest) {
		t.Errorf("got %v, want %v", err, meter.ErrOpenRequest)
	}
	if err := b.meter.Apply(young); err != nil {
		t.Fatal(err)
	}
	b.noLeak()
}

func TestGrantAfterARebootNeedsANewRequest(t *testing.T) {
	b := newBench(t, "first", 2)
	g := b.grant(b.request(), 3, 0, 1, false)
	b.reboot()
	if err := b.meter.Apply(g); !errors.Is(err, meter.ErrSessionLost) {
		t.Fatalf("got %v, want %v", err, meter.ErrSessionLost)
	}
	b.granted(3) // the re-issue: the counter still stands, the index keeps its Name
	b.use()
}

// failing lets a number of commands through and then breaks down, as a crash does.
type failing struct {
	inner transport.TPM
	left  int
}

var errCrash = errors.New("crashed")

func (f *failing) Send(command []byte) ([]byte, error) {
	if f.left == 0 {
		return nil, errCrash
	}
	f.left--
	return f.inner.Send(command)
}

// A crash at any command of Apply leaves a grant that Apply finishes; the counter rises once.
func TestApplySurvivesACrashAtEveryCommand(t *testing.T) {
	for step := 0; ; step++ {
		b := newBench(t, "first", 3)
		g := b.grant(b.request(), 3, 0, 2, false)
		m, err := meter.Open(&failing{inner: b.conn, left: step}, b.path)
		if err != nil {
			t.Fatal(err)
		}
		err = m.Apply(g)
		finished := err == nil
		if !finished && !errors.Is(err, errCrash) {
			t.Fatalf("step %d: %v", step, err)
		}
		b.reopen()
		if err := tpm.Sweep(b.conn, b.openSession()...); err != nil {
			t.Fatal(err)
		}
		if b.meter.Pending() != "" {
			if err := b.meter.Apply(g); err != nil {
				t.Fatalf("apply again after command %d: %v", step, err)
			}
		}
		b.pin(0, 3)
		b.use()
		if v, err := b.tpm.Counter(); err != nil || v != 2 {
			t.Errorf("after a crash at command %d the counter is %d (%v), want 2", step, v, err)
		}
		if finished {
			t.Logf("Apply takes %d commands", step)
			return
		}
	}
}

// openSession is the session that the state file names, if a request is open.
func (b *bench) openSession() []uint32 {
	b.t.Helper()
	h, ok := b.meter.Session()
	if !ok {
		return nil
	}
	return []uint32{h}
}

func TestCreateFindsItsPlaceAgain(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(2)
	other, err := meter.Create(b.tpm, b.path+".other", tpmpolicy.Meter("machine", "another", "terms"), b.custodians)
	if err != nil {
		t.Fatal(err)
	}
	if other.Index().Handle == b.meter.Index().Handle {
		t.Error("two meters at one place")
	}
	if _, err := meter.Create(b.tpm, b.path+".other", b.id, b.custodians); !errors.Is(err, meter.ErrMeter) {
		t.Errorf("got %v, want %v", err, meter.ErrMeter)
	}
	if err := os.Remove(b.path); err != nil {
		t.Fatal(err)
	}
	again, err := meter.Create(b.tpm, b.path, b.id, b.custodians)
	if err != nil {
		t.Fatal(err)
	}
	if again.Index() != b.meter.Index() {
		t.Errorf("got %+v, want %+v", again.Index(), b.meter.Index())
	}
}

// What fails before the burn costs no use.
func TestNotArmedBurnsNothing(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(3)
	armed, err := b.meter.Armed()
	if err != nil {
		t.Fatal(err)
	}
	armed.Counter += 100
	u, err := meter.Begin(b.tpm, armed)
	if err != nil {
		t.Fatal(err)
	}
	_, err = u.Lower()
	if !errors.Is(err, meter.ErrNotArmed) {
		t.Errorf("got %v, want %v", err, meter.ErrNotArmed)
	}
	wantRefused(t, err, tpm2.TPMRCPolicy)
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	b.pin(0, 3)
	b.noLeak()
	b.use()
}

func TestSecretIsLockedAndWiped(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(1)
	s, err := b.meter.Use()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(s.Bytes(), b.share) {
		t.Error("got another share")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error("closing twice:", err)
	}
}
