package tpmpolicy

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// NV handles. The owner's range is 0x01800000 to 0x01BFFFFF (TCG Registry of Reserved TPM 2.0 Handles,
// 2.2.2); the places inside are ours.
const (
	CounterHandle    uint32 = 0x01800100 // the counter of grants, one per TPM
	FirstIndexHandle uint32 = 0x01800200 // the first PIN index (meter)
	LastIndexHandle  uint32 = 0x018002FF
)

// maxCustodians keeps the number of pairs, n(n-1)/2, within the eight branches of one PolicyOR (Part 3,
// 23.6).
const maxCustodians = 4

// Digest is a SHA-256 policy digest, cpHash or signed digest.
type Digest [sha256.Size]byte

// Name is a TPM Name: the algorithm id 0x000B and the SHA-256 of a public area.
type Name [2 + sha256.Size]byte

// Hex is the Name as the ledger writes it.
func (n Name) Hex() string { return hex.EncodeToString(n[:]) }

// ParseName reads a Name from lower-case hex.
func ParseName(text string) (Name, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(Name{}) || b[0] != 0x00 || b[1] != 0x0B || hex.EncodeToString(b) != text {
		return Name{}, ErrName
	}
	return Name(b), nil
}

// MeterID names a meter: the uses of one dataset by one machine under one set of terms (T16). It is the
// policyRef of everything that belongs to the meter, so nothing signed for one fits another.
type MeterID [sha256.Size]byte

// Meter is the id of the meter of a machine, a dataset and the hash of its terms (docs/tpmpolicy.md).
func Meter(machine, dataset, terms string) MeterID {
	return MeterID(ledgerDigest("guildmark/meter/1", machine, dataset, terms))
}

// Custodians are the grant-signing keys of a dataset's custodian set, in the order of their MSPs. The order
// matters: it is part of every digest.
type Custodians []*ecdsa.PublicKey

// check refuses a set that can't form pairs, or whose keys repeat: one custodian in two places would be
// alone.
func (c Custodians) check() error {
	if len(c) < 2 || len(c) > maxCustodians {
		return ErrCustodianSet.With(fmt.Sprint(len(c)))
	}
	seen := map[Name]bool{}
	for _, k := range c {
		p, err := CustodianPublic(k)
		if err != nil {
			return err
		}
		n := nameOf(tpm2.Marshal(p))
		if seen[n] {
			return ErrCustodianSet.With("a key twice")
		}
		seen[n] = true
	}
	return nil
}

// CustodianPublic is the public area under which a TPM loads a custodian's key to check its signature: its
// Name is part of the meter's policy.
func CustodianPublic(key *ecdsa.PublicKey) (tpm2.TPMTPublic, error) {
	if key == nil || key.Curve != elliptic.P256() {
		return tpm2.TPMTPublic{}, ErrCustodianSet.With("not a P-256 key")
	}
	point, err := key.Bytes() // refuses points off the curve
	if err != nil {
		return tpm2.TPMTPublic{}, ErrCustodianSet.With("not a point of P-256")
	}
	return tpm2.TPMTPublic{
		Type:             tpm2.TPMAlgECC,
		NameAlg:          tpm2.TPMAlgSHA256,
		ObjectAttributes: tpm2.TPMAObject{SignEncrypt: true, UserWithAuth: true},
		Parameters: tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{
			CurveID: tpm2.TPMECCNistP256,
			Scheme: tpm2.TPMTECCScheme{
				Scheme: tpm2.TPMAlgECDSA,
				Details: tpm2.NewTPMUAsymScheme(tpm2.TPMAlgECDSA,
					&tpm2.TPMSSigSchemeECDSA{HashAlg: tpm2.TPMAlgSHA256}),
			},
		}),
		Unique: tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{
			X: tpm2.TPM2BECCParameter{Buffer: point[1:33]},
			Y: tpm2.TPM2BECCParameter{Buffer: point[33:]},
		}),
	}, nil
}

