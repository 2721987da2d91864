package sealed_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/guildmark/guildmark/chaincode/sealed"
)

// dareOverhead is header and tag of a package (DARE 2.0, section "Package").
const dareOverhead = 16 + 16

const packageBytes = sealed.PackageSize + dareOverhead

// A changed body never yields a byte of the changed package: only what comes before it.
func TestBodyRefusesWhatWasChanged(t *testing.T) {
	w := newWorld(t, "LicensorsMSP", "OperatorMSP")
	plain := plaintext(3*sealed.PackageSize + 1000) // four packages
	s, body := w.seal(t, plain)
	pair := s.Manifest.Custodians
	lower, upper, runtime := w.half(t, s, pair[0], pair), w.half(t, s, pair[1], pair), w.runtime(t, s)
	if int64(len(body)) != s.Manifest.BodySize || sealed.Address(body) != s.Manifest.BodyHash ||
		s.Manifest.Size != int64(len(plain)) {
		t.Fatalf("the manifest says %d bytes of hash %s and %d plain; the body has %d, %s", s.Manifest.BodySize,
			s.Manifest.BodyHash, s.Manifest.Size, len(body), sealed.Address(body))
	}
	pack := func(i int) []byte { return body[i*packageBytes : min((i+1)*packageBytes, len(body))] }
	flip := func(at int) []byte {
		b := bytes.Clone(body)
		b[at] ^= 1
		return b
	}
	tests := []struct {
		name string
		body []byte
		good int // packages that may come out
	}{
		{"version byte", flip(0), 0},
		{"cipher byte", flip(1), 0},
		{"length", flip(2), 0},
		{"final flag of the first package", flip(4), 0},
		{"nonce", flip(9), 0},
		{"first byte of the first package", flip(16), 0},
		{"tag of the first package", flip(packageBytes - 1), 0},
		{"byte in the second package", flip(packageBytes + 500), 1},
		{"byte in the last package", flip(len(body) - 1), 3},
		{"cut within the second package", body[:packageBytes+100], 1},
		{"cut after the first package", body[:packageBytes], 1},
		{"cut after the third package", body[:3*packageBytes], 3},
		{"empty", nil, 0},
		{"second package twice", slices.Concat(pack(0), pack(1), pack(1), pack(2), pack(3)), 2},
		{"first package twice", slices.Concat(pack(0), pack(0), pack(1), pack(2), pack(3)), 1},
		{"second and third swapped", slices.Concat(pack(0), pack(2), pack(1), pack(3)), 1},
		{"without the first", body[packageBytes:], 0},
		{"without the second", slices.Concat(pack(0), pack(2), pack(3)), 1},
		{"last package only", pack(3), 0},
		{"bytes after the end", append(bytes.Clone(body), 0), 3},
		{"a package after the end", append(bytes.Clone(body), pack(0)...), 4},
	}
	for _, tt := range tests {
		for _, buffer := range []int{1000, sealed.PackageSize, 3 * sealed.PackageSize} {
			t.Run(tt.name, func(t *testing.T) {
				b := sealed.Binding{Channel: channel, Manifest: s.Manifest}
				r, err := b.OpenBody(bytes.NewReader(tt.body), runtime, lower, upper)
				if err != nil {
					t.Fatal(err)
				}
				got, err := readAll(r, buffer)
				if !errors.Is(err, sealed.ErrBody) {
					t.Fatalf("error %v, want %v", err, sealed.ErrBody)
				}
				if want := plain[:min(tt.good*sealed.PackageSize, len(plain))]; len(got) > len(want) ||
					!bytes.Equal(got, plain[:len(got)]) {
					t.Errorf("%d bytes came out, at most the first %d packages may", len(got), tt.good)
				}
				if n, again := r.Read(make([]byte, 10)); n != 0 || !errors.Is(again, sealed.ErrBody) {
					t.Errorf("after the refusal: %d bytes, error %v", n, again)
				}
			})
		}
	}
}

