package consortium

import "slices"

// CustodianSets are the custodian sets that a document rests on, as MSPs: one for a license, one an item for
// an order. A signed answer counts only if of each set at least one partner has signed (T6); no set demands
// no custodian.
type CustodianSets [][]string

// Unsigned finds the first set of which no member is among the signers; found is false when there is none.
func (s CustodianSets) Unsigned(signers []string) (set []string, found bool) {
	for _, set := range s {
		if !slices.ContainsFunc(set, func(msp string) bool { return slices.Contains(signers, msp) }) {
			return set, true
		}
	}
	return nil, false
}
