package grant

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
