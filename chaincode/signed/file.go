package signed

import (
	"bytes"
	"fmt"
	"sort"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// FileFormat names the one format of signed files.
const FileFormat = "guildmark/signed/1"

// Bounds of a file: far above a real one (about 6 kB with two endorsements).
const (
	maxFile         = 256 << 10
	maxEndorsements = 32
)

// File is what a machine stores and checks offline: the endorsed answer and the preimages of its proposal
// hash. The second copy of the signature header that a Fabric transaction carries is left out: nothing covers
// it.
type File struct {
	Format          string        `json:"format"`
	Payload         []byte        `json:"payload"`         // ProposalResponsePayload
	Endorsements    []Endorsement `json:"endorsements"`    // sorted by MSP
	ChannelHeader   []byte        `json:"channelHeader"`   // common.ChannelHeader
	SignatureHeader []byte        `json:"signatureHeader"` // common.SignatureHeader of the asker
	ProposalPayload []byte        `json:"proposalPayload"` // ChaincodeProposalPayload without its transient part
}

// Endorsement is one peer's signature over SHA-256(Payload || Endorser).
type Endorsement struct {
	Endorser  []byte `json:"endorser"`  // msp.SerializedIdentity
	Signature []byte `json:"signature"` // DER, low S
}

// Encode writes the file's canonical JSON.
func (f File) Encode() []byte { return ledger.Encode(f) }

// sortEndorsements puts the endorsements into the file's order: by MSP, then by bytes.
func (f *File) sortEndorsements() error {
	msps := make(map[string]string, len(f.Endorsements))
	for _, e := range f.Endorsements {
		id, err := readIdentity(e.Endorser)
		if err != nil {
			return err
		}
		msps[string(e.Endorser)] = id.msp
	}
	sort.SliceStable(f.Endorsements, func(i, j int) bool {
		a, b := f.Endorsements[i], f.Endorsements[j]
		if x, y := msps[string(a.Endorser)], msps[string(b.Endorser)]; x != y {
			return x < y
		}
		return bytes.Compare(a.Endorser, b.Endorser) < 0
	})
	return nil
}

// ParseFile reads a file that must be exactly what Encode writes. It is a scanner for that one text rather
// than a JSON decoder, because a canonical file has no freedom, and a machine verifies one before every use
// (row 9 of tests/bench/README.md). A fuzz test compares it with ledger.DecodeCanonical.
func ParseFile(doc []byte) (File, error) {
	if len(doc) > maxFile {
		return File{}, ErrMalformed.Field("bytes", len(doc), fmt.Sprintf("at most %d", maxFile))
	}
	s := scanner{rest: doc}
	f := File{Format: FileFormat}
	s.expect(`{"format":"` + FileFormat + `","payload":`)
	f.Payload = s.binary()
	s.expect(`,"endorsements":[`)
	for !s.failed && !s.accept(`]`) {
		if len(f.Endorsements) > 0 {
			s.expect(`,`)
		}
		if len(f.Endorsements) == maxEndorsements {
			return File{}, ErrMalformed.With(fmt.Sprintf("endorsements, expected at most %d", maxEndorsements))
		}
		s.expect(`{"endorser":`)
		var e Endorsement
		e.Endorser = s.binary()
		s.expect(`,"signature":`)
		e.Signature = s.binary()
		s.expect(`}`)
		f.Endorsements = append(f.Endorsements, e)
	}
	s.expect(`,"channelHeader":`)
	f.ChannelHeader = s.binary()
	s.expect(`,"signatureHeader":`)
	f.SignatureHeader = s.binary()
	s.expect(`,"proposalPayload":`)
	f.ProposalPayload = s.binary()
	s.expect(`}`)
	if s.failed || len(s.rest) != 0 {
		return File{}, ErrMalformed.With(fmt.Sprintf("another byte than the one form has at %d of %d",
			len(doc)-len(s.rest), len(doc)))
	}
	return f, nil
}
