package meter_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/meter"
	"github.com/guildmark/guildmark/machine/tpm"
)

func TestAttackEditedPolicy(t *testing.T) {
	b := newBench(t, "first", 2)
	g := b.grant(b.request(), 3, 0, 1, false)
	good := g.Blobs[0]
	edited := good
	edited.Public = bytes.Clone(good.Public)
	copy(edited.Public[12:], g.Blobs[1].Public[12:44]) // the policy without the PIN
	g.Blobs[0] = edited
	if err := b.meter.Apply(g); !errors.Is(err, tpmpolicy.ErrSealedPolicy) {
		t.Errorf("got %v, want %v", err, tpmpolicy.ErrSealedPolicy)
	}
	_, err := b.tpm.Import(edited)
	b.refused(err, tpm2.TPMRCIntegrity)
	password := good
	password.Public = bytes.Clone(good.Public)
	password.Public[9] |= 0x40 // userWithAuth
	_, err = b.tpm.Import(password)
	b.refused(err, tpm2.TPMRCIntegrity)
	g.Blobs[0] = good
	if err := b.meter.Apply(g); err != nil {
		t.Fatal(err)
	}
	b.use()
}

func TestAttackOneCustodianAlone(t *testing.T) {
	b := newBench(t, "first", 3)
	g := b.grant(b.request(), 3, 0, 1, false)
	w, err := b.meter.Index().FirstLimit(3)
	if err != nil {
		t.Fatal(err)
	}
	session := b.openSession()[0]
	twice := b.limit(g, w)
	twice.Keys[1], twice.Signatures[1] = twice.Keys[0], twice.Signatures[0]
	b.refused(b.tpm.WriteLimit(tpm.ResumeSession(session, g.Nonce), twice), tpm2.TPMRCValue) // no branch of PolicyOR
	forged := b.limit(g, w)
	forged.Signatures[1] = forged.Signatures[0]
	b.refused(b.tpm.WriteLimit(tpm.ResumeSession(session, g.Nonce), forged), tpm2.TPMRCSignature)
	if err := b.meter.Apply(g); err != nil { // the session still serves the honest grant
		t.Fatal(err)
	}
	b.use()
}

func TestAttackOneCustodianOfTwo(t *testing.T) {
	b := newBench(t, "first", 2)
	g := b.grant(b.request(), 3, 0, 1, false)
	w, err := b.meter.Index().FirstLimit(3)
	if err != nil {
		t.Fatal(err)
	}
	twice := b.limit(g, w)
	twice.Keys[1], twice.Signatures[1] = twice.Keys[0], twice.Signatures[0]
	b.refused(b.tpm.WriteLimit(tpm.ResumeSession(b.openSession()[0], g.Nonce), twice), tpm2.TPMRCPolicyFail)
}

func TestAttackPairOutsideTheSet(t *testing.T) {
	b := newBench(t, "first", 3)
	g := b.grant(b.request(), 3, 0, 1, false)
	w, err := b.meter.Index().FirstLimit(3)
	if err != nil {
		t.Fatal(err)
	}
	session := b.openSession()[0]
	stranger := newBench(t, "first", 2)
	mixed := b.limit(g, w)
	mixed.Keys[1], mixed.Signatures[1] = stranger.custodians[0], stranger.sign(stranger.privates[0], w, g.Nonce)
	b.refused(b.tpm.WriteLimit(tpm.ResumeSession(session, g.Nonce), mixed), tpm2.TPMRCValue)
	turned := b.limit(g, w)
	turned.Keys[0], turned.Keys[1] = turned.Keys[1], turned.Keys[0]
	turned.Signatures[0], turned.Signatures[1] = turned.Signatures[1], turned.Signatures[0]
	b.refused(b.tpm.WriteLimit(tpm.ResumeSession(session, g.Nonce), turned), tpm2.TPMRCValue)
	wrong := g
	wrong.Pair = [2]int{0, 2}
	err = b.meter.Apply(wrong)
	b.refused(err, tpm2.TPMRCSignature)
}

func TestAttackNonceOfAnotherSession(t *testing.T) {
	b := newBench(t, "first", 2)
	g := b.grant(b.request(), 3, 0, 1, false)
	w, err := b.meter.Index().FirstLimit(3)
	if err != nil {
		t.Fatal(err)
	}
	wantRefused(t, b.replay(g, w, nil), tpm2.TPMRCSignature)
	wantRefused(t, b.replay(g, w, g.Nonce), tpm2.TPMRCNonce)
	if err := b.meter.Apply(g); err != nil {
		t.Fatal(err)
	}
	b.use()
}

func TestAttackAnotherLimitInTheSignedSession(t *testing.T) {
	b := newBench(t, "first", 2)
	g := b.grant(b.request(), 3, 0, 1, false)
	w, err := b.meter.Index().FirstLimit(300)
	if err != nil {
		t.Fatal(err)
	}
	// The cpHash that goes with the signatures is part of what was signed.
	b.refused(b.tpm.WriteLimit(tpm.ResumeSession(b.openSession()[0], g.Nonce), b.limit(g, w)), tpm2.TPMRCSignature)
	larger := g
	larger.Limit = 300
	b.refused(b.meter.Apply(larger), tpm2.TPMRCSignature)
	// With the signed cpHash shown and another command sent, the session allows only what was signed.
	honest, err := b.meter.Index().FirstLimit(3)
	if err != nil {
		t.Fatal(err)
	}
	b.refusedRaw(b.sendInstead(g, honest, w), tpm2.TPMRCPolicyFail)
}

func (b *bench) sendInstead(g meter.Grant, signed, sent tpmpolicy.Write) error {
	b.t.Helper()
	cut := &cutter{inner: b.conn, at: tpm2.TPMCCNVWrite}
	m, err := tpm.Attach(cut, b.tpm.Keys())
	if err != nil {
		b.t.Fatal(err)
	}
	session := tpm.ResumeSession(b.openSession()[0], g.Nonce)
	if err := m.WriteLimit(session, b.limit(g, signed)); !errors.Is(err, errCrash) {
		b.t.Fatalf("got %v, want to stop before the write", err)
	}
	_, err = sent.Command(session).Execute(b.conn)
	return err
}

type cutter struct {
	inner transport.TPM
	at    tpm2.TPMCC
}

func (c *cutter) Send(command []byte) ([]byte, error) {
	if tpm2.TPMCC(binary.BigEndian.Uint32(command[6:])) == c.at {
		return nil, errCrash
	}
	return c.inner.Send(command)
}

func TestAttackSavedSession(t *testing.T) {
	b := newBench(t, "first", 2)
	s, err := b.tpm.GrantSession()
	if err != nil {
		t.Fatal(err)
	}
	saved, err := tpm2.ContextSave{SaveHandle: tpm2.TPMIDHContext(s.HandleValue())}.Execute(b.conn)
	if err != nil {
		t.Fatal(err)
	}
	load := func() error {
		_, err := tpm2.ContextLoad{Context: saved.Context}.Execute(b.conn)
		return err
	}
	if err := load(); err != nil { // once is honest
		t.Fatal(err)
	}
	b.refusedRaw(load(), tpm2.TPMRCHandle)
	again, err := tpm2.ContextSave{SaveHandle: tpm2.TPMIDHContext(s.HandleValue())}.Execute(b.conn)
	if err != nil {
		t.Fatal(err)
	}
	b.refusedRaw(load(), tpm2.TPMRCHandle) // an older copy
	b.reboot()
	saved = again
	if err := load(); err == nil || errors.Is(err, tpm2.TPMRCSessionMemory) {
		t.Errorf("a session survived a reset: %v", err)
	}
}
