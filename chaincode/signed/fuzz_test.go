package signed

import (
	"bytes"
	"crypto/elliptic"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"

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
		if strict == nil && want.Format != FileFormat || len(want.Endorsements) > maxEndorsements ||
			len(doc) > maxFile {
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
	ok := f.Payload != nil && f.ChannelHeader != nil && f.SignatureHeader != nil && f.ProposalPayload != nil &&
		f.Endorsements != nil
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
		if p.status == uint64(uint32(p.status)) && int32(uint32(p.status)) != a.GetResponse().GetStatus() ||
			!bytes.Equal(p.result, a.GetResponse().GetPayload()) ||
			p.chaincode != a.GetChaincodeId().GetName() || !bytes.Equal(p.proposalHash, m.GetProposalHash()) {
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
		if len(r) > 32 {
			t.Fatalf("r of %d bytes", len(r))
		}
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

// decodeCanonical takes exactly what ledger.DecodeCanonical takes, and reads the same.
func FuzzDecodeCanonical(f *testing.F) {
	for _, s := range seeds(f) {
		if file, err := ParseFile(s); err == nil {
			if p, err := readPayload(file.Payload); err == nil {
				var a Answer
				if decodeCanonical(p.result, &a) == nil {
					f.Add([]byte(a.Body))
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var a, b LicenseBody
		fast, strict := decodeCanonical(doc, &a), ledger.DecodeCanonical(doc, &b)
		if (fast == nil) != (strict == nil) || fast == nil && !reflect.DeepEqual(a, b) {
			t.Fatalf("fast: %v %+v, strict: %v %+v", fast, a, strict, b)
		}
	})
}

// The same without a fuzzer: every byte of a real document replaced, removed and doubled.
func TestDecodersAgreeOnEveryChange(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "fixtures", "signed", "good_license.signed.json"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := ParseFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	p, err := readPayload(file.Payload)
	if err != nil {
		t.Fatal(err)
	}
	doc := p.result
	judge := func(doc []byte) {
		t.Helper()
		var a, b Answer
		var x, y LicenseBody
		fast, strict := decodeCanonical(doc, &a), ledger.DecodeCanonical(doc, &b)
		if fast == nil {
			fast = decodeCanonical(a.Body, &x)
		}
		if strict == nil {
			strict = ledger.DecodeCanonical(b.Body, &y)
		}
		if (fast == nil) != (strict == nil) || fast == nil && (!reflect.DeepEqual(a, b) || !reflect.DeepEqual(x, y)) {
			t.Fatalf("fast: %v, strict: %v, of %s", fast, strict, doc)
		}
	}
	judge(doc)
	for i := range doc {
		for k, chars := 0, []byte("\"\\{}[],:0-9eE. nA\xff\x00"); k < 3; k++ {
			c := chars[(3*i+k)%len(chars)]
			bad := bytes.Clone(doc)
			bad[i] = c
			judge(bad)
		}
		judge(append(bytes.Clone(doc[:i]), doc[i+1:]...))
		judge(append(bytes.Clone(doc[:i+1]), doc[i:]...))
	}
}
