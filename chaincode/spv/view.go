package spv

import (
	"encoding/hex"
)

// The documents that functions of the contract bitcoin return and announce. Heights and hashes are plain
// values here.

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

// FinalView is the final block of a height, "" while there is none, and who has attested what the ledger
// holds there.
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

// View names the block in documents.
func (b Block) View() BlockView { return BlockView{Height: uint32(b.Height), Hash: b.Hash.String()} }

func views(blocks []Block) []BlockView {
	list := make([]BlockView, len(blocks))
	for i, b := range blocks {
		list[i] = b.View()
	}
	return list
}

// View is the change as the event bitcoin.headers carries it.
func (c Change) View() Headers {
	return Headers{
		Tip: Block{Height: c.Tip.Height, Hash: c.Tip.Hash}.View(), Added: c.New,
		Replaced: views(c.Replaced), Final: views(c.Final), Unfinal: views(c.Unfinal), Alarm: c.reason(),
	}
}

// Attested is the change as the event bitcoin.attested carries it: what a partner's attestation of a block
// did.
func (c Change) Attested(b Block, msp string) Attested {
	return Attested{
		Height: uint32(b.Height), Hash: b.Hash.String(), MSP: msp, Final: len(c.Final) > 0,
		Alarm: c.reason(),
	}
}

func (c Change) reason() string {
	if c.Alarm == nil {
		return ""
	}
	return c.Alarm.Reason
}

// Submitted is what bitcoin:SubmitHeaders and bitcoin:Start return.
func (h Headers) Submitted() Submitted {
	return Submitted{Height: h.Tip.Height, Hash: h.Tip.Hash, Added: h.Added}
}

// TipView is the record of the chain's end in documents.
func (r *Record) TipView() TipView {
	return TipView{
		Height: uint32(r.Height), Hash: r.Hash.String(), MedianTime: int64(r.MedianTime()),
		Work: hex.EncodeToString(r.Work[:]),
	}
}

// View is a block's record in documents; active says whether it is on the chain of most work, whose end is
// tip.
func (r *Record) View(active bool, tip *Record) HeaderView {
	v := HeaderView{
		Hash: r.Hash.String(), Previous: r.Prev.String(), Merkle: r.Merkle.String(), Height: uint32(r.Height),
		Time:       int64(r.Time),
		MedianTime: int64(r.MedianTime()), Bits: r.Bits, Work: hex.EncodeToString(r.Work[:]), Active: active,
	}
	if active {
		v.Depth = Depth(tip, r)
	}
	return v
}
