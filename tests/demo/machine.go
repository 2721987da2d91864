package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/guildmark/guildmark/machine/tpm/swtpm"
	"github.com/guildmark/guildmark/tests/stage"
)

// enrollMachine makes two machines with TPM emulators and lets registrar and custodians activate their credentials.
func enrollMachine(ctx context.Context, w *world) error {
	maker, err := swtpm.NewAuthority(filepath.Join(w.Dir, "tpm-maker"))
	if err != nil {
		return err
	}
	if w.machine, err = w.MakeBox(ctx, maker, "mixer"); err != nil {
		return err
	}
	if w.thief, err = w.MakeBox(ctx, maker, "other"); err != nil {
		return err
	}
	if w.breakAt != "machine" { // a maker of TPMs that nobody vouches for
		if err := w.TrustMaker(maker); err != nil {
			return err
		}
	}
	for i, b := range []*stage.Box{w.machine, w.thief} {
		assurance, err := w.Enroll(ctx, b, fmt.Sprintf("buyer%d", i+1))
		if err != nil {
			return err
		}
		w.Say("%-6s %s… assurance %s", b.Name, b.ID[:16], assurance)
	}
	w.Say("two machines are on the ledger; registrar and three custodians each saw their TPMs prove their keys")
	return nil
}
