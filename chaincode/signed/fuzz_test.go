package signed

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"guildmark/chaincode/ledger"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
)

func seeds(f *testing.F) [][]byte {
	f.Helper()
	names, err := filepath.Glob(filepath.Join("..", "..", "fixtures", "signed", "*.signed.json"))
	if err != nil || len(names) == 0 {
		f.Fatalf("no frozen files: %v", err)
	}
	var out [][]byte
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			f.Fatal(err)
		}
		out = append(out, b)
	}
	return out
}

// The scanner accepts exactly what the ledger's strict decoder accepts, and reads the same.
func FuzzParseFile(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := ParseFile(doc)
		var want File
		strict := ledger.DecodeCanonical(doc, &want)
		if strict == nil && want.Format != FileFormat || len(want.Endorsements) > maxEndorsements || len(doc) > maxFile {
			return // refused for what it says, not for how
		}
		if err == nil && strict != nil || err != nil && strict == nil && want.complete() {
			t.Fatalf("scanner: %v, decoder: %v", err, strict)
		}
		if err == nil && (!bytes.Equal(got.Encode(), doc) || !reflect.DeepEqual(got.Encode(), want.Encode())) {
			t.Fatal("scanner and decoder read different files")
		}
	})
}

// complete: JSON's null, which canonical encoding writes for absent bytes, is no file of ours.
func (f File) complete() bool {
	ok := f.Payload != nil && f.ChannelHeader != nil && f.SignatureHeader != nil && f.ProposalPayload != nil && f.Endorsements != nil
	for _, e := range f.Endorsements {
		ok = ok && e.Endorser != nil && e.Signature != nil
	}
	return ok
}

// Whatever the readers accept, the generated messages read alike.
func FuzzReadPayload(f *testing.F) {
	for _, s := range seeds(f) {
		if file, err := ParseFile(s); err == nil {
			f.Add(file.Payload)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := readPayload(b)
		if err != nil {
			return
		}
		var m peer.ProposalResponsePayload
		var a peer.ChaincodeAction
		if proto.Unmarshal(b, &m) != nil || proto.Unmarshal(m.GetExtension(), &a) != nil {
			return // stricter about UTF-8 than we need to be
		}
		if p.status == uint64(uint32(p.status)) && int32(uint32(p.status)) != a.GetResponse().GetStatus() || //nolint:gosec // wraps as protobuf does
			!bytes.Equal(p.result, a.GetResponse().GetPayload()) || p.chaincode != a.GetChaincodeId().GetName() || !bytes.Equal(p.proposalHash, m.GetProposalHash()) {
			t.Fatalf("got %+v, generated messages read %v", p, &a)
		}
	})
}

// A signature's form is accepted only if it is the one encoding of its two numbers.
func FuzzSignatureForm(f *testing.F) {
	for _, s := range seeds(f) {
		if file, err := ParseFile(s); err == nil {
			for _, e := range file.Endorsements {
				f.Add(e.Signature)
			}
		}
	}
	half := new(big.Int).Rsh(elliptic.P256().Params().N, 1)
	f.Fuzz(func(t *testing.T, der []byte) {
		if checkSignatureForm(der) != nil {
			return
		}
		r, rest, _ := derInteger(der[2:])
		s, _, _ := derInteger(rest)
		if again := derEncode(r, s); !bytes.Equal(again, der) {
			t.Fatalf("%x is not the one encoding, %x is", der, again)
		}
		if new(big.Int).SetBytes(s).Cmp(half) > 0 {
			t.Fatalf("high s %x", s)
		}
		ecdsa.VerifyASN1(&ecdsa.PublicKey{Curve: elliptic.P256(), X: elliptic.P256().Params().Gx, Y: elliptic.P256().Params().Gy}, make([]byte, 32), der)
	})
}

func derEncode(r, s []byte) []byte {
	integer := func(v []byte) []byte {
		if v[0] >= 0x80 {
			v = append([]byte{0}, v...)
		}
		return append([]byte{2, byte(len(v))}, v...)
	}
	body := append(integer(r), integer(s)...)
	return append([]byte{0x30, byte(len(body))}, body...)
}

// decodeCanonical takes exactly what ledger.DecodeCanonical takes.
func FuzzDecodeCanonical(f *testing.F) {
	for _, s := range seeds(f) {
		if file, err := ParseFile(s); err == nil {
			if p, err := readPayload(file.Payload); err == nil {
				f.Add(p.result)
			}
		}
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var a, b Answer
		fast, strict := decodeCanonical(doc, &a), ledger.DecodeCanonical(doc, &b)
		if strict == nil && fast != nil {
			t.Fatalf("refused what the strict decoder takes: %v", fast)
		}
		if fast == nil && strict != nil && len(a.Body) > 0 {
			var l, m LicenseBody // the body's own keys are judged when it is decoded
			if decodeCanonical(a.Body, &l) == nil && ledger.DecodeCanonical(a.Body, &m) != nil {
				t.Fatalf("accepted what the strict decoder refuses: %v", strict)
			}
		}
	})
}
