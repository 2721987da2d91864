package machine

// Attestation is a TPMS_ATTEST and its TPMT_SIGNATURE, base64.
type Attestation struct {
	Attest    string `json:"attest"`
	Signature string `json:"signature"`
}
