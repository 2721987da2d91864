package governor

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"path/filepath"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/hyperledger/fabric-gateway/pkg/identity"

	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/signed"
	"github.com/guildmark/guildmark/chaincode/spv"
	"github.com/guildmark/guildmark/network/partner/keyfile"
)

// seedSize is the length of a treasury seed in bytes: 256 bits, as BIP-32 recommends.
const seedSize = 32

// Keys are the partner's long-lived secrets. They lie in one folder (0700) as bundle.key and treasury.seed
// (0600) and are drawn at first use.
type Keys struct {
	bundle *ecdsa.PrivateKey
	seed   []byte
}

// OpenKeys reads the secrets in a folder, or draws those that are missing.
func OpenKeys(dir string) (*Keys, error) {
	bundle, err := keyfile.Signer(filepath.Join(dir, "bundle.key"))
	if err != nil {
		return nil, fmt.Errorf("bundle key: %w", err)
	}
	seed, err := keyfile.Seed(filepath.Join(dir, "treasury.seed"), seedSize)
	if err != nil {
		return nil, fmt.Errorf("treasury seed: %w", err)
	}
	return &Keys{bundle: bundle, seed: seed}, nil
}

// Card makes the partner's card for a Bitcoin network.
func (k *Keys) Card(msp, name, payee, network string) (Card, error) {
	der, err := x509.MarshalPKIXPublicKey(&k.bundle.PublicKey)
	if err != nil {
		return Card{}, fmt.Errorf("encode the bundle key: %w", err)
	}
	params := spv.Params(network)
	if params == nil {
		return Card{}, fmt.Errorf("%w: Bitcoin network %q is not known", ErrTerms, network)
	}
	master, err := hdkeychain.NewMaster(k.seed, params)
	if err != nil {
		return Card{}, fmt.Errorf("treasury seed: %w", err)
	}
	public, err := master.Neuter()
	if err != nil {
		return Card{}, fmt.Errorf("treasury seed: %w", err)
	}
	return Card{MSP: msp, Name: name, BundleKey: encode(der), Cosigner: public.String(), Payee: payee}, nil
}

// Sign is this partner's signature over a trust bundle's bytes: ECDSA over SHA-256, low S (T9).
func (k *Keys) Sign(msp string, b *signed.Bundle) (consortium.BundleSignature, error) {
	sign, err := identity.NewPrivateKeySign(k.bundle)
	if err != nil {
		return consortium.BundleSignature{}, fmt.Errorf("sign the trust bundle: %w", err)
	}
	digest := sha256.Sum256(b.Bytes())
	der, err := sign(digest[:])
	if err != nil {
		return consortium.BundleSignature{}, fmt.Errorf("sign the trust bundle: %w", err)
	}
	return consortium.BundleSignature{MSP: msp, Signature: encode(der)}, nil
}

func encode(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }
