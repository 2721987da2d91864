package meter_test

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/meter"
	"github.com/guildmark/guildmark/machine/tpm"
)

// The attacks of machine/tpm/docs/tpm.md, each against a real TPM emulator by somebody with root on the
// machine: he speaks to the TPM directly and owns every file. The honest case stands beside the refusal.

// tool runs one of tpm2-tools against the emulator.

// rawBurn tries to satisfy PolicySecret(PIN index) with tpm2-tools.

// handle is the meter's index for raw commands.

func (b *bench) handle(written bool) tpm2.NamedHandle {
	name := b.meter.Index().Name(written)
	return tpm2.NamedHandle{Handle: tpm2.TPMHandle(b.meter.Index().Handle), Name: tpm2.TPM2BName{Buffer: name[:]}}
}

func (b *bench) undefine() {
	b.t.Helper()
	if err := b.tpm.UndefineIndex(b.meter.Index(), true); err != nil {
		b.t.Fatal(err)
	}
}

func TestAttackOwnerRefills(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(1)
	b.use()
	h := b.handle(true)
	zero := tpm2.TPM2BMaxNVBuffer{Buffer: []byte{0, 0, 0, 0, 0, 0, 0, 9}}
	_, err := tpm2.NVWrite{AuthHandle: tpm2.TPMRHOwner, NVIndex: h, Data: zero}.Execute(b.conn)
	b.refusedRaw(err, tpm2.TPMRCNVAuthorization)
	_, err = tpm2.NVWrite{AuthHandle: tpm2.TPMRHPlatform, NVIndex: h, Data: zero}.Execute(b.conn)
	b.refusedRaw(err, tpm2.TPMRCNVAuthorization)
	auth := tpm2.AuthHandle{Handle: h.Handle, Name: h.Name, Auth: tpm2.PasswordAuth(nil)}
	_, err = tpm2.NVWrite{AuthHandle: auth, NVIndex: h, Data: zero}.Execute(b.conn)
	b.refusedRaw(err, tpm2.TPMRCAuthUnavailable)
	b.pin(1, 1)
	out, err := b.tool("tpm2_nvwrite", "-C", "o", "-i", filepath.Join(b.t.TempDir(), "none"), "0x01800200")
	if err == nil {
		t.Errorf("tpm2_nvwrite wrote: %s", out)
	}
	// Reading by the owner, who may, burns nothing.
	b.pin(1, 1)
}

// refusedRaw is refused for commands that go past package tpm.

func (b *bench) refusedRaw(err error, code tpm2.TPMRC) {
	b.t.Helper()
	if !errors.Is(err, code) {
		b.t.Errorf("got %v, want %v", err, code)
	}
}

// Undefine, define the same index again, and replay the grant: its session is gone, its nonce fits no other.

func TestAttackRedefineAndReplay(t *testing.T) {
	b := newBench(t, "first", 2)
	g := b.granted(1)
	b.use()
	b.undefine()
	if err := b.tpm.DefineIndex(b.meter.Index()); err != nil {
		t.Fatal(err)
	}
	_, err := b.meter.Use()
	b.refused(err, tpm2.TPMRCAuthUnavailable) // unwritten: its authorization can't be used
	first, err := b.meter.Index().FirstLimit(1)
	if err != nil {
		t.Fatal(err)
	}
	b.refused(b.replay(g, first, nil), tpm2.TPMRCSignature)
	b.refused(b.replay(g, first, g.Nonce), tpm2.TPMRCNonce)
}

// A top-up's signature can't be used on a redefined index: its Name says unwritten.

func TestAttackTopUpOnARedefinedIndex(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(1)
	b.use()
	g := b.grant(b.request(), 2, 0, 1, true)
	session := b.openSession()[0]
	b.undefine()
	if err := b.tpm.DefineIndex(b.meter.Index()); err != nil {
		t.Fatal(err)
	}
	w, err := b.meter.Index().NewLimit(2)
	if err != nil {
		t.Fatal(err)
	}
	err = b.tpm.WriteLimit(tpm.ResumeSession(session, g.Nonce), b.limit(g, w))
	b.refused(err, tpm2.TPMRCPolicyFail)
}

// limit is a grant as package tpm takes it, with another write if the attacker likes.

func (b *bench) limit(g meter.Grant, w tpmpolicy.Write) tpm.SignedLimit {
	b.t.Helper()
	branches, err := b.custodians.Branches(b.id)
	if err != nil {
		b.t.Fatal(err)
	}
	return tpm.SignedLimit{
		Write: w, Meter: b.id, Signatures: g.Signatures, Branches: branches,
		Keys: [2]*ecdsa.PublicKey{b.custodians[g.Pair[0]], b.custodians[g.Pair[1]]},
	}
}

// replay shows a grant's signatures in a new session; with nonce, the old one is claimed.

