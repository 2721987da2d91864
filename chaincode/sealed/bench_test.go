package sealed_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"io"
	"testing"

	"github.com/guildmark/guildmark/chaincode/sealed"
)

// Row 11 of the performance table: BenchmarkOpen over BenchmarkRaw on the same bytes, in memory.
const benchSize = 16 << 20

func BenchmarkOpen(b *testing.B) {
	w := newWorld(b, "LicensorsMSP", "OperatorMSP")
	s, body := w.seal(b, plaintext(benchSize))
	pair := s.Manifest.Custodians
	bind := sealed.Binding{Channel: channel, Manifest: s.Manifest}
	runtime, lower, upper := w.runtime(b, s), w.half(b, s, pair[0], pair), w.half(b, s, pair[1], pair)
	buf := make([]byte, sealed.PackageSize)
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		r, err := bind.OpenBody(bytes.NewReader(body), runtime, lower, upper)
		if err != nil {
			b.Fatal(err)
		}
		var total int
		for err == nil {
			var n int
			n, err = r.Read(buf)
			total += n
		}
		if !errors.Is(err, io.EOF) || total != benchSize {
			b.Fatalf("%d bytes, %v", total, err)
		}
	}
}

// BenchmarkRaw is AES-256-GCM over the same bytes in the same packages, nothing else.
func BenchmarkRaw(b *testing.B) {
	block, _ := aes.NewCipher(make([]byte, 32))
	gcm, _ := cipher.NewGCM(block)
	nonce := make([]byte, gcm.NonceSize())
	packed := gcm.Seal(nil, nonce, plaintext(sealed.PackageSize), nil)
	all := bytes.Repeat(packed, benchSize/sealed.PackageSize)
	buf := make([]byte, 0, sealed.PackageSize)
	b.SetBytes(benchSize)
	b.ReportAllocs()
	for b.Loop() {
		for at := 0; at < len(all); at += len(packed) {
			if _, err := gcm.Open(buf, nonce, all[at:at+len(packed)], nil); err != nil {
				b.Fatal(err)
			}
		}
	}
}
