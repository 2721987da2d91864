package tpm

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/google/go-tpm/tpm2"
)

func TestReadResponse(t *testing.T) {
	good := []byte{0x80, 0x01, 0, 0, 0, 12, 0, 0, 0, 0, 7, 8}
	for _, c := range []struct {
		name    string
		in      []byte
		want    []byte
		wantErr error
	}{
		{"good", good, good, nil},
		{"more behind it stays", append(bytes.Clone(good), 9), good, nil},
		{"nothing", nil, nil, io.EOF},
		{"half a header", good[:5], nil, io.ErrUnexpectedEOF},
		{"half a body", good[:11], nil, io.ErrUnexpectedEOF},
		{"shorter than its header", []byte{0x80, 1, 0, 0, 0, 9, 0, 0, 0, 0}, nil, ErrResponse},
		{"a novel", []byte{0x80, 1, 0xFF, 0, 0, 0, 0, 0, 0, 0}, nil, ErrResponse},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := readResponse(bytes.NewReader(c.in))
			if !errors.Is(err, c.wantErr) || !bytes.Equal(got, c.want) {
				t.Errorf("got %x, %v, want %x, %v", got, err, c.want, c.wantErr)
			}
		})
	}
}

func FuzzReadResponse(f *testing.F) {
	f.Add([]byte{0x80, 0x01, 0, 0, 0, 12, 0, 0, 0, 0, 7, 8})
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := readResponse(bytes.NewReader(in))
		if err == nil && (int(binary.BigEndian.Uint32(got[2:])) != len(got) || !bytes.HasPrefix(in, got)) {
			t.Errorf("got %x of %x", got, in)
		}
	})
}

func FuzzReadDER(f *testing.F) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	sig, err := ecdsa.SignASN1(rand.Reader, k, make([]byte, 32))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sig)
	f.Add([]byte{0x30, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		if _, err := readDER(der); err != nil && !errors.Is(err, ErrLimitSignature) {
			t.Errorf("got %v", err)
		}
	})
}

func TestRefusedNamesTheCode(t *testing.T) {
	for _, c := range []struct {
		code tpm2.TPMRC
		want string
	}{
		{tpm2.TPMRCAuthUnavailable, "TPM_RC_AUTH_UNAVAILABLE"},
		{0x99d, "TPM_RC_POLICY_FAIL"},
		{0x3df, "TPM_RC_INTEGRITY"},
		{tpm2.TPMRCSessionMemory, "TPM_RC_SESSION_MEMORY"},
	} {
		r := &Refused{Step: "try", Code: c.code}
		if r.Name() != c.want {
			t.Errorf("0x%x: got %s, want %s", uint32(c.code), r.Name(), c.want)
		}
	}
}
