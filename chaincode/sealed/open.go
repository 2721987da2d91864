package sealed

import (
	"crypto/hpke"
	"io"

	"github.com/guildmark/guildmark/chaincode/rules/dataset"
)

// Binding is what a wrap is bound to (T11): the ledger's channel and the licensor-signed manifest. Whoever
// opens MUST have checked the manifest first (its hash stands on the ledger and in the signed license).
type Binding struct {
	Channel  string
	Manifest dataset.Manifest
}

// OpenHalf opens a custodian's half of one pair and compares it with the manifest's commitment (T12).
// recipient is the custodian's recipient id, holder its MSP.
func (b Binding) OpenHalf(e Envelope, key hpke.PrivateKey, recipient, holder string, pair []string) (Share, error) {
	return b.open(e, key, recipient, RoleCustodian, dataset.ShareHalf, pair, holder)
}

// OpenRuntimeShare opens the runtime share for a product line's runtime and compares it with the commitment.
func (b Binding) OpenRuntimeShare(e Envelope, key hpke.PrivateKey, recipient string) (Share, error) {
	return b.open(e, key, recipient, RoleRuntime, dataset.ShareRuntime, nil, "")
}

// CheckHalf compares a half that came another way (out of a TPM) with the manifest's commitment.
func (b Binding) CheckHalf(holder string, pair []string, half Share) error {
	return checkCommitment(b.Manifest, dataset.ShareHalf, pair, holder, half)
}

// OpenBody opens the sealed body with the runtime share and both halves of one pair; it returns plaintext a
// package at a time, see [Body]. The halves must have passed CheckHalf or OpenHalf.
func (b Binding) OpenBody(src io.Reader, runtime, lower, upper Share) (*Body, error) {
	if b.Manifest.Cipher != dataset.Cipher || b.Manifest.Size < 1 {
		return nil, ErrBody.Field("cipher", b.Manifest.Cipher, dataset.Cipher)
	}
	license := Join(lower, upper)
	defer license.Wipe()
	key, err := contentKey(b.Manifest.Dataset, b.Manifest.Version, runtime, license)
	if err != nil {
		return nil, err
	}
	defer key.Wipe()
	return openBody(src, &key, b.Manifest.Size)
}

// open is match, unwrap, compare: a share that fails any of them never leaves.
func (b Binding) open(e Envelope, key hpke.PrivateKey, recipient, role, kind string, pair []string,
	holder string,
) (Share, error) {
	if err := b.matches(e); err != nil {
		return Share{}, err
	}
	share, err := b.unwrap(e, key, recipient, role, kind, pair)
	if err != nil {
		return Share{}, err
	}
	if err := checkCommitment(b.Manifest, kind, pair, holder, share); err != nil {
		return Share{}, err
	}
	return share, nil
}

// matches refuses an envelope of another dataset before any key is used.
func (b Binding) matches(e Envelope) error {
	if e.Dataset != b.Manifest.Dataset || e.Version != b.Manifest.Version {
		return ErrEnvelope.With("dataset or version, expected those of the manifest")
	}
	return nil
}
