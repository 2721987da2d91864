package spv

import (
	"fmt"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"
)

// Rules are one Bitcoin network's consensus rules for headers, and what this consortium calls final. They are
// governed configuration, not constants: a network may change them (facts: testnet4).
type Rules struct {
	Network  string `json:"network"`  // mainnet, testnet3, testnet4, signet, simnet or regtest
	Limit    uint32 `json:"limit"`    // compact target that no block may exceed
	Period   uint32 `json:"period"`   // blocks between retargets
	Timespan uint32 `json:"timespan"` // seconds a period should take
	Factor   uint32 `json:"factor"`   // largest change at one retarget
	// seconds after which a block of least difficulty is allowed; 0 = never
	MinDifficulty uint32 `json:"minDifficulty"`
	BIP94         bool   `json:"bip94"`      // retarget from the period's first block, refuse time warps
	NoRetarget    bool   `json:"noRetarget"` // every block has the least difficulty
	Version2      Height `json:"version2"`   // from this height on versions below 2 are refused (BIP-34)
	Version3      Height `json:"version3"`   // BIP-66
	Version4      Height `json:"version4"`   // BIP-65
	FinalDepth    uint32 `json:"finalDepth"` // work-weighted depth at which a block is final
	// partners that must attest a final block; 0 where work protects (T22)
	Attestations int `json:"attestations"`
}

// futureLimit is how far a header may be ahead of the transaction that brings it (Bitcoin's two-hour rule).
// The transaction's time is its submitter's claim, so this is a sanity limit, not security.
const futureLimit = 2 * 60 * 60

// timeWarp is BIP-94's limit, seconds before the parent.
const timeWarp = 600

// minimumAttestations: one partner alone settles nothing (T22).
const minimumAttestations = 2

// Params are btcd's parameters of a network by our name for it, nil for an unknown one.
func Params(network string) *chaincfg.Params {
	switch network {
	case "mainnet":
		return &chaincfg.MainNetParams
	case "testnet3":
		return &chaincfg.TestNet3Params
	case "testnet4":
		return &chaincfg.TestNet4Params
	case "signet":
		return &chaincfg.SigNetParams
	case "simnet":
		return &chaincfg.SimNetParams
	case "regtest":
		return &chaincfg.RegressionNetParams
	}
	return nil
}

// FreeWork reports whether a network's proof of work proves nothing, so that partners' nodes must attest.
func FreeWork(network string) bool {
	return network == "regtest" || network == "simnet" || network == "signet"
}

// RulesFor gives a network's rules with the consortium's depth and number of attestations. Where work is
// free, fewer than two attestations are [ErrRules].
func RulesFor(network string, finalDepth, attestations int) (Rules, error) {
	p := Params(network)
	if p == nil {
		return Rules{}, ErrNetwork.With(network)
	}
	//nolint:gosec // G115: btcd's parameters are positive and small
	r := Rules{
		Network: network, Limit: p.PowLimitBits,
		Period:   uint32(p.TargetTimespan / p.TargetTimePerBlock),
		Timespan: uint32(p.TargetTimespan / time.Second),
		Factor:   uint32(p.RetargetAdjustmentFactor),
		BIP94:    p.EnforceBIP94, NoRetarget: p.PoWNoRetargeting,
		Version2: Height(p.BIP0034Height), Version3: Height(p.BIP0066Height), Version4: Height(p.BIP0065Height),
		FinalDepth: uint32(max(finalDepth, 0)), Attestations: attestations,
	}
	if p.ReduceMinDifficulty {
		r.MinDifficulty = uint32(p.MinDiffReductionTime / time.Second) //nolint:gosec // G115: minutes
	}
	return r, r.Check()
}

// Check judges rules: under those that pass, a payment is protected.
func (r Rules) Check() error {
	_, ok := target(r.Limit)
	switch {
	case Params(r.Network) == nil:
		return ErrNetwork.With(r.Network)
	case !ok:
		return ErrRules.With(fmt.Sprintf("limit %08x, expected a positive target below 2^256", r.Limit))
	case r.Period == 0, r.Timespan == 0, r.Factor == 0, r.Timespan > 1<<31/r.Factor:
		return ErrRules.With(fmt.Sprintf(
			"period %d, timespan %d, factor %d, expected positive ones, timespan times factor at most 2^31",
			r.Period, r.Timespan, r.Factor))
	case r.FinalDepth < 1 || r.FinalDepth > 1000:
		return ErrRules.Field("finalDepth", r.FinalDepth, "1 to 1000")
	case r.Attestations < 0 || r.Attestations > 100:
		return ErrRules.Field("attestations", r.Attestations, "0 to 100")
	case FreeWork(r.Network) && r.Attestations < minimumAttestations:
		return ErrRules.Field("attestations", r.Attestations, "2 or more on "+r.Network)
	}
	return nil
}

// Attested reports whether final blocks need partners' attestations.
func (r Rules) Attested() bool { return r.Attestations > 0 }

// Genesis is the record of a network's first block: the trusted start of a chain read from the beginning.
func Genesis(network string) (Record, error) {
	p := Params(network)
	if p == nil {
		return Record{}, ErrNetwork.With(network)
	}
	g := p.GenesisBlock.Header
	work := workOf(g.Bits)
	t := uint32(g.Timestamp.Unix()) //nolint:gosec // G115: read from a header, where it has 32 bits
	r := Record{
		Hash: g.BlockHash(), Merkle: g.MerkleRoot, Time: t, Bits: g.Bits, Work: work.Bytes32(),
		PeriodTime: t, PeriodBits: g.Bits, LastBits: g.Bits,
	}
	r.Times[0] = t
	return r, r.check()
}

// checkStart judges a trusted start: the rules must be able to accept a header after it.
func (r Rules) checkStart(start *Record) error {
	if err := r.Check(); err != nil {
		return err
	}
	limit, _ := target(r.Limit)
	for _, compact := range []uint32{start.Bits, start.PeriodBits, start.LastBits} {
		if t, ok := target(compact); !ok || limit.Lt(&t) {
			return ErrRecord.With(fmt.Sprintf("bits %08x, expected at most the network's limit, %08x", compact,
				r.Limit))
		}
	}
	return start.check()
}
