// Package license holds the rules of licenses: what is issued, when a grant may be recorded, what receipts add up to.
//
// It refuses to sign: peers do, by endorsing a read (package signed).
package license

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
)

// License is the right of one machine to use one dataset under terms; key license/<id>, create-only.
type License struct {
	Format     string        `json:"format"` // "guildmark/license/1"
	ID         string        `json:"id"`     // ID(order, item)
	Order      string        `json:"order"`
	Item       int           `json:"item"`
	Machine    string        `json:"machine"`
	Buyer      string        `json:"buyer"`
	Dataset    string        `json:"dataset"`
	Version    int           `json:"version"`
	Manifest   string        `json:"manifest"`
	Custodians []string      `json:"custodians"`
	Model      dataset.Model `json:"model"`
	Terms      string        `json:"terms"` // TermsHash
	Epoch      int64         `json:"epoch"`
}

// CustodianSets is the license's one custodian set: one of its partners must sign an answer about the license.
func (l License) CustodianSets() consortium.CustodianSets {
	return consortium.CustodianSets{l.Custodians}
}

// GrantRequest is what a machine asks for; attestations are by its AK (T15). Binary fields are base64.
type GrantRequest struct {
	License   string      `json:"license"`
	Pair      []string    `json:"pair"`      // two custodian MSPs, sorted
	Index     uint32      `json:"index"`     // NV handle of the PIN index, 0x018002xx
	Nonce     string      `json:"nonce"`     // nonceTPM of the open policy session
	Counter   Attestation `json:"counter"`   // NV_Certify of the epoch counter, extraData = GrantDigest
	Time      Attestation `json:"time"`      // GetTime, extraData = GrantDigest
	IndexName string      `json:"indexName"` // hex Name of the PIN index, WRITTEN clear
}

// Attestation is a TPMS_ATTEST and its TPMT_SIGNATURE, base64.
type Attestation struct {
	Attest    string `json:"attest"`
	Signature string `json:"signature"`
}

// Grant is the committed record; key grant/<license>/<n>, create-only (T15).
type Grant struct {
	Format     string       `json:"format"` // "guildmark/grant/1"
	License    string       `json:"license"`
	Number     int          `json:"number"`
	Machine    string       `json:"machine"`
	Meter      string       `json:"meter"`  // hex MeterID: policyRef of the index
	Policy     string       `json:"policy"` // hex digest of the index's write policy, any two custodians' signatures
	SRKName    string       `json:"srkName"`
	IndexName  string       `json:"indexName"` // unwritten
	Nonce      string       `json:"nonce"`
	Counter    uint64       `json:"counter"` // c
	ResetCount uint32       `json:"resetCount"`
	Limit      int64        `json:"limit"` // cumulative pinLimit
	Pair       []string     `json:"pair"`
	Request    GrantRequest `json:"request"`
	Epoch      int64        `json:"epoch"`
}

// Answer is a custodian's part of a grant; key answer/<license>/<n>/<msp>, create-only. All of it is ciphertext or a
// signature: nothing to hide.
type Answer struct {
	License   string `json:"license"`
	Number    int    `json:"number"`
	MSP       string `json:"msp"`
	Signature string `json:"signature"` // base64 DER ECDSA over the limit digest (tpmpolicy)
	Public    string `json:"public"`    // base64 TPM2B_PUBLIC of the sealed half
	Duplicate string `json:"duplicate"` // base64 TPM2B_PRIVATE
	Seed      string `json:"seed"`      // base64 TPM2B_ENCRYPTED_SECRET
}

// GrantView is a grant with the answers so far.
type GrantView struct {
	Grant   Grant    `json:"grant"`
	Answers []Answer `json:"answers"`
}

// Receipt is the TPM-attested count; key receipt/<license>/<count, 10 digits>, create-only.
type Receipt struct {
	License     string      `json:"license"`
	Count       int64       `json:"count"`
	Limit       int64       `json:"limit"`
	Job         string      `json:"job"`         // salted hash of job and lot
	Attestation Attestation `json:"attestation"` // NV_Certify of the PIN index, extraData = ReceiptDigest
	Epoch       int64       `json:"epoch"`
}

// ReceiptRequest is what a machine sends.
type ReceiptRequest struct {
	License     string      `json:"license"`
	Job         string      `json:"job"`
	Attestation Attestation `json:"attestation"`
}

// ID is the license's name.
func ID(order string, item string) string { return ledger.Hash("guildmark/license/1", order, item) }
