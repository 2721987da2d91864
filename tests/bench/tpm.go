package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/meter"
	"github.com/guildmark/guildmark/machine/tpm"
	"github.com/guildmark/guildmark/machine/tpm/swtpm"
)

// meteredUses is how many uses one measurement takes.
const meteredUses = 20

// metered is a machine whose TPM (swtpm) was enrolled and granted uses; what went to the TPM was recorded.
type metered struct {
	recorder   *tpm.Recorder
	tpm        *tpm.TPM
	meter      *meter.Meter
	id         tpmpolicy.MeterID
	privates   []*ecdsa.PrivateKey
	custodians tpmpolicy.Custodians
	enrollment []tpm.Command
}

// metering is row 24.
func metering(ctx context.Context, b *bench) (rows []Row, err error) {
	dir, err := os.MkdirTemp("", "guildmark-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	maker, err := swtpm.NewAuthority(filepath.Join(dir, "maker"))
	if err != nil {
		return nil, err
	}
	home := filepath.Join(dir, "tpm")
	if err := maker.Make(ctx, home); err != nil {
		return nil, err
	}
	sim, err := swtpm.Start(ctx, home)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, sim.Stop(context.WithoutCancel(ctx))) }()
	conn, err := tpm.Dial(ctx, sim.Address())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // before its TPM stops
	m, err := newMetered(conn, maker, filepath.Join(dir, "meter.json"))
	if err != nil {
		return nil, err
	}
	row, err := m.measure(ctx, b)
	return []Row{row}, err
}

func newMetered(conn transport.TPM, maker *swtpm.Authority, state string) (*metered, error) {
	m := &metered{recorder: tpm.NewRecorder(conn), id: tpmpolicy.Meter("machine", "dataset", "terms")}
	if err := m.enroll(maker); err != nil {
		return nil, fmt.Errorf("enroll: %w", err)
	}
	m.enrollment = m.recorder.Take()
	for range 2 {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		m.privates, m.custodians = append(m.privates, k), append(m.custodians, &k.PublicKey)
	}
	var err error
	if m.meter, err = meter.Create(m.tpm, state, m.id, m.custodians); err != nil {
		return nil, err
	}
	r, err := m.meter.Request("1111111111111111111111111111111111111111111111111111111111111111")
	if err != nil {
		return nil, err
	}
	g, err := m.grant(r, 1<<30)
	if err != nil {
		return nil, err
	}
	return m, m.meter.Apply(g)
}

// enroll is what a machine's TPM does for a registrar: certificate, keys, credential, attestations.
func (m *metered) enroll(maker *swtpm.Authority) error {
	der, err := tpm.EKCertificate(m.recorder)
	if err != nil {
		return err
	}
	ek, err := vouched(der, maker)
	if err != nil {
		return err
	}
	if m.tpm, err = tpm.Provision(m.recorder); err != nil {
		return err
	}
	secret := bytes.Repeat([]byte{0x5E}, 32)
	credential, err := tpmpolicy.MakeCredential(rand.Reader, ek.Key, m.tpm.AKName(), secret)
	if err != nil {
		return err
	}
	got, err := m.tpm.Activate(ek.Key, credential)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, secret) {
		return errors.New("the TPM opened another secret")
	}
	for _, attest := range []func([]byte) (tpmpolicy.Attestation, error){
		m.tpm.CertifySRK, m.tpm.CertifyToken,
		m.tpm.CertifyCounter,
	} {
		if _, err := attest(secret); err != nil {
			return err
		}
	}
	return nil
}

func vouched(der []byte, maker *swtpm.Authority) (tpmpolicy.Endorsement, error) {
	root, err := maker.Root()
	if err != nil {
		return tpmpolicy.Endorsement{}, err
	}
	issuer, err := maker.Issuer()
	if err != nil {
		return tpmpolicy.Endorsement{}, err
	}
	roots, issuers := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	issuers.AppendCertsFromPEM(issuer)
	return tpmpolicy.VerifyEndorsement(der, roots, issuers, time.Now())
}