// CheckPair refuses two places that are not those of two custodians of the set, the lower one first.
func (c Custodians) CheckPair(i, j int) error {
	if i < 0 || j <= i || j >= len(c) {
		return ErrPair.With(fmt.Sprintf("places %d and %d of %d", i, j, len(c)))
	}
	return nil
}

// pairPolicy is the digest of PolicySigned(i, meter) followed by PolicySigned(j, meter); i and j are places
// in the set.
func (c Custodians) pairPolicy(i, j int, meter MeterID) (Digest, error) {
	var commands []tpm2.PolicyCommand
	for _, k := range []*ecdsa.PublicKey{c[i], c[j]} {
		pub, err := CustodianPublic(k)
		if err != nil {
			return Digest{}, err
		}
		name := nameOf(tpm2.Marshal(pub))
		commands = append(commands, tpm2.PolicySigned{
			AuthObject: named(0, name), PolicyRef: tpm2.TPM2BNonce{Buffer: meter[:]},
		})
	}
	return calculate(commands...)
}

// Branches are the digests of all pairs in order (0,1), (0,2), … : the list that PolicyOR needs. One pair:
// one digest and no PolicyOR.
func (c Custodians) Branches(meter MeterID) ([]Digest, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	var all []Digest
	for i := range c {
		for j := i + 1; j < len(c); j++ {
			d, err := c.pairPolicy(i, j, meter)
			if err != nil {
				return nil, err
			}
			all = append(all, d)
		}
	}
	return all, nil
}

// Policy is the write policy of the meter's index: any two custodians of the set (T10, T15).
func (c Custodians) Policy(meter MeterID) (Digest, error) {
	branches, err := c.Branches(meter)
	if err != nil {
		return Digest{}, err
	}
	if len(branches) == 1 {
		return branches[0], nil
	}
	return calculate(tpm2.PolicyOr{PHashList: DigestList(branches)})
}

// DigestList is a list of digests as TPM2_PolicyOR takes it.
func DigestList(branches []Digest) tpm2.TPMLDigest {
	var l tpm2.TPMLDigest
	for _, b := range branches {
		l.Digests = append(l.Digests, tpm2.TPM2BDigest{Buffer: bytes.Clone(b[:])})
	}
	return l
}

// Index is the PIN index of a meter: pinCount uses of pinLimit allowed, written by nobody but two custodians.
type Index struct {
	Handle uint32
	Policy Digest
}

// NewIndex is the index of a meter at an NV handle.
func NewIndex(handle uint32, custodians Custodians, meter MeterID) (Index, error) {
	if handle < FirstIndexHandle || handle > LastIndexHandle {
		return Index{}, ErrIndexHandle.With(fmt.Sprintf("0x%08x", handle))
	}
	policy, err := custodians.Policy(meter)
	if err != nil {
		return Index{}, err
	}
	return Index{Handle: handle, Policy: policy}, nil
}

// Public is the index's NV public area. No AUTHREAD: reading with the index's own authorization would burn a
// use. No OWNERWRITE, AUTHWRITE or PPWRITE: the owner could refill it. NO_DA: refused uses must not lock the
// TPM.
func (x Index) Public(written bool) tpm2.TPMSNVPublic {
	return tpm2.TPMSNVPublic{
		NVIndex: tpm2.TPMHandle(x.Handle),
		NameAlg: tpm2.TPMAlgSHA256,
		Attributes: tpm2.TPMANV{
			NT: tpm2.TPMNTPinPass, PolicyWrite: true, OwnerRead: true, NoDA: true, Written: written,
		},
		AuthPolicy: tpm2.TPM2BDigest{Buffer: bytes.Clone(x.Policy[:])},
		DataSize:   PinSize,
	}
}

// Name is the index's Name; it changes once, when the first limit is written.
func (x Index) Name(written bool) Name {
	return nameOf(nvArea(x.Handle, pinAttributes, written, x.Policy[:], PinSize))
}

