package sealed

import (
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
)

// ShareSize is the length of every share and half in bytes: what a TPM seals and AES-256 takes.
const ShareSize = 32

// Share is a secret part of a content key: the runtime share, the license share, or one half of the latter.
// It never prints itself.
type Share [ShareSize]byte

// String hides the share from logs.
func (Share) String() string { return "share(hidden)" }

// GoString hides the share from %#v.
func (Share) GoString() string { return "sealed.Share(hidden)" }

// Format hides the share from every other verb, %x among them.
func (s Share) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// Wipe overwrites the share. The Go runtime may have copied it before; a process that must not leak ends
// instead.
func (s *Share) Wipe() { clear(s[:]) }

// ShareFrom takes a share out of raw bytes, as a TPM hands it over.
func ShareFrom(raw []byte) (Share, error) {
	var s Share
	if len(raw) != ShareSize {
		return s, ErrKey.Field("bytes of a share", len(raw), strconv.Itoa(ShareSize))
	}
	copy(s[:], raw)
	return s, nil
}

// randomShare draws a share.
func randomShare(random io.Reader) (Share, error) {
	var s Share
	if _, err := io.ReadFull(random, s[:]); err != nil {
		return s, fmt.Errorf("draw a share: %w", err)
	}
	return s, nil
}

// Join rebuilds the license share from the two halves of one pair (T10).
func Join(lower, upper Share) Share {
	var l Share
	subtle.XORBytes(l[:], lower[:], upper[:])
	return l
}

// split divides a license share for one pair: half A = r, half B = L xor r (T10).
func split(license Share, random io.Reader) (lower, upper Share, err error) {
	if lower, err = randomShare(random); err != nil {
		return lower, upper, err
	}
	return lower, Join(license, lower), nil
}

// Pairs lists the pairs {i, j} of a sorted custodian set in order, each pair sorted.
func Pairs(custodians []string) [][]string {
	var all [][]string
	for i, lower := range custodians {
		for _, upper := range custodians[i+1:] {
			all = append(all, []string{lower, upper})
		}
	}
	return all
}

// Commit is the commitment to one share under a dataset version: pair and holder are empty for the runtime
// share. It hides the share because the share has 256 random bits.
func Commit(datasetID string, version int, share string, pair []string, holder string,
	secret Share,
) dataset.Commitment {
	return dataset.Commitment{
		Share: share, Pair: append([]string{}, pair...), Holder: holder,
		Hash: ledger.Hash("guildmark/commitment/1", datasetID, strconv.Itoa(version), share,
			strings.Join(pair, ","), holder, hex.EncodeToString(secret[:])),
	}
}

// checkCommitment compares a share with the manifest's commitment to it.
func checkCommitment(m dataset.Manifest, share string, pair []string, holder string, secret Share) error {
	want := Commit(m.Dataset, m.Version, share, pair, holder, secret)
	for _, c := range m.Commitments {
		if c.Share != share || c.Holder != holder || !slices.Equal(c.Pair, pair) {
			continue
		}
		if subtle.ConstantTimeCompare([]byte(c.Hash), []byte(want.Hash)) == 1 {
			return nil
		}
		return ErrCommitment.With(describe(share, pair, holder))
	}
	return ErrCommitment.With("commitments, expected one to " + describe(share, pair, holder))
}

func describe(share string, pair []string, holder string) string {
	if share == dataset.ShareRuntime {
		return "the runtime share"
	}
	return "the half of " + holder + " in " + strings.Join(pair, "+")
}
