package spv

import (
	"slices"
	"strconv"
	"strings"

	"github.com/btcsuite/btcd/chainhash/v2"
)

// AttestStore is a Store that also keeps the partners' attestations, one create-only key for each height and
// partner.
type AttestStore interface {
	Store
	Attestation(h Height, partner string) (chainhash.Hash, bool, error)
	PutAttestation(h Height, partner string, hash chainhash.Hash) error
}

// Attest records that a partner's own node has the block on its active chain, and writes f/<height> once
// as many partners as the rules demand agree with the headers (T22). partners are all that may attest. Two
// attestations that contradict each other raise the alarm: then the call succeeds, so that the alarm is
// written, and nothing is credited until an operator decides.
func Attest(s AttestStore, rules *Rules, partners []string, partner string, b Block) (Change, error) {
	if !rules.Attested() {
		return Change{}, ErrNotAttested
	}
	if !slices.Contains(partners, partner) {
		return Change{}, ErrAttester.Field("partner", partner, strings.Join(partners, ", "))
	}
	if _, alarmed, err := s.Alarm(); err != nil {
		return Change{}, err
	} else if alarmed {
		return Change{}, ErrAlarm
	}
	own, agreeing, contrary, err := count(s, partners, partner, b)
	if err != nil {
		return Change{}, err
	}
	if own {
		return Change{}, ErrAttested.With("height " + strconv.FormatUint(uint64(b.Height), 10))
	}
	if contrary != nil {
		a := Alarm{Height: b.Height, Final: *contrary, Other: b.Hash, Reason: "attestation"}
		return Change{Alarm: &a}, s.PutAlarm(a)
	}
	tip, err := checkDeep(s, rules, b)
	if err != nil {
		return Change{}, err
	}
	if err := s.PutAttestation(b.Height, partner, b.Hash); err != nil {
		return Change{}, err
	}
	return finish(s, rules, Change{Tip: tip}, agreeing+1, b)
}

// count compares the attestations of b's height with b: whether this partner has attested b, how many others
// have, and another hash that a partner (this one included) has attested, nil if none has.
func count(s AttestStore, partners []string, partner string, b Block) (own bool, agreeing int,
	contrary *chainhash.Hash, err error,
) {
	for _, p := range partners {
		hash, ok, err := s.Attestation(b.Height, p)
		switch {
		case err != nil:
			return false, 0, nil, err
		case !ok:
		case hash != b.Hash:
			contrary = &hash
		case p == partner:
			own = true
		default:
			agreeing++
		}
	}
	return own, agreeing, contrary, nil
}

// checkDeep refuses a block that is not on the ledger's active chain, or not at its final depth there.
func checkDeep(s Store, rules *Rules, b Block) (Tip, error) {
	tip, ok, err := s.Tip()
	if err != nil || !ok {
		return tip, orRefusal(err, ErrNotStarted)
	}
	active, ok, err := s.HashAt(b.Height)
	if err != nil || !ok || active != b.Hash || b.Height > tip.Height {
		return tip, orRefusal(err, ErrNotActive.With("block "+b.Hash.String()))
	}
	tipRec, ok, err := s.Header(tip.Hash)
	if err != nil || !ok {
		return tip, orRefusal(err, ErrNotStarted)
	}
	rec, ok, err := s.Header(b.Hash)
	if err != nil || !ok {
		return tip, orRefusal(err, ErrNotActive.With("block "+b.Hash.String()))
	}
	if d := Depth(&tipRec, &rec); d < rules.FinalDepth {
		return tip, ErrNotDeep.Field("depth", d, strconv.FormatUint(uint64(rules.FinalDepth), 10)+" or more")
	}
	return tip, nil
}

func orRefusal(err, refusal error) error {
	if err != nil {
		return err
	}
	return refusal
}

func finish(s AttestStore, rules *Rules, change Change, agreeing int, b Block) (Change, error) {
	if agreeing < rules.Attestations {
		return change, nil
	}
	if _, ok, err := s.FinalAt(b.Height); err != nil || ok {
		return change, err
	}
	change.Final = []Block{b}
	return change, s.PutFinalAt(b.Height, b.Hash)
}
