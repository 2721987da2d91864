package tpm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"

	"github.com/google/go-tpm/tpm2"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

var errDigest = errors.New("the sign-in key signs SHA-256 digests")

// Token is the machine's sign-in key as a crypto.Signer, for client assertions (RFC 7523, ES256). The private
// key never leaves the TPM.
type Token struct {
	m   *TPM
	key *ecdsa.PublicKey
}

// Token is the sign-in key.
func (m *TPM) Token() (*Token, error) {
	p, err := tpmpolicy.ParseToken(m.token.Public)
	if err != nil {
		return nil, fmt.Errorf("read the sign-in key: %w", err)
	}
	key, err := p.Key()
	if err != nil {
		return nil, fmt.Errorf("read the sign-in key: %w", err)
	}
	return &Token{m: m, key: key}, nil
}

// Public is the *ecdsa.PublicKey.
func (k *Token) Public() crypto.PublicKey { return k.key }

// Sign gives the DER signature over a SHA-256 digest. The TPM draws its own randomness.
func (k *Token) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if len(digest) != sha256.Size || opts.HashFunc() != crypto.SHA256 {
		return nil, errDigest
	}
	rsp, err := tpm2.Sign{
		KeyHandle:  k.m.token.auth(),
		Digest:     tpm2.TPM2BDigest{Buffer: digest},
		InScheme:   noScheme(),
		Validation: tpm2.TPMTTKHashCheck{Tag: tpm2.TPMSTHashCheck, Hierarchy: tpm2.TPMRHNull},
	}.Execute(k.m.t)
	if err != nil {
		return nil, refused("sign", err)
	}
	s, err := rsp.Signature.Signature.ECDSA()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrResponse, err)
	}
	der, err := asn1.Marshal(struct{ R, S *big.Int }{
		new(big.Int).SetBytes(s.SignatureR.Buffer), new(big.Int).SetBytes(s.SignatureS.Buffer),
	})
	if err != nil {
		return nil, fmt.Errorf("encode a signature: %w", err)
	}
	return der, nil
}
