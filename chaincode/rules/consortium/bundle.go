package consortium

// SignedBundle is a trust bundle's exact bytes and what partners' bundle keys signed over their SHA-256 (T9);
// stored under bundle/<sequence> and the argument of governance:PutBundle.
type SignedBundle struct {
	Bundle     string            `json:"bundle"` // base64
	Signatures []BundleSignature `json:"signatures"`
}

// BundleSignature is one partner's: base64 DER of ECDSA by its bundle key.
type BundleSignature struct {
	MSP       string `json:"msp"`
	Signature string `json:"signature"`
}

// BundleKeys are the configuration's bundle keys by MSP, which sign the first bundle.
func (c *Config) BundleKeys() map[string]string {
	keys := make(map[string]string, len(c.Partners))
	for _, p := range c.Partners {
		keys[p.MSP] = p.BundleKey
	}
	return keys
}