// NV attributes (TPMA_NV, Part 2, 13.4) of the PIN index and of the grant counter; Public and CounterPublic
// say them in words.
const (
	nvWritten         = 1 << 29
	pinAttributes     = 9<<4 | 1<<3 | 1<<17 | 1<<25
	counterAttributes = 1<<4 | 1<<1 | 1<<2 | 1<<17 | 1<<18 | 1<<25
)

// nvArea writes a TPMS_NV_PUBLIC. go-tpm's reflection would do the same in ten times the time, and a use
// names the index and the counter at each command.
func nvArea(handle, attributes uint32, written bool, policy []byte, size uint16) []byte {
	if written {
		attributes |= nvWritten
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 64), handle)
	b = binary.BigEndian.AppendUint16(b, algSHA256)
	b = binary.BigEndian.AppendUint32(b, attributes)
	b = append(b, sized(policy)...)
	return binary.BigEndian.AppendUint16(b, size)
}

// CounterPublic is the NV public area of the grant counter. Owner and index authorization may increment it: a
// counter only ever rises, even over undefine, redefine and TPM2_Clear (measured).
func CounterPublic(written bool) tpm2.TPMSNVPublic {
	return tpm2.TPMSNVPublic{
		NVIndex: tpm2.TPMHandle(CounterHandle),
		NameAlg: tpm2.TPMAlgSHA256,
		Attributes: tpm2.TPMANV{
			NT: tpm2.TPMNTCounter, AuthRead: true, OwnerRead: true, AuthWrite: true, OwnerWrite: true,
			NoDA: true, Written: written,
		},
		DataSize: counterSize,
	}
}

// CounterName is the Name of the grant counter once it has been incremented: the same on every TPM.
func CounterName() Name {
	return nameOf(nvArea(CounterHandle, counterAttributes, true, nil, counterSize))
}

// UnwrittenCounterName is its Name before.
func UnwrittenCounterName() Name {
	return nameOf(nvArea(CounterHandle, counterAttributes, false, nil, counterSize))
}

// nameOf is the Name of a marshaled public area whose nameAlg is SHA-256.
func nameOf(public []byte) Name {
	h := sha256.Sum256(public)
	return Name(append([]byte{0x00, 0x0B}, h[:]...))
}

// named makes a handle whose Name go-tpm can't know by itself.
func named(handle uint32, n Name) tpm2.NamedHandle {
	return tpm2.NamedHandle{Handle: tpm2.TPMHandle(handle), Name: tpm2.TPM2BName{Buffer: bytes.Clone(n[:])}}
}

// calculate runs policy commands without a TPM.
func calculate(commands ...tpm2.PolicyCommand) (Digest, error) {
	pc, err := tpm2.NewPolicyCalculator(tpm2.TPMAlgSHA256)
	if err != nil {
		return Digest{}, fmt.Errorf("start a policy: %w", err)
	}
	for _, c := range commands {
		if err := c.Update(pc); err != nil {
			return Digest{}, fmt.Errorf("calculate a policy: %w", err)
		}
	}
	return Digest(pc.Hash().Digest), nil
}

// GrantDigest is the extra data of the attestations in a grant request: they belong to this license, this
// session and this index, and to no other.
func GrantDigest(license string, nonceTPM []byte, unwritten Name) Digest {
	return ledgerDigest("guildmark/grant-request/1", license, base64.StdEncoding.EncodeToString(nonceTPM),
		unwritten.Hex())
}

// ReceiptDigest is the extra data of a receipt's attestation. job is the salted hash of job and lot (T27).
func ReceiptDigest(license, job string) Digest {
	return ledgerDigest("guildmark/receipt/1", license, job)
}

func ledgerDigest(parts ...string) Digest {
	b, err := hex.DecodeString(ledger.Hash(parts...))
	if err != nil {
		panic("tpmpolicy: ledger.Hash is not hex: " + err.Error())
	}
	return Digest(b)
}
