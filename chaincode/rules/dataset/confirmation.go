package dataset

import "slices"

// CheckConfirmation judges a custodian's confirmation of a version. confirmed are the MSPs that confirmed before;
// it reports whether this one makes the version final.
func CheckConfirmation(m *Manifest, p Publication, msp, envelope string, confirmed []string) (final bool, err error) {
	switch {
	case !slices.Contains(m.Custodians, msp):
		return false, ErrNotCustodian.With(msp)
	case envelope != p.Envelope:
		return false, ErrEnvelope.Field("envelope", envelope, p.Envelope)
	case slices.Contains(confirmed, msp):
		return false, ErrConfirmed.With(msp)
	}
	return len(confirmed)+1 == len(m.Custodians), nil
}
