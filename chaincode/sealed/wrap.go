package sealed

import (
	"crypto/hpke"
	"encoding/base64"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

// Roles of a recipient, as in its ledger document.
const (
	RoleCustodian = party.Custodian
	RoleRuntime   = "runtime"
)

// SeedSize is the length of a recipient's private key: the 32-byte seed of MLKEM768-X25519 (X-Wing).
const SeedSize = 32

// wrapSize is enc (1088 bytes of ML-KEM-768 and 32 of X25519) and the ciphertext of a share with its 16-byte
// tag.
const wrapSize = 1088 + 32 + ShareSize + 16

// Recipient is whom a share is wrapped to, as its ledger document says (T3).
type Recipient struct {
	ID   string // consortium.Recipient.ID
	Role string // RoleCustodian or RoleRuntime
	MSP  string
	Key  []byte // HPKE public key, MLKEM768-X25519
}

// info is what every wrap is bound to (T11); its canonical encoding is HPKE's info.
type info struct {
	Tag       string           `json:"tag"`
	Channel   string           `json:"channel"`
	Dataset   string           `json:"dataset"`
	Version   int              `json:"version"`
	Licensor  dataset.Licensor `json:"licensor"`
	Recipient string           `json:"recipient"`
	Role      string           `json:"role"`
	Pair      []string         `json:"pair"`
	Share     string           `json:"share"`
}

// info encodes what one wrap is bound to.
func (b Binding) info(recipient, role, share string, pair []string) []byte {
	return ledger.Encode(info{
		Tag: "guildmark/wrap/1", Channel: b.Channel, Dataset: b.Manifest.Dataset, Version: b.Manifest.Version,
		Licensor: b.Manifest.Licensor, Recipient: recipient, Role: role, Pair: append([]string{}, pair...),
		Share: share,
	})
}

// suite is HPKE in base mode with a hybrid KEM, so that a sealed share outlives X25519.
func suite() (hpke.KEM, hpke.KDF, hpke.AEAD) {
	return hpke.MLKEM768X25519(), hpke.HKDFSHA256(), hpke.AES256GCM()
}

// PrivateKey makes a recipient's key from its seed.
func PrivateKey(seed []byte) (hpke.PrivateKey, error) {
	kem, _, _ := suite()
	if len(seed) != SeedSize {
		return nil, ErrKey.Field("bytes of a seed", len(seed), strconv.Itoa(SeedSize))
	}
	key, err := kem.NewPrivateKey(seed)
	if err != nil {
		return nil, ErrKey.With("the seed")
	}
	return key, nil
}

// PublicKey reads a recipient's public key; it refuses what no share can be wrapped to.
func PublicKey(raw []byte) (hpke.PublicKey, error) {
	kem, _, _ := suite()
	key, err := kem.NewPublicKey(raw)
	if err != nil {
		return nil, ErrRecipient.With("a public key of " + strconv.Itoa(len(raw)) +
			" bytes, expected one of MLKEM768-X25519")
	}
	return key, nil
}

// wrap seals one share to one recipient, bound to this dataset version.
func (b Binding) wrap(to Recipient, share string, pair []string, secret Share) (Wrap, error) {
	key, err := PublicKey(to.Key)
	if err != nil {
		return Wrap{}, err
	}
	_, kdf, aead := suite()
	box, err := hpke.Seal(key, kdf, aead, b.info(to.ID, to.Role, share, pair), secret[:])
	if err != nil {
		return Wrap{}, ErrRecipient.With("the key of " + to.ID)
	}
	return Wrap{
		Recipient: to.ID, Role: to.Role, Pair: append([]string{}, pair...), Share: share,
		Sealed: base64.StdEncoding.EncodeToString(box),
	}, nil
}

// unwrap opens the wrap for this recipient, role, share and pair.
func (b Binding) unwrap(e Envelope, key hpke.PrivateKey, recipient, role, share string, pair []string) (Share,
	error,
) {
	w, ok := e.find(recipient, role, share, pair)
	if !ok {
		return Share{}, ErrWrap.With("wraps, expected one for " + recipient)
	}
	box, err := ledger.Base64(w.Sealed)
	if err != nil {
		return Share{}, ErrWrap.With("the wrap for " + recipient)
	}
	_, kdf, aead := suite()
	raw, err := hpke.Open(key, kdf, aead, b.info(recipient, role, share, pair), box)
	if err != nil {
		return Share{}, ErrWrap.With("the wrap for " + recipient)
	}
	defer clear(raw)
	return ShareFrom(raw)
}
