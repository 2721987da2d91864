package signed

import (
	"encoding/json"
)

// Domain tags: an answer begins with its own, so that no function's answer passes for another's.
const (
	TagLicense    = "guildmark/license/1"
	TagOrder      = "guildmark/order/1"
	TagRecipients = "guildmark/recipients/1"
	TagNoop       = "guildmark/noop/1"
)

// The signing functions. Each is read-only; its endorsed answer is never submitted.
const (
	FunctionLicense    = "licenses:Sign"
	FunctionOrder      = "orders:Sign"
	FunctionRecipients = "governance:SignRecipients"
	FunctionNoop       = "governance:Noop"
)

// NonceBytes is the length of a caller's nonce in bytes; in documents it is 64 hex digits.
const NonceBytes = 32

// Answer is what a signing function returns, canonical JSON. Its copies of the question (channel,
// function, subject, nonce) must agree with the proposal that the endorsements cover.
type Answer struct {
	Tag      string          `json:"tag"`
	Channel  string          `json:"channel"`
	Function string          `json:"function"`
	Subject  string          `json:"subject"` // the id argument; "" where the function has none
	Nonce    string          `json:"nonce"`   // hex, 32 bytes
	Policy   string          `json:"policy"`  // bundle id of the newest trust bundle
	Clock    int64           `json:"clock"`   // the ledger's own time, Unix seconds (T7)
	Tip      Tip             `json:"tip"`
	Lease    int64           `json:"lease"` // end, Unix seconds; 0 = none
	Body     json.RawMessage `json:"body"`
}

// Tip is the Bitcoin block the ledger held as its tip.
type Tip struct {
	Height     uint32 `json:"height"`
	Hash       string `json:"hash"`       // "" before bitcoin:Start
	MedianTime int64  `json:"medianTime"` // Unix seconds
}

// tagOf names the domain tag that a function's answer must carry; "" for a function that signs nothing.
func tagOf(function string) string {
	switch function {
	case FunctionLicense:
		return TagLicense
	case FunctionOrder:
		return TagOrder
	case FunctionRecipients:
		return TagRecipients
	case FunctionNoop:
		return TagNoop
	}
	return ""
}
