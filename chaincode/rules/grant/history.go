package grant

import "strconv"

// Open marks a machine's newest grant; key granting/<machine>. It is open until an attested grant counter
// above Counter is seen (T15).
type Open struct {
	License string `json:"license"`
	Number  int    `json:"number"`
	Counter uint64 `json:"counter"`
}

// History is what the ledger knows before a grant: the machine's newest grant (nil: none), whether both of
// its custodians have answered, and whether the asking license ever had a grant.
type History struct {
	Newest   *Grant
	Answered bool
	Granted  bool
}

// next gives the number of a grant that a machine asks for now (T15). A machine has one open grant: until its
// counter moves past the grant's, only the same grant is issued again, and that only after a reset of the
// TPM, which killed the session that the first signatures were for.
//
// A grant that both custodians have answered is never issued again: the machine can have written the limit
// before the reset, and a second signature would let it define the index anew and use its license twice.
func next(asked Grant, h History) (int, error) {
	if h.Newest == nil || asked.Counter > h.Newest.Counter {
		if h.Granted {
			return 0, ErrDone.With(asked.License)
		}
		return 1, nil
	}
	g := h.Newest
	switch {
	case asked.Counter < g.Counter:
		return 0, ErrCounterBack.Field("counter", asked.Counter, strconv.FormatUint(g.Counter, 10)+" or more")
	case g.License != asked.License:
		return 0, ErrOpen.With("grant of license " + g.License)
	case h.Answered:
		return 0, ErrAnswered.With("grant " + strconv.Itoa(g.Number))
	case g.IndexName != asked.IndexName:
		return 0, ErrIndexChanged.Field("indexName", asked.IndexName, g.IndexName)
	case asked.ResetCount <= g.ResetCount:
		return 0, ErrSessionAlive.Field("resetCount", asked.ResetCount, "more than "+
			strconv.FormatUint(uint64(g.ResetCount), 10))
	}
	return g.Number + 1, nil
}
