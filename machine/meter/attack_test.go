package meter_test

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"

	"guildmark/chaincode/tpmpolicy"
	"guildmark/machine/meter"
	"guildmark/machine/tpm"
)

// The attacks of facts/tpm.md 5, each against a real TPM emulator by somebody with root on the machine: he speaks to
// the TPM directly and owns every file. The honest case stands beside the refusal.

// tool runs one of tpm2-tools against the emulator.
func (b *bench) tool(args ...string) (string, error) {
	b.t.Helper()
	path, err := exec.LookPath(args[0])
	if err != nil {
		b.t.Fatalf("%s is missing: apt-get install -y tpm2-tools", args[0])
	}
	b.hangUp() // one client at a time
	cmd := exec.CommandContext(b.t.Context(), path, args[1:]...)
	cmd.Env = append(os.Environ(), "TPM2TOOLS_TCTI="+b.sim.TCTI())
	out, err := cmd.CombinedOutput()
	b.reopen()
	return string(out), err
}

// rawBurn tries to satisfy PolicySecret(PIN index) with tpm2-tools.
func (b *bench) rawBurn() (string, error) {
	b.t.Helper()
	session := filepath.Join(b.t.TempDir(), "session")
	if out, err := b.tool("tpm2_startauthsession", "--policy-session", "-S", session); err != nil {
		b.t.Fatalf("tpm2_startauthsession: %v: %s", err, out)
	}
	out, err := b.tool("tpm2_policysecret", "-S", session, "-c", "0x01800200")
	if flushed, flushErr := b.tool("tpm2_flushcontext", session); flushErr != nil {
		b.t.Fatalf("tpm2_flushcontext: %v: %s", flushErr, flushed)
	}
	return out, err
}

func TestAttackOneUseTooMany(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(3)
	b.use()
	if out, err := b.rawBurn(); err != nil { // honest beside it: the raw way works and costs a use
		t.Fatalf("tpm2_policysecret: %v: %s", err, out)
	}
	b.pin(2, 3)
	b.use()
	_, err := b.meter.Use()
	b.refused(err, tpm2.TPMRCAuthUnavailable)
	var r *tpm.Refused
	if !errors.Is(err, meter.ErrUsedUp) || !errors.As(err, &r) || r.Name() != "TPM_RC_AUTH_UNAVAILABLE" {
		t.Errorf("got %v", err)
	}
	out, err := b.rawBurn()
	if err == nil {
		t.Fatal("tpm2-tools burnt a use too many")
	}
	if !strings.Contains(strings.ToLower(out), "0x12f") {
		t.Errorf("tpm2_policysecret failed otherwise: %s", out)
	}
	b.pin(3, 3)
}

func TestAttackReboot(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(3)
	b.use()
	b.use()
	b.reboot()
	b.pin(2, 3)
	b.use()
	_, err := b.meter.Use()
	b.refused(err, tpm2.TPMRCAuthUnavailable)
}

func TestAttackPowerCut(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(3)
	b.use()
	b.use()
	b.powerCut()
	b.pin(2, 3)
	b.use()
	b.powerCut()
	_, err := b.meter.Use()
	b.refused(err, tpm2.TPMRCAuthUnavailable)
}

func TestAttackFilesRestoredFromACopy(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(3)
	b.use()
	before, err := os.ReadFile(b.path)
	if err != nil {
		t.Fatal(err)
	}
	b.use()
	if err := os.WriteFile(b.path, before, 0o600); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	b.use()
	if err := os.WriteFile(b.path, before, 0o600); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	_, err = b.meter.Use()
	b.refused(err, tpm2.TPMRCAuthUnavailable)
	b.pin(3, 3)
}

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
		Write: w, Meter: b.id, Branches: branches, Keys: [2]*ecdsa.PublicKey{forger.custodians[0], forger.custodians[1]},
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

// TPM2_Clear resets clock and counts, but the storage key dies with it and the epoch counter never falls.
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
		t.Errorf("the epoch counter fell from %d to %d", before, after)
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

// sendInstead satisfies the policy for one write and then sends another.
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

// cutter holds one command back.
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

// A session that already carries the signatures can't be kept for later: its context loads once, and not after a reset.
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

// The half without the PIN opens as often as one likes and gives away nothing of the share.
func TestAttackHalfWithoutThePin(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(1)
	b.use()
	armed, err := b.meter.Armed()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		u, err := meter.Begin(b.tpm, armed)
		if err != nil {
			t.Fatal(err)
		}
		upper, err := u.Upper()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(upper, b.share) {
			t.Error("one half is the whole share")
		}
		_, err = u.Lower()
		wantRefused(t, err, tpm2.TPMRCAuthUnavailable)
		if err := u.Close(); err != nil {
			t.Fatal(err)
		}
	}
	b.noLeak()
	// The other half's policy can't be met by the checks of this one.
	u, err := meter.Begin(b.tpm, armed)
	if err != nil {
		t.Fatal(err)
	}
	swapped := armed
	swapped.Upper = armed.Lower
	v, err := meter.Begin(b.tpm, swapped)
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.Upper()
	wantRefused(t, err, tpm2.TPMRCPolicyFail)
	if err := errors.Join(u.Close(), v.Close()); err != nil {
		t.Fatal(err)
	}
	b.pin(1, 1)
	b.noLeak()
}

// PolicySecret on a PIN index gives no ticket: else one burn could be shown again and again. The control shows that the
// TPM gives tickets otherwise.
func TestAttackTicket(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(3)
	h := b.handle(true)
	for _, c := range []struct {
		name string
		auth tpm2.AuthHandle
		want bool
	}{
		{"the owner", tpm2.AuthHandle{Handle: tpm2.TPMRHOwner, Auth: tpm2.PasswordAuth(nil)}, true},
		{"the PIN index", tpm2.AuthHandle{Handle: h.Handle, Name: h.Name, Auth: tpm2.PasswordAuth(nil)}, false},
	} {
		s, err := b.tpm.GrantSession()
		if err != nil {
			t.Fatal(err)
		}
		rsp, err := tpm2.PolicySecret{
			AuthHandle: c.auth, PolicySession: s.Handle(), NonceTPM: s.NonceTPM(), Expiration: -1000,
		}.Execute(b.conn)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := len(rsp.PolicyTicket.Digest.Buffer) > 0; got != c.want {
			t.Errorf("%s: got a ticket %v, want %v", c.name, got, c.want)
		}
		if err := s.Close(b.conn); err != nil {
			t.Fatal(err)
		}
	}
	b.pin(1, 3)
}

// Refusals leave no session or object behind: the TPM holds three of each.
func TestRefusalsLeakNothing(t *testing.T) {
	b := newBench(t, "first", 2)
	b.granted(1)
	b.use()
	for range 20 {
		_, err := b.meter.Use()
		b.refused(err, tpm2.TPMRCAuthUnavailable)
	}
	g := b.grant(b.request(), 2, 0, 1, true)
	bad := g
	bad.Signatures = [2][]byte{g.Signatures[0], g.Signatures[0]}
	for range 20 {
		b.refused(b.meter.Apply(bad), tpm2.TPMRCSignature)
	}
	if err := b.meter.Apply(g); err != nil {
		t.Fatal(err)
	}
	b.use()
	b.noLeak()
}
