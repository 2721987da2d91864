// Package party holds who may say what (T1, T2): roles, their homes, parties and the keys they pin.
//
// It refuses to look at anything but a caller's certificate facts and the recorded party.
package party

// Party is somebody who acts on the ledger; key party/<id>.
type Party struct {
	Format string   `json:"format"` // "guildmark/party/1"
	ID     string   `json:"id"`     // "<home MSP>.<16 lower-case hex>"
	Home   string   `json:"home"`
	Roles  []string `json:"roles"` // sorted
	Keys   []Key    `json:"keys"`  // one to five pinned keys
}

// Key is a pinned signing key, known by the SHA-256 of its SubjectPublicKeyInfo (DER), lower-case hex.
type Key struct {
	Name string `json:"name"`
	Hash string `json:"hash"`
}

// Caller is what the ledger knows of who signed a proposal.
type Caller struct {
	MSP     string
	Party   string // attribute "party"
	Role    string // attribute "role"
	KeyHash string // SHA-256 of the certificate's SPKI, hex
}
