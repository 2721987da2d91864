package signed

import "strconv"

// LicenseExpectation is what must hold of a license beside its signatures.
type LicenseExpectation struct {
	License  string // id; "" accepts any
	Nonce    string // as in Expectation
	Machine  string // the holder's id; required
	Manifest []byte // the manifest's exact bytes; required
	Floor    int64  // the holder's floor of time, Unix seconds; never the system clock alone
}

// License verifies a signed license for its holder.
func (v *Verifier) License(file []byte, want LicenseExpectation) (LicenseBody, Answer, error) {
	c, err := v.run(file, Expectation{Function: FunctionLicense, Subject: want.License, Nonce: want.Nonce})
	if err != nil {
		return LicenseBody{}, Answer{}, err
	}
	b, a := &c.license, &c.answer
	if want.Machine == "" || b.License.Machine != want.Machine || b.Machine.ID != want.Machine {
		return LicenseBody{}, Answer{}, ErrMachine.Field("machine", b.License.Machine, want.Machine)
	}
	if err := v.checkManifest(want.Manifest, b.License.Manifest, b.License.Dataset, b.License.Version,
		b.License.Custodians); err != nil {
		return LicenseBody{}, Answer{}, err
	}
	if b.State != StateActive {
		return LicenseBody{}, Answer{}, ErrState.Field("state", b.State, StateActive)
	}
	if a.Lease != 0 && max(want.Floor, a.Clock) > a.Lease {
		return LicenseBody{}, Answer{}, ErrLease.Field("lease until", a.Lease,
			strconv.FormatInt(max(want.Floor, a.Clock), 10)+" or later")
	}
	return *b, *a, nil
}
