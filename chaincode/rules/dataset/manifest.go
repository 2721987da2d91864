package dataset

import "github.com/guildmark/guildmark/chaincode/ledger"

// Manifest says what a sealed dataset version is; canonical bytes, signed by the licensor's ledger key, immutable.
// Stored under manifest/<dataset>/<version>.
type Manifest struct {
	Format      string       `json:"format"`  // "guildmark/manifest/1"
	Dataset     string       `json:"dataset"` // ID(licensor, custodians, salt)
	Version     int          `json:"version"`
	Licensor    Licensor     `json:"licensor"`
	Salt        string       `json:"salt"`       // 32 random bytes, hex; fixed before sealing
	Custodians  []string     `json:"custodians"` // MSPs, sorted, two or more
	Title       string       `json:"title"`
	Technology  string       `json:"technology"` // "beverage"
	Profile     string       `json:"profile"`    // "beverage/1"
	Size        int64        `json:"size"`       // plain bytes
	BodySize    int64        `json:"bodySize"`   // sealed bytes
	BodyHash    string       `json:"bodyHash"`   // SHA-256 of the sealed body
	Cipher      string       `json:"cipher"`     // "DARE-2.0 AES-256-GCM"
	Commitments []Commitment `json:"commitments"`
}

// Licensor is the selling party and its home.
type Licensor struct {
	MSP   string `json:"msp"`
	Party string `json:"party"`
}

// Commitment binds one half of the license share (or the runtime share) to the manifest: SHA-256 of the bytes with
// a domain tag. Halves carry the pair and its holder; the runtime share has neither.
type Commitment struct {
	Share  string   `json:"share"`  // "half" or "runtime"
	Pair   []string `json:"pair"`   // two MSPs, sorted; empty for runtime
	Holder string   `json:"holder"` // MSP of the custodian that holds it; "" for runtime
	Hash   string   `json:"hash"`
}

// ID is the dataset's name: it commits to licensor and custodian set, so that forgers can't name themselves (T6, T11).
func ID(l Licensor, custodians []string, salt string) string {
	parts := append([]string{"guildmark/dataset/1", l.MSP, l.Party, salt}, custodians...)
	return ledger.Hash(parts...)
}
