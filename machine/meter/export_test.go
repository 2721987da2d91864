package meter

// Pending is the license that a request waits for; "" = none.
func (x *Meter) Pending() string {
	if x.state.Pending == nil {
		return ""
	}
	return x.state.Pending.License
}

// Session is the handle of the session that waits for a grant: spare it when the TPM is swept.
func (x *Meter) Session() (uint32, bool) {
	if x.state.Pending == nil {
		return 0, false
	}
	return x.state.Pending.Session, true
}
