package signed

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

// BundleFormat names the one format of trust bundles.
const BundleFormat = "guildmark/bundle/1"

// Bundle is all that its holder trusts: whose certificates, how many of them, which treasury, which chain
// (T9). Parse it with [ParseBundle]; a bundle's id is the hash of exactly the bytes that were parsed.
type Bundle struct {
	Format    string              `json:"format"`
	Sequence  int64               `json:"sequence"`
	Previous  string              `json:"previous"` // bundle id of the bundle before, "" for sequence 0
	Channel   string              `json:"channel"`
	Chaincode string              `json:"chaincode"`
	Quorum    int                 `json:"quorum"`   // k
	Partners  []BundlePartner     `json:"partners"` // sorted by MSP
	Treasury  consortium.Treasury `json:"treasury"`
	Network   string              `json:"network"`  // of Bitcoin
	Attested  bool                `json:"attested"` // blocks count only with k partners' attestations (T22)
}

// BundlePartner is what a bundle pins of one partner.
type BundlePartner struct {
	MSP       string   `json:"msp"`
	Roots     []string `json:"roots"`     // PEM of its identity CA's roots; never of its TLS CA
	CRLs      []string `json:"crls"`      // PEM
	BundleKey string   `json:"bundleKey"` // base64 SPKI (DER) of its offline P-256 key
	Signs     bool     `json:"signs"`     // whether its peers count
}

// BundleSignature is one partner's consent to the next bundle: base64 DER of an ECDSA signature by its
// bundle key over SHA-256 of the bundle's bytes (they begin with the format, which is the domain tag).
type BundleSignature = consortium.BundleSignature

// ParseBundle reads a bundle strictly and refuses one that could never verify anything.
func ParseBundle(doc []byte) (*Bundle, error) {
	var b Bundle
	if err := ledger.DecodeCanonical(doc, &b); err != nil {
		return nil, fmt.Errorf("parse bundle: %w", ErrBundle.With(err.Error()))
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("parse bundle: %w", ErrBundle.With(err.Error()))
	}
	return &b, nil
}

// Bytes are the bundle's canonical bytes.
func (b *Bundle) Bytes() []byte { return ledger.Encode(b) }

// ID is the bundle id, SHA-256 of the bundle's bytes in hex; signed answers carry it in their field policy.
func (b *Bundle) ID() string {
	h := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(h[:])
}

func (b *Bundle) check() error {
	switch {
	case b.Format != BundleFormat:
		return fmt.Errorf("format %q, expected %s", b.Format, BundleFormat)
	case b.Sequence < 0 || (b.Sequence == 0) != (b.Previous == ""):
		return fmt.Errorf("sequence %d with previous %q, expected 0 without or more with one", b.Sequence, b.Previous)
	case b.Sequence > 0 && ledger.CheckID(b.Previous) != nil:
		return fmt.Errorf("previous %q, expected 64 lower-case hex digits", b.Previous)
	case b.Channel == "" || b.Chaincode == "":
		return fmt.Errorf("channel %q, chaincode %q, expected both", b.Channel, b.Chaincode)
	}
	return b.checkPartners()
}

func (b *Bundle) checkPartners() error {
	signing := 0
	owner := map[string]string{} // of each key: under two names it would count as two partners
	for i, p := range b.Partners {
		if i > 0 && b.Partners[i-1].MSP >= p.MSP {
			return fmt.Errorf("partners[%d].msp %s, expected one after %s", i, p.MSP, b.Partners[i-1].MSP)
		}
		keys, err := p.check()
		if err != nil {
			return fmt.Errorf("%s: %w", p.MSP, err)
		}
		for _, key := range keys {
			if other := owner[key]; other != "" && other != p.MSP {
				return fmt.Errorf("a key of %s, expected another than %s's", p.MSP, other)
			}
			owner[key] = p.MSP
		}
		if p.Signs {
			signing++
		}
	}
	if b.Quorum < 1 || b.Quorum > signing {
		return fmt.Errorf("quorum %d, expected 1 to %d, the number of signing partners", b.Quorum, signing)
	}
	return nil
}

// check gives the partner's keys as bytes: its bundle key and those of its roots.
func (p BundlePartner) check() ([]string, error) {
	if p.MSP == "" {
		return nil, fmt.Errorf("msp, expected a name")
	}
	roots, err := parseRoots(p)
	if err != nil {
		return nil, err
	}
	key, err := consortium.PublicKey(p.BundleKey)
	if err != nil {
		return nil, fmt.Errorf("bundle key: %w", err)
	}
	keys := []string{pointOf(key)}
	for _, r := range roots {
		if k, ok := r.PublicKey.(*ecdsa.PublicKey); ok { // parseRoots takes no others
			keys = append(keys, pointOf(k))
		}
	}
	return keys, nil
}

// pointOf is a key as bytes that have no second form, unlike base64 or PEM.
func pointOf(key *ecdsa.PublicKey) string {
	point, err := key.Bytes()
	if err != nil {
		panic("signed: a parsed P-256 key has no point: " + err.Error())
	}
	return string(point)
}

// CheckBundleSignatures demands signatures over bundle by at least k of the keys (MSP to base64 SPKI). One
// that names a partner without a key, or doesn't fit, or repeats a partner, is refused, however many
// others there are.
func CheckBundleSignatures(bundle []byte, signatures []BundleSignature, keys map[string]string, k int) error {
	digest := sha256.Sum256(bundle)
	signers := map[string]bool{}
	used := map[string]bool{} // one key under two names is still one
	for _, s := range signatures {
		key, err := consortium.PublicKey(keys[s.MSP])
		if err != nil {
			return ErrBundleSignature.With("of " + s.MSP)
		}
		if signers[s.MSP] || used[pointOf(key)] {
			return ErrBundleQuorum.With("a key of " + s.MSP + " for the second time")
		}
		der, err := ledger.Base64(s.Signature)
		if err != nil || checkSignatureForm(der) != nil || !ecdsa.VerifyASN1(key, digest[:], der) {
			return ErrBundleSignature.With("of " + s.MSP)
		}
		signers[s.MSP], used[pointOf(key)] = true, true
	}
	if k < 1 || len(signers) < k {
		return ErrBundleQuorum.Field("keys", len(signers), fmt.Sprintf("%d or more", k))
	}
	return nil
}
