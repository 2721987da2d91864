package signed

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/rules/order"
)

// Expectation is what the caller asked for.
type Expectation struct {
	Function string // one of the signing functions; required
	Subject  string // its id argument; "" accepts any
	Nonce    string // hex; "" accepts any: for a stored file whose nonce was compared when it arrived
}

// Verify is [Verifier.Verify] for a single file. For more than one keep a [Verifier]: it remembers
// certificates.
func Verify(file []byte, bundle *Bundle, want Expectation) (Answer, error) {
	v, err := NewVerifier(bundle)
	if err != nil {
		return Answer{}, err
	}
	return v.Verify(file, want)
}

// Verify returns the answer in the file if peers of enough partners of the bundle signed it for the
// question expected. The first check that fails is the verdict; the order is part of the contract
// (docs/signed.md).
func (v *Verifier) Verify(file []byte, want Expectation) (Answer, error) {
	c, err := v.run(file, want)
	if err != nil {
		return Answer{}, err
	}
	return c.answer, nil
}

// run is the list of checks: the form of the file, then the question, the answer, and who signed it.
func (v *Verifier) run(file []byte, want Expectation) (*check, error) {
	c := &check{v: v, want: want}
	for _, step := range []func(*check, []byte) error{
		(*check).parse, (*check).proposal, (*check).origin, (*check).function, (*check).answerAgrees, (*check).policy,
		(*check).signatures, (*check).chains, (*check).roles, (*check).quorum, (*check).custodian, (*check).nonce,
	} {
		if err := step(c, file); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// check is the state of one verification.
type check struct {
	v         *Verifier
	want      Expectation
	file      File
	payload   payload
	header    channelHeader
	call      invocation
	endorsers []*endorser
	answer    Answer

	license    LicenseBody // the body, decoded as what the tag says
	order      order.View
	recipients RecipientsBody
}

func (c *check) parse(doc []byte) error {
	var err error
	if c.file, err = ParseFile(doc); err != nil {
		return err
	}
	if c.payload, err = readPayload(c.file.Payload); err != nil {
		return ErrMalformed.With("payload, expected the one form of a ProposalResponsePayload")
	}
	for i, e := range c.file.Endorsements {
		if checkSignatureForm(e.Signature) != nil {
			return ErrMalformed.With(fmt.Sprintf("endorsements[%d].signature, expected ECDSA in DER with low S", i))
		}
		known, err := c.v.endorser(e.Endorser)
		if err != nil {
			return ErrMalformed.With(fmt.Sprintf("endorsements[%d].endorser, expected MSP and PEM certificate", i))
		}
		c.endorsers = append(c.endorsers, known)
		if i > 0 && c.endorsers[i-1].msp > known.msp {
			return ErrMalformed.With(fmt.Sprintf("endorsements[%d], expected them sorted by MSP", i))
		}
	}
	return nil
}

func (c *check) proposal([]byte) error {
	h := sha256.New()
	h.Write(c.file.ChannelHeader)
	h.Write(c.file.SignatureHeader)
	h.Write(c.file.ProposalPayload)
	if !bytes.Equal(h.Sum(nil), c.payload.proposalHash) {
		return ErrProposal
	}
	var err error
	if c.header, err = readChannelHeader(c.file.ChannelHeader); err != nil {
		return ErrProposal.With("channel header, expected its one form")
	}
	if err = readSignatureHeader(c.file.SignatureHeader); err != nil {
		return ErrProposal.With("signature header, expected its one form")
	}
	if c.call, err = readInvocation(c.file.ProposalPayload); err != nil {
		return ErrProposal.With("invocation, expected its one form")
	}
	return nil
}

// origin checks channel and chaincode of question and answer, that its status is success, and that it
// writes nothing.
func (c *check) origin([]byte) error {
	name := c.v.bundle.Chaincode
	switch {
	case c.header.channel != c.v.bundle.Channel:
		return ErrChannel.Field("channel", c.header.channel, c.v.bundle.Channel)
	case c.payload.chaincode != name || c.header.chaincode != name || c.call.chaincode != name:
		return ErrChaincode.Field("chaincode", c.payload.chaincode, name)
	case c.payload.status != 200:
		return ErrStatus.Field("status", c.payload.status, "200")
	case c.payload.writes:
		return ErrWrites
	}
	return nil
}

func (c *check) function([]byte) error {
	args := c.call.args
	takes := 3 // function, subject, nonce
	if tag := tagOf(c.want.Function); tag == TagRecipients || tag == TagNoop {
		takes = 2
	}
	switch {
	case tagOf(c.want.Function) == "":
		return ErrFunction.Field("function", c.want.Function, "a signing function")
	case len(args) == 0 || args[0] != c.want.Function:
		return ErrFunction.With(fmt.Sprintf("%.60q, expected %s", args, c.want.Function))
	case len(args) != takes:
		return ErrFunction.Field("arguments", len(args), strconv.Itoa(takes)+" for "+c.want.Function)
	case c.want.Subject != "" && (takes != 3 || args[1] != c.want.Subject):
		return ErrFunction.With(fmt.Sprintf("%.60q, expected subject %.64s", args[1:], c.want.Subject))
	}
	return nil
}

func (c *check) answerAgrees([]byte) error {
	if err := decodeCanonical(c.payload.result, &c.answer); err != nil {
		return ErrAnswer.With(err.Error())
	}
	a, args := &c.answer, c.call.args
	subject, nonce := "", args[len(args)-1]
	if len(args) == 3 {
		subject = args[1]
	}
	switch {
	case a.Tag != tagOf(c.want.Function):
		return ErrAnswer.Field("tag", a.Tag, tagOf(c.want.Function))
	case a.Channel != c.header.channel || a.Function != args[0] || a.Subject != subject || a.Nonce != nonce:
		return ErrAnswer.With("channel, function, subject or nonce, expected those of the proposal")
	case a.Clock <= 0:
		return ErrAnswer.Field("clock", a.Clock, "1 or more")
	}
	return nil
}

func (c *check) policy([]byte) error {
	if c.answer.Policy != c.v.id {
		return ErrPolicy.Field("bundle", c.answer.Policy, c.v.id)
	}
	return nil
}

func (c *check) signatures([]byte) error {
	h := sha256.New()
	var digest [sha256.Size]byte
	for i, e := range c.file.Endorsements {
		key := c.endorsers[i].key
		if key == nil {
			return ErrChain.With(c.endorsers[i].msp) // no certificate that could be judged
		}
		h.Reset()
		h.Write(c.file.Payload)
		h.Write(e.Endorser)
		if !ecdsa.VerifyASN1(key, h.Sum(digest[:0]), e.Signature) {
			return ErrSignature.With("of " + c.endorsers[i].msp)
		}
	}
	return nil
}

func (c *check) chains([]byte) error {
	for _, e := range c.endorsers {
		if err := e.goodAt(c.answer.Clock); err != nil {
			return ErrChain.With(e.msp + ": " + err.Error())
		}
	}
	return nil
}

func (c *check) roles([]byte) error {
	for _, e := range c.endorsers {
		if !e.peer {
			return ErrRole.With("of " + e.msp)
		}
	}
	return nil
}

func (c *check) quorum([]byte) error {
	partners := c.partners()
	if len(partners) < c.v.bundle.Quorum {
		return ErrQuorum.Field("partners", partners, fmt.Sprintf("%d or more", c.v.bundle.Quorum))
	}
	return nil
}

// partners are the MSPs of the signing partners among the endorsers, each once.
func (c *check) partners() []string {
	partners := make([]string, 0, len(c.endorsers))
	for _, e := range c.endorsers {
		if e.signs && !slices.Contains(partners, e.msp) {
			partners = append(partners, e.msp)
		}
	}
	return partners
}

func (c *check) custodian([]byte) error {
	sets, err := c.custodianSets()
	if err != nil {
		return ErrAnswer.With(err.Error())
	}
	if set, found := sets.Unsigned(c.partners()); found {
		return ErrCustodian.With(fmt.Sprintf("signed by %v, expected one of %v", c.partners(), set))
	}
	return nil
}

func (c *check) nonce([]byte) error {
	if c.want.Nonce != "" && c.answer.Nonce != c.want.Nonce {
		return ErrNonce.Field("nonce", c.answer.Nonce, c.want.Nonce)
	}
	return nil
}
