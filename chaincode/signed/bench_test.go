package signed_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"testing"

	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/signed/signedtest"
)

// The floors and products of rows 9 and 10 of tests/bench/README.md: `make bench` runs them interleaved and
// compares the best times.

type bench struct {
	c       *signedtest.Consortium
	sale    signedtest.Sale
	peers   []signedtest.Signer
	file    []byte
	bundle  *signed.Bundle
	digests [][]byte
	sigs    [][]byte
}

func newBench(b *testing.B, bundle func(*signedtest.Consortium) *signed.Bundle) bench {
	b.Helper()
	c, sale := newConsortium(b)
	x := bench{c: c, sale: sale, bundle: c.Bundle}
	var err error
	if x.peers, err = c.Peers(signedtest.Manufacturer, signedtest.Operator); err != nil {
		b.Fatal(err)
	}
	if bundle != nil {
		x.bundle = bundle(c)
	}
	f, err := c.Build(signedtest.Deed{
		Answer:  sale.LicenseAnswer(x.bundle, signedtest.Nonce, start.Unix()),
		Signers: x.peers,
	})
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range f.Endorsements {
		d := sha256.Sum256(append(append([]byte(nil), f.Payload...), e.Endorser...))
		x.digests, x.sigs = append(x.digests, d[:]), append(x.sigs, e.Signature)
	}
	x.file = f.Encode()
	return x
}

// BenchmarkFloorWarm is row 9's floor: k raw P-256 verifications.
func BenchmarkFloorWarm(b *testing.B) {
	x := newBench(b, nil)
	for b.Loop() {
		for i, p := range x.peers {
			if !ecdsa.VerifyASN1(&p.Key.PublicKey, x.digests[i], x.sigs[i]) {
				b.Fatal("floor")
			}
		}
	}
}

// BenchmarkVerifyWarm is row 9: a whole signed license, certificates known.
func BenchmarkVerifyWarm(b *testing.B) {
	x := newBench(b, nil)
	v, want := verifier(b, x.bundle), wanted(x.sale)
	for b.Loop() {
		if _, _, err := v.License(x.file, want); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFloorCold is row 10's floor: k times a raw verification and a chain by crypto/x509.
func BenchmarkFloorCold(b *testing.B) {
	x := newBench(b, nil)
	roots := x509.NewCertPool()
	for _, p := range x.bundle.Partners {
		roots.AppendCertsFromPEM([]byte(p.Roots[0]))
	}
	raw := make([][]byte, len(x.peers))
	for i, p := range x.peers {
		raw[i] = p.Certificate.Raw
	}
	for b.Loop() {
		for i, p := range x.peers {
			cert, err := x509.ParseCertificate(raw[i])
			if err != nil {
				b.Fatal(err)
			}
			if _, err := cert.Verify(x509.VerifyOptions{
				Roots: roots, CurrentTime: start,
				KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
			}); err != nil {
				b.Fatal(err)
			}
			if !ecdsa.VerifyASN1(&p.Key.PublicKey, x.digests[i], x.sigs[i]) {
				b.Fatal("floor")
			}
		}
	}
}

// BenchmarkVerifyCold is row 10: the same file with no certificate known; the bundle is parsed already.
func BenchmarkVerifyCold(b *testing.B) {
	x := newBench(b, nil)
	want := wanted(x.sale)
	for b.Loop() {
		b.StopTimer()
		v := verifier(b, x.bundle)
		b.StartTimer()
		if _, _, err := v.License(x.file, want); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyWarmAmong is row 9's growth in licenses on the machine: another file each time.
func BenchmarkVerifyWarmAmong(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprintf("files=%d", n), func(b *testing.B) {
			x := newBench(b, nil)
			v := verifier(b, x.bundle)
			files := make([][]byte, n)
			for i := range files {
				f, err := x.c.File(signedtest.Deed{Answer: x.sale.LicenseAnswer(x.bundle, signedtest.Nonce,
					start.Unix()), Signers: x.peers})
				if err != nil {
					b.Fatal(err)
				}
				files[i] = f
			}
			want, i := wanted(x.sale), 0
			for b.Loop() {
				if _, _, err := v.License(files[i%n], want); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}