func readAll(r io.Reader, buffer int) ([]byte, error) {
	var all []byte
	buf := make([]byte, buffer)
	for {
		n, err := r.Read(buf)
		all = append(all, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

// The first package comes out before the second has arrived: a machine starts while the body streams in.
func TestBodyOpensAPackageAtATime(t *testing.T) {
	w := newWorld(t, "LicensorsMSP", "OperatorMSP")
	plain := plaintext(2*sealed.PackageSize + 5)
	s, body := w.seal(t, plain)
	pair := s.Manifest.Custodians
	pr, pw := io.Pipe()
	b := sealed.Binding{Channel: channel, Manifest: s.Manifest}
	r, err := b.OpenBody(pr, w.runtime(t, s), w.half(t, s, pair[0], pair), w.half(t, s, pair[1], pair))
	if err != nil {
		t.Fatal(err)
	}
	opened := make(chan struct{})
	go func() {
		_, _ = pw.Write(body[:packageBytes])
		<-opened // the rest only comes when the first package is out
		_, _ = pw.Write(body[packageBytes:])
		_ = pw.Close()
	}()
	first := make([]byte, sealed.PackageSize)
	if _, err := io.ReadFull(r, first); err != nil || !bytes.Equal(first, plain[:sealed.PackageSize]) {
		t.Fatalf("first package: %v", err)
	}
	close(opened)
	rest, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(rest, plain[sealed.PackageSize:]) {
		t.Fatalf("rest: %d bytes, %v", len(rest), err)
	}
}

func TestBodyKeepsErrorsOfTheSourceApart(t *testing.T) {
	w := newWorld(t, "LicensorsMSP", "OperatorMSP")
	s, body := w.seal(t, plaintext(100))
	pair := s.Manifest.Custodians
	boom := errors.New("disk gone")
	b := sealed.Binding{Channel: channel, Manifest: s.Manifest}
	r, err := b.OpenBody(io.MultiReader(bytes.NewReader(body[:20]), iotest.ErrReader(boom)), w.runtime(t, s),
		w.half(t, s, pair[0], pair), w.half(t, s, pair[1], pair))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !errors.Is(err, boom) || errors.Is(err, sealed.ErrBody) {
		t.Errorf("error %v, want %v and not %v", err, boom, sealed.ErrBody)
	}
}

// A manifest that lies about the size is found out.
func TestBodyMustHaveTheSizeOfTheManifest(t *testing.T) {
	w := newWorld(t, "LicensorsMSP", "OperatorMSP")
	s, body := w.seal(t, plaintext(100))
	pair := s.Manifest.Custodians
	for _, size := range []int64{99, 101, 0, -1} {
		m := s.Manifest
		m.Size = size
		if _, err := open(sealed.Binding{Channel: channel, Manifest: m}, body, w.runtime(t, s),
			w.half(t, s, pair[0], pair), w.half(t, s, pair[1], pair)); !errors.Is(err, sealed.ErrBody) {
			t.Errorf("size %d: error %v, want %v", size, err, sealed.ErrBody)
		}
	}
}

// DARE 2.0 decoded by hand from its document (DARE in minio/sio), so that the format doesn't depend on the
// library.
func TestBodyIsDARE20(t *testing.T) {
	w := newWorld(t, "LicensorsMSP", "OperatorMSP")
	plain := plaintext(2*sealed.PackageSize + 77)
	s, body := w.seal(t, plain)
	pair := s.Manifest.Custodians
	key, err := sealed.ContentKey(s.Manifest.Dataset, s.Manifest.Version, w.runtime(t, s),
		sealed.Join(w.half(t, s, pair[0], pair), w.half(t, s, pair[1], pair)))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := aes.NewCipher(key[:])
	gcm, _ := cipher.NewGCM(block)
	var got []byte
	for seq := uint32(0); len(body) > 0; seq++ {
		header, size := body[:16], int(binary.LittleEndian.Uint16(body[2:4]))+1
		if header[0] != 0x20 || header[1] != 0 || (header[4]&0x80 != 0) != (len(body) == size+dareOverhead) {
			t.Fatalf("package %d: header %x", seq, header)
		}
		nonce := bytes.Clone(header[4:])
		binary.LittleEndian.PutUint32(nonce[8:], binary.LittleEndian.Uint32(nonce[8:])^seq)
		p, err := gcm.Open(nil, nonce, body[16:size+dareOverhead], header[:4])
		if err != nil {
			t.Fatalf("package %d: %v", seq, err)
		}
		got, body = append(got, p...), body[size+dareOverhead:]
	}
	if !bytes.Equal(got, plain) {
		t.Error("the plaintext differs")
	}
}
