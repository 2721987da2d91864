package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
)

// certificates of the test consortium are good around this moment; verification never reads the system's clock.
const certificatesFrom = 1_790_000_000

var errFloor = errors.New("the floor's own check failed")

// offline is a signed license with what its floor needs: the k raw signatures inside it.
type offline struct {
	c       *signedtest.Consortium
	sale    signedtest.Sale
	peers   []signedtest.Signer
	file    []byte
	digests [][]byte
	sigs    [][]byte
}

func newOffline() (*offline, error) {
	c, err := signedtest.New(time.Unix(certificatesFrom, 0))
	if err != nil {
		return nil, err
	}
	x := &offline{c: c, sale: signedtest.NewSale(signedtest.Manufacturer, signedtest.Operator)}
	if x.peers, err = c.Peers(signedtest.Manufacturer, signedtest.Operator); err != nil {
		return nil, err
	}
	f, err := c.Build(x.deed(c.Bundle))
	if err != nil {
		return nil, err
	}
	for _, e := range f.Endorsements {
		d := sha256.Sum256(append(append([]byte(nil), f.Payload...), e.Endorser...))
		x.digests, x.sigs = append(x.digests, d[:]), append(x.sigs, e.Signature)
	}
	x.file = f.Encode()
	return x, nil
}

func (x *offline) deed(b *signed.Bundle) signedtest.Deed {
	return signedtest.Deed{Answer: x.sale.LicenseAnswer(b, signedtest.Nonce, certificatesFrom), Signers: x.peers}
}

func (x *offline) want() signed.LicenseExpectation {
	return signed.LicenseExpectation{
		Nonce: signedtest.Nonce, Machine: x.sale.Machine.ID,
		Manifest: x.sale.Manifest, Floor: certificatesFrom,
	}
}

// raw verifies the k signatures and nothing else.
func (x *offline) raw() error {
	for i, p := range x.peers {
		if !ecdsa.VerifyASN1(&p.Key.PublicKey, x.digests[i], x.sigs[i]) {
			return errFloor
		}
	}
	return nil
}

// chained verifies the k signatures and the k certificate chains by crypto/x509.
func (x *offline) chained(roots *x509.CertPool) error {
	for i, p := range x.peers {
		cert, err := x509.ParseCertificate(p.Certificate.Raw)
		if err != nil {
			return err
		}
		options := x509.VerifyOptions{
			Roots: roots, CurrentTime: x.c.Start,
			KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
		}
		if _, err := cert.Verify(options); err != nil {
			return err
		}
		if !ecdsa.VerifyASN1(&p.Key.PublicKey, x.digests[i], x.sigs[i]) {
			return errFloor
		}
	}
	return nil
}

// warm verifies files in turn by one verifier that knows the certificates.
func (x *offline) warm(b *signed.Bundle, files ...[]byte) (func() error, error) {
	v, err := signed.NewVerifier(b)
	if err != nil {
		return nil, err
	}
	i, want := 0, x.want()
	return func() error {
		_, _, err := v.License(files[i%len(files)], want)
		i++
		return err
	}, nil
}

// verifyWarm is row 9 and what may not grow: licenses on the machine, revoked certificates.
func verifyWarm(ctx context.Context, b *bench) ([]Row, error) {
	x, err := newOffline()
	if err != nil {
		return nil, err
	}
	product, err := x.warm(x.c.Bundle, x.file)
	if err != nil {
		return nil, err
	}
	row, err := b.compare(ctx, comparison{
		id: "9", name: "offline verify, warm ÷ k = 2 raw P-256 verifies", unit: "ns", goal: "<=1.25",
		best: true, pairs: b.cpuPairs(),
		floor: timed(x.raw), product: timed(product),
	})
	if err != nil {
		return nil, err
	}
	rows := []Row{row}
	for _, grow := range []func(context.Context, *bench, *offline) (Row, error){amongLicenses, amongRevocations} {
		row, err := grow(ctx, b, x)
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func amongLicenses(ctx context.Context, b *bench, x *offline) (Row, error) {
	const few, many = 10, 10_000
	b.progress.say("row 9: signing %d licenses", many)
	files := make([][]byte, many)
	for i := range files {
		var err error
		if files[i], err = x.c.File(x.deed(x.c.Bundle)); err != nil {
			return Row{}, err
		}
	}
	floor, err := x.warm(x.c.Bundle, files[:few]...)
	if err != nil {
		return Row{}, err
	}
	product, err := x.warm(x.c.Bundle, files...)
	if err != nil {
		return Row{}, err
	}
	return b.compare(ctx, comparison{
		id: "9x1000", name: "offline verify, warm: 10,000 licenses on the machine ÷ 10", unit: "ns",
		goal: "<=1.2", best: true, pairs: b.cpuPairs(),
		floor: timed(floor), product: timed(product),
	})
}

func amongRevocations(ctx context.Context, b *bench, x *offline) (Row, error) {
	var sides [2]measure
	for i, n := range []int{1_000, 100_000} {
		b.progress.say("row 9: revoking %d certificates", n)
		serials := make([]*big.Int, n)
		for j := range serials {
			serials[j] = big.NewInt(int64(1_000_000 + j)) // none of them a signer's
		}
		bundle, err := x.c.Revoke(signedtest.Operator, serials...)
		if err != nil {
			return Row{}, err
		}
		file, err := x.c.File(x.deed(bundle))
		if err != nil {
			return Row{}, err
		}
		do, err := x.warm(bundle, file)
		if err != nil {
			return Row{}, fmt.Errorf("%d revocations: %w", n, err)
		}
		sides[i] = timed(do)
	}
	return b.compare(ctx, comparison{
		id: "9r100", name: "offline verify, warm: 100,000 revocations in the bundle ÷ 1,000", unit: "ns",
		goal: "<=1.2", best: true, pairs: b.cpuPairs(),
		floor: sides[0], product: sides[1],
	})
}

// verifyCold is row 10: no certificate known, the bundle parsed.
func verifyCold(ctx context.Context, b *bench) ([]Row, error) {
	x, err := newOffline()
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	for _, p := range x.c.Bundle.Partners {
		roots.AppendCertsFromPEM([]byte(p.Roots[0]))
	}
	row, err := b.compare(ctx, comparison{
		id: "10", name: "offline verify, cold ÷ k = 2 x (verify + chain)", unit: "ns", goal: "<=1.3",
		best: true, pairs: b.cpuPairs(),
		floor:   timed(func() error { return x.chained(roots) }),
		product: x.cold,
	})
	return []Row{row}, err
}

// cold measures a verification by a verifier that knows no certificate yet. The verifiers are made before the time is
// taken, as many as fill a slice.
func (x *offline) cold(context.Context) (float64, error) {
	const n = 32
	var fresh [n]*signed.Verifier
	for i := range fresh {
		v, err := signed.NewVerifier(x.c.Bundle)
		if err != nil {
			return 0, err
		}
		fresh[i] = v
	}
	want := x.want()
	began := time.Now()
	for _, v := range fresh {
		if _, _, err := v.License(x.file, want); err != nil {
			return 0, err
		}
	}
	return float64(time.Since(began)) / n, nil
}
