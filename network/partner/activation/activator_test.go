package activation_test

import (
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/guildmark/guildmark/network/partner/activation"
	"github.com/guildmark/guildmark/network/partner/partnertest"
)

// One machine that opens activations without end, under one salt or many, leaves places for the others.
func TestFloodByOneTPM(t *testing.T) {
	maker := partnertest.NewMaker(t, "maker")
	roots := filepath.Join(t.TempDir(), "maker.pem")
	if err := os.WriteFile(roots, maker.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	activator := activation.NewActivator(activation.Roots{VTPM: roots}, func() time.Time { return now })
	greedy, other := partnertest.NewTPM(t, maker), partnertest.NewTPM(t, maker)
	open := func(p *partnertest.TPM, salt byte) error {
		request := p.ActivationRequest()
		request.Salt = hex.EncodeToString(append(make([]byte, 31), salt))
		facts, ek, err := activator.Check(request)
		if err != nil {
			t.Fatal(err)
		}
		_, err = activator.Open(facts, ek)
		return err
	}
	granted := 0
	for n := range 1100 {
		if err := open(greedy, byte(n)); err == nil {
			granted++
		} else if !errors.Is(err, activation.ErrBusy) {
			t.Fatalf("got %v, want %v", err, activation.ErrBusy)
		}
	}
	if granted != 8 {
		t.Errorf("%d open activations of one TPM, want 8", granted)
	}
	if err := open(other, 0); err != nil {
		t.Errorf("another TPM: %v", err)
	}
	now = now.Add(6 * time.Minute)
	if err := open(greedy, 0); err != nil {
		t.Errorf("after six minutes: %v", err)
	}
}