func (b *bench) replay(g meter.Grant, w tpmpolicy.Write, nonce []byte) error {
	b.t.Helper()
	s, err := b.tpm.GrantSession()
	if err != nil {
		b.t.Fatal(err)
	}
	show := s
	if nonce != nil {
		show = tpm.ResumeSession(s.HandleValue(), nonce)
	}
	err = b.tpm.WriteLimit(show, b.limit(g, w))
	if closeErr := s.Close(b.conn); closeErr != nil {
		b.t.Fatal(closeErr)
	}
	return err
}

func TestAttackRedefineWithAnOwnPolicy(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(1)
	b.use()
	b.undefine()
	forger := newBench(t, "first", 2) // for its keys only
	own, err := tpmpolicy.NewIndex(b.meter.Index().Handle, forger.custodians, b.id)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.tpm.DefineIndex(own); err != nil {
		t.Fatal(err)
	}
	w, err := own.FirstLimit(100)
	if err != nil {
		t.Fatal(err)
	}
	s, err := b.tpm.GrantSession()
	if err != nil {
		t.Fatal(err)
	}
	branches, err := forger.custodians.Branches(b.id)
	if err != nil {
		t.Fatal(err)
	}
	err = b.tpm.WriteLimit(s, tpm.SignedLimit{
		Write: w, Meter: b.id, Branches: branches,
		Keys:       [2]*ecdsa.PublicKey{forger.custodians[0], forger.custodians[1]},
		Signatures: [2][]byte{forger.signFor(b.id, 0, w, s.Nonce()), forger.signFor(b.id, 1, w, s.Nonce())},
	})
	if err != nil {
		t.Fatal(err) // his own index is his to fill
	}
	armed, err := b.meter.Armed()
	if err != nil {
		t.Fatal(err)
	}
	armed.Policy = own.Policy[:] // and he speaks to it properly
	u, err := meter.Begin(b.tpm, armed)
	if err != nil {
		t.Fatal(err)
	}
	_, err = u.Lower()
	if closeErr := u.Close(); closeErr != nil {
		t.Fatal(closeErr)
	}
	b.refused(err, tpm2.TPMRCPolicyFail)
}

func (b *bench) signFor(_ tpmpolicy.MeterID, i int, w tpmpolicy.Write, nonce []byte) []byte {
	b.t.Helper()
	return b.sign(b.privates[i], w, nonce)
}

// TPM2_Clear resets clock and counts, but the storage key dies with it and the grant counter never falls.

func TestAttackClear(t *testing.T) {
	b := newBench(t, "first", 2)
	g := b.granted(1)
	b.use()
	armed, err := b.meter.Armed()
	if err != nil {
		t.Fatal(err)
	}
	before, err := b.tpm.Counter()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (tpm2.Clear{AuthHandle: tpm2.TPMRHLockout}).Execute(b.conn); err != nil {
		t.Fatal(err)
	}
	old := b.tpm.Keys()
	m, err := tpm.Provision(b.conn)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(m.Keys().SRK, old.SRK) || bytes.Equal(m.Keys().AK, old.AK) {
		t.Fatal("keys survived a clear")
	}
	_, err = m.Import(g.Blobs[0])
	wantRefused(t, err, tpm2.TPMRCIntegrity)
	armed.Upper.Handle, armed.Lower.Handle = 0, 0
	u, err := meter.Begin(m, armed)
	if err != nil {
		t.Fatal(err)
	}
	_, err = u.Upper()
	wantRefused(t, err, tpm2.TPMRCIntegrity)
	if err := u.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := m.Counter()
	if err != nil {
		t.Fatal(err)
	}
	if after <= before {
		t.Errorf("the grant counter fell from %d to %d", before, after)
	}
}

func TestAttackOtherTPM(t *testing.T) {
	b, other := newBench(t, "first", 2), newBench(t, "second", 2)
	g := b.granted(3)
	b.use()
	for _, blob := range g.Blobs {
		_, err := other.tpm.Import(blob)
		var r *tpm.Refused
		if !errors.As(err, &r) || r.IsMemory() {
			t.Errorf("got %v, want a refusal", err)
		}
	}
	// The whole folder on the second machine.
	state, err := os.ReadFile(b.path)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "meter.json")
	if err := os.WriteFile(path, state, 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := meter.Open(other.conn, path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Use()
	var r *tpm.Refused
	if !errors.As(err, &r) || r.IsMemory() {
		t.Errorf("got %v, want a refusal", err)
	}
	t.Log(err)
}

// sendInstead satisfies the policy for one write and then sends another.

// cutter holds one command back.

// A session that already carries the signatures can't be kept for later: its context loads once, and not
// after a reset.

// The half without the PIN opens as often as one likes and gives away nothing of the share.

// PolicySecret on a PIN index gives no ticket: else one burn could be shown again and again. The control
// shows that the

// TPM gives tickets otherwise.

// Refusals leave no session or object behind: the TPM holds three of each.
