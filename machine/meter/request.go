package meter

import (
	"encoding/base64"
	"errors"

	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
	"github.com/guildmark/guildmark/machine/tpm"
)

// Request is what the machine asks of the ledger and two custodians (T15).
type Request struct {
	License string
	Index   tpmpolicy.Index
	Nonce   []byte                // of the session that stays open in the TPM
	Counter tpmpolicy.Attestation // grant counter
	Time    tpmpolicy.Attestation // clock and reset count
}

// Document is the request as licenses:RecordGrant takes it; pair are the two custodians' MSPs, sorted.
func (r Request) Document(pair []string) grant.Request {
	return grant.Request{
		License: r.License, Pair: pair, Index: r.Index.Handle, Nonce: base64.StdEncoding.EncodeToString(r.Nonce),
		Counter: grant.Encode(r.Counter), Time: grant.Encode(r.Time), IndexName: r.Index.Name(false).Hex(),
	}
}

// Request opens a session in the TPM, keeps its handle and nonce in the state file, and attests counter and
// time for exactly this session. An older request that was never answered ends. With the kernel's resource
// manager the session lives as long as the connection: keep it open until Apply. With a bare TPM it lives
// until the next reset.
func (x *Meter) Request(licenseID string) (r Request, err error) {
	if err := x.Cancel(); err != nil {
		return Request{}, err
	}
	if err := x.define(); err != nil {
		return Request{}, err
	}
	session, err := x.tpm.GrantSession()
	if err != nil {
		return Request{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, session.Close(x.tpm.Transport()))
		}
	}()
	r = Request{License: licenseID, Index: x.index, Nonce: session.Nonce()}
	value, err := x.tpm.Counter()
	if err != nil {
		return Request{}, err
	}
	x.state.Pending = &Pending{License: licenseID, Session: session.HandleValue(), Nonce: r.Nonce, Counter: value}
	if err := x.save(); err != nil {
		return Request{}, err
	}
	extra := tpmpolicy.GrantDigest(licenseID, r.Nonce, x.index.Name(false))
	if r.Counter, err = x.tpm.CertifyCounter(extra[:]); err != nil {
		return Request{}, err
	}
	r.Time, err = x.tpm.Time(extra[:])
	return r, err
}

// Cancel ends an open request and its session; without one it does nothing.
func (x *Meter) Cancel() error {
	p := x.state.Pending
	if p == nil {
		return nil
	}
	err := tpm.ResumeSession(p.Session, p.Nonce).Close(x.tpm.Transport())
	var r *tpm.Refused
	if err != nil && !errors.As(err, &r) { // refused: the session has ended already
		return err
	}
	x.state.Pending = nil
	return x.save()
}
