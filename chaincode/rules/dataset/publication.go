package dataset

// PublicationFormat is the publication's.
const PublicationFormat = "guildmark/publication/1"

// PublishRequest is what a licensor sends to catalogue:Publish.
type PublishRequest struct {
	Manifest  string `json:"manifest"`  // base64 of its exact canonical bytes
	Signature string `json:"signature"` // base64 DER, ECDSA by the licensor's ledger key over SHA-256(manifest)
	Envelope  string `json:"envelope"`  // SHA-256 of key envelope 1, hex
}

// Publication is the ledger's word about a published version; key published/<dataset>/<version>, create-only.
type Publication struct {
	Format    string   `json:"format"` // "guildmark/publication/1"
	Licensor  Licensor `json:"licensor"`
	Manifest  string   `json:"manifest"`  // SHA-256 of its bytes, hex
	Signature string   `json:"signature"` // base64 DER
	Envelope  string   `json:"envelope"`  // SHA-256 of key envelope 1, hex
	Epoch     int64    `json:"epoch"`
}

// Confirmation is a custodian's word that its half opens and fits its commitment (T12); create-only.
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