// grant is what two custodians answer.
func (m *metered) grant(r meter.Request, limit int64) (meter.Grant, error) {
	g := meter.Grant{License: r.License, Nonce: r.Nonce, Limit: limit, Pair: [2]int{0, 1}}
	signer, err := tpmpolicy.NewSigner(m.tpm.Keys().AK, m.tpm.Keys().SRK)
	if err != nil {
		return g, err
	}
	extra := tpmpolicy.GrantDigest(r.License, r.Nonce, r.Index.Name(false))
	counter, err := signer.Counter(r.Counter, tpmpolicy.CounterName(), extra[:])
	if err != nil {
		return g, err
	}
	write, err := r.Index.FirstLimit(limit)
	if err != nil {
		return g, err
	}
	digest, err := write.Digest(r.Nonce, m.id)
	if err != nil {
		return g, err
	}
	for i, k := range m.privates {
		if g.Signatures[i], err = ecdsa.SignASN1(rand.Reader, k, digest[:]); err != nil {
			return g, err
		}
	}
	lower, err := tpmpolicy.UsePolicy(tpmpolicy.CounterName(), counter, r.Index, m.id)
	if err != nil {
		return g, err
	}
	upper, err := tpmpolicy.CounterPolicy(tpmpolicy.CounterName(), counter)
	if err != nil {
		return g, err
	}
	for i, policy := range []tpmpolicy.Digest{lower, upper} {
		half := bytes.Repeat([]byte{byte(i + 1)}, 32)
		blob, err := tpmpolicy.Wrap(rand.Reader, half, m.tpm.Keys().SRK, policy)
		if err != nil {
			return g, err
		}
		g.Blobs = append(g.Blobs, blob)
	}
	return g, nil
}

// cost is the time that commands took, and how many of them write NVRAM.
func cost(commands []tpm.Command) (took time.Duration, writes int) {
	for _, c := range commands {
		took += c.Took
		if c.WritesNV() {
			writes++
		}
	}
	return took, writes
}

// measure takes wall time (product) and the sum of the commands' times (floor) of the same uses: one can't be without
// the other.
func (m *metered) measure(ctx context.Context, b *bench) (Row, error) {
	m.recorder.Take()
	var sum time.Duration
	most, writes := 0, 0
	product := func(ctx context.Context) (float64, error) {
		sum = 0
		var wall time.Duration
		for range meteredUses {
			began := time.Now()
			s, err := m.meter.Use()
			if err != nil {
				return 0, err
			}
			if err := s.Close(); err != nil {
				return 0, err
			}
			wall += time.Since(began)
			commands := m.recorder.Take()
			most = max(most, len(commands))
			took, n := cost(commands)
			sum += took
			writes = max(writes, n)
		}
		return float64(wall) / meteredUses, ctx.Err()
	}
	row := Row{
		ID: "24", Name: "metered use, wall ÷ sum of its TPM commands (swtpm)", Unit: "ns", Goal: "<=1.2",
		Pairs: b.pairs, By: "ratio of medians",
	}
	for i := -1; i < row.Pairs; i++ {
		b.progress.step(row.ID, i+1, row.Pairs)
		wall, err := product(ctx)
		if err != nil {
			return row, err
		}
		if i >= 0 {
			row.Raw = append(row.Raw, Pair{Floor: float64(sum) / meteredUses, Product: wall})
		}
	}
	row.settle(false)
	row.Load = loadAverage()
	row.Also = []Condition{
		condition("TPM commands a metered use", "<=6", float64(most)),
		condition("NV writes a metered use", "=1", float64(writes)),
		condition("TPM commands of an enrollment", "<=20", float64(len(m.enrollment))),
	}
	row.Notes = []string{"floor and product are the same uses: the recording transport's sum of command " +
		"times lies inside the wall time"}
	row.judge()
	return row, nil
}
