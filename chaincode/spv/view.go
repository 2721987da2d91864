package spv

// TipView is the end of the chain of most work that the ledger knows.
type TipView struct {
	Height     uint32 `json:"height"`
	Hash       string `json:"hash"`
	MedianTime int64  `json:"medianTime"` // Unix seconds
	Work       string `json:"work"`       // cumulative, 64 hex digits
}

// HeaderView is what the ledger knows of a block.
type HeaderView struct {
	Hash       string `json:"hash"`
	Previous   string `json:"previous"`
	Merkle     string `json:"merkle"`
	Height     uint32 `json:"height"`
	Time       int64  `json:"time"`       // Unix seconds
	MedianTime int64  `json:"medianTime"` // Unix seconds
	Bits       uint32 `json:"bits"`
	Work       string `json:"work"`   // cumulative, 64 hex digits
	Active     bool   `json:"active"` // on the chain of most work
	Depth      uint32 `json:"depth"`  // work-weighted; 0 off the active chain
}

// FinalView is the final block of a height, "" while there is none, and who has attested what the ledger holds there.
type FinalView struct {
	Hash     string   `json:"hash"`
	Attested []string `json:"attested"` // MSPs, sorted
}

// Submitted is bitcoin:SubmitHeaders' result.
type Submitted struct {
	Height uint32 `json:"height"`
	Hash   string `json:"hash"`
	Added  int    `json:"added"`
}

// BlockView names a block.
type BlockView struct {
	Height uint32 `json:"height"`
	Hash   string `json:"hash"`
}

// Headers is the payload of bitcoin.headers.
type Headers struct {
	Tip      BlockView   `json:"tip"`
	Added    int         `json:"added"`
	Replaced []BlockView `json:"replaced"` // left the active chain
	Final    []BlockView `json:"final"`    // became final by their work
	Unfinal  []BlockView `json:"unfinal"`  // final blocks that a deep reorganization took back
	Alarm    string      `json:"alarm"`    // reason, "" for none
}

// Attested is the payload of bitcoin.attested and bitcoin:Attest's result.
type Attested struct {
	Height uint32 `json:"height"`
	Hash   string `json:"hash"`
	MSP    string `json:"msp"`
	Final  bool   `json:"final"` // this attestation wrote f/<height>
	Alarm  string `json:"alarm"` // reason, "" for none
}
