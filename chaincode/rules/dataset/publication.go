package dataset

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/sha256"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

// PublicationFormat is the publication's.
const PublicationFormat = "guildmark/publication/1"

// PublishRequest is what a licensor sends to catalogue:Publish.
type PublishRequest struct {
	Manifest  string `json:"manifest"`  // base64 of its exact canonical bytes
	Signature string `json:"signature"` // base64 DER, ECDSA by the licensor's ledger key over SHA-256(manifest)
	Envelope  string `json:"envelope"`  // SHA-256 of key envelope 1, hex
}

// Publication is the record of a published version; key published/<dataset>/<version>, create-only.
type Publication struct {
	Format    string   `json:"format"` // "guildmark/publication/1"
	Licensor  Licensor `json:"licensor"`
	Manifest  string   `json:"manifest"`  // SHA-256 of its bytes, hex
	Signature string   `json:"signature"` // base64 DER
	Envelope  string   `json:"envelope"`  // SHA-256 of key envelope 1, hex
	Epoch     int64    `json:"epoch"`
}

// Confirmation records that a custodian's half opens and fits its commitment (T12); create-only.
type Confirmation struct {
	Party string `json:"party"`
	Epoch int64  `json:"epoch"`
}

// Final marks a version that all its custodians have confirmed: it may be sold; create-only.
type Final struct {
	Epoch int64 `json:"epoch"`
}

// View is what catalogue:Dataset answers.
type View struct {
	Manifest    string      `json:"manifest"` // base64
	Publication Publication `json:"publication"`
	Confirmed   []string    `json:"confirmed"` // MSPs, sorted
	Final       bool        `json:"final"`
}

// Published is the payload of dataset.published.
type Published struct {
	Manifest    string      `json:"manifest"` // base64
	Publication Publication `json:"publication"`
}

// Confirmed is the payload of dataset.confirmed, and catalogue:Confirm's result.
type Confirmed struct {
	Dataset string `json:"dataset"`
	Version int    `json:"version"`
	MSP     string `json:"msp"`
	Final   bool   `json:"final"`
}

// ReadManifest reads the manifest of a request from its exact bytes.
func (r PublishRequest) ReadManifest() (m Manifest, raw []byte, err error) {
	raw, err = ledger.Base64(r.Manifest)
	if err != nil {
		return m, nil, ErrManifest.With("manifest, expected base64 of its canonical bytes")
	}
	return m, raw, ledger.DecodeCanonical(raw, &m)
}

// Check judges a request: the manifest that it holds (m, with its exact bytes), the name of its key envelope,
// and the signature over the manifest, which must be by the caller's own key.
func (r PublishRequest) Check(m *Manifest, raw []byte, caller party.Caller, key crypto.PublicKey,
	homes party.Homes,
) error {
	if err := Check(m, caller, homes); err != nil {
		return err
	}
	if ledger.CheckID(r.Envelope) != nil {
		return ErrEnvelope.Field("envelope", r.Envelope, "64 lower-case hex digits")
	}
	signer, ok := key.(*ecdsa.PublicKey)
	der, err := ledger.Base64(r.Signature)
	digest := sha256.Sum256(raw)
	if !ok || err != nil || !ecdsa.VerifyASN1(signer, digest[:], der) {
		return ErrSignature
	}
	return nil
}

// CheckBefore demands that the version before m's is published. Licensor and custodians can't differ between
// versions, since the dataset's id commits to them.
func (m *Manifest) CheckBefore(published bool) error {
	if m.Version > 1 && !published {
		return ErrVersion.With(strconv.Itoa(m.Version))
	}
	return nil
}

// Publication is what the ledger records of a request that was judged, in an epoch.
func (r PublishRequest) Publication(m *Manifest, raw []byte, epoch int64) Publication {
	return Publication{
		Format: PublicationFormat, Licensor: m.Licensor, Manifest: ledger.Digest(raw), Signature: r.Signature,
		Envelope: r.Envelope, Epoch: epoch,
	}
}

// CheckOwner demands that the version was published by this licensor.
func (p Publication) CheckOwner(l Licensor) error {
	if p.Licensor != l {
		return ErrForeign.Field("caller", l.Party, p.Licensor.Party)
	}
	return nil
}
