package signedtest

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"strings"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/signed"
)

// Nonce is the nonce in every case.
var Nonce = strings.Repeat("5a", signed.NonceBytes) // a constant that needs a function

// Case is one signed license, good or forged, and the code that must refuse it ("" = good).
type Case struct {
	Name string // says what it is: good_..., bad_<check>_...
	Want string
	File []byte
}

// Cases makes every case of a license file that a verifier must know, for a sale under the operator and the
// manufacturer as custodians.
func (c *Consortium) Cases(s Sale) ([]Case, error) {
	m := maker{c: c, sale: s, answer: s.LicenseAnswer(c.Bundle, Nonce, c.Start.Unix())}
	m.good()
	m.origin()
	m.answers()
	m.signers()
	m.terms()
	return m.cases, m.err
}

type maker struct {
	c      *Consortium
	sale   Sale
	answer signed.Answer
	cases  []Case
	err    error
}

func (m *maker) add(name, want string, d Deed) {
	if d.Answer.Tag == "" {
		d.Answer = m.answer
	}
	if d.Signers == nil {
		d.Signers = m.peers(Operator, Manufacturer)
	}
	f, err := m.c.File(d)
	if err != nil && m.err == nil {
		m.err = fmt.Errorf("%s: %w", name, err)
	}
	m.cases = append(m.cases, Case{Name: name, Want: want, File: f})
}

func (m *maker) peers(names ...string) []Signer {
	p, err := m.c.Peers(names...)
	if err != nil && m.err == nil {
		m.err = err
	}
	return p
}

func (m *maker) leaf(name string, l Leaf) Signer {
	s, err := m.c.Signer(name, l)
	if err != nil && m.err == nil {
		m.err = err
	}
	return s
}

// with is the honest answer, changed.
func (m *maker) with(change func(*signed.Answer)) Deed {
	a := m.answer
	change(&a)
	return Deed{Answer: a}
}

func (m *maker) good() {
	m.add("good_license", "", Deed{})
	m.add("good_three_partners", "", Deed{Signers: m.peers(Licensors, Manufacturer, Operator)})
	m.add("good_custodian_and_another", "", Deed{Signers: m.peers(Licensors, Operator)})
	m.add("good_auditor_beside_two", "", Deed{Signers: m.peers(Auditor, Manufacturer, Operator)})
}

func (m *maker) origin() {
	other := m.answer
	other.Subject = ledger.Hash("guildmark/test/1", "another license")
	asked := []string{signed.FunctionLicense, other.Subject, Nonce}
	m.add("bad_malformed_high_s", "signed.malformed", Deed{HighS: true})
	m.add("bad_proposal_transient", "signed.proposal", Deed{Transient: true})
	m.add("bad_channel_shadow", "signed.channel", Deed{Channel: "shadow"})
	m.add("bad_chaincode_other", "signed.chaincode", Deed{Chaincode: "other"})
	m.add("bad_status_500", "signed.status", Deed{Status: 500})
	m.add("bad_writes_endorsed_write", "signed.writes", Deed{Writes: true})
	m.add("bad_writes_event", "signed.writes", Deed{Event: true})
	m.add("bad_function_put", "signed.function", Deed{Args: []string{"licenses:Put", m.answer.Subject, Nonce}})
	m.add("bad_function_lower_case", "signed.function",
		Deed{Args: []string{"licenses:sign", m.answer.Subject, Nonce}})
	m.add("bad_function_more_arguments", "signed.function",
		Deed{Args: []string{signed.FunctionLicense, m.answer.Subject, Nonce, "x"}})
	m.add("bad_answer_asked_for_another", "signed.answer", Deed{Args: asked})
}

func (m *maker) answers() {
	m.add("bad_answer_tag_of_order", "signed.answer", m.with(func(a *signed.Answer) { a.Tag = signed.TagOrder }))
	m.add("bad_answer_not_canonical", "signed.answer", Deed{Result: append([]byte(" "), ledger.Encode(m.answer)...)})
	m.add("bad_answer_another_license", "signed.answer",
		m.with(func(a *signed.Answer) { a.Subject = ledger.Hash("x", "y") }))
	m.add("bad_answer_nonce_differs", "signed.answer",
		Deed{Args: []string{signed.FunctionLicense, m.answer.Subject, strings.Repeat("00", 32)}})
	m.add("bad_policy_stale", "signed.policy",
		m.with(func(a *signed.Answer) { a.Policy = ledger.Hash("guildmark/test/1", "old bundle") }))
	m.add("bad_nonce_replayed", "signed.nonce", m.with(func(a *signed.Answer) { a.Nonce = strings.Repeat("6b", 32) }))
}

func (m *maker) signers() {
	swapped := m.peers(Operator, Manufacturer)
	swapped[0].Key, swapped[1].Key = swapped[1].Key, swapped[0].Key
	operator := m.peers(Operator)[0]
	client := []string{"client"}
	from, to := m.c.Start.AddDate(-1, 0, 0), m.c.Start.Add(-time.Minute)
	critical := pkix.Extension{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}
	m.add("bad_signature_swapped_keys", "signed.signature", Deed{Signers: swapped})
	m.add("bad_chain_expired", "signed.chain",
		Deed{Signers: []Signer{operator, m.leaf(Manufacturer, Leaf{NotBefore: from, NotAfter: to})}})
	m.add("bad_chain_not_yet_valid", "signed.chain",
		Deed{Signers: []Signer{
			operator,
			m.leaf(Manufacturer, Leaf{NotBefore: m.c.Start.Add(time.Minute), NotAfter: m.c.Start.Add(time.Hour)}),
		}})
	m.add("bad_chain_other_partners_ca", "signed.chain",
		Deed{Signers: []Signer{operator, m.leaf(Manufacturer, Leaf{IssuedBy: Operator})}})
	m.add("bad_chain_ca_certificate", "signed.chain",
		Deed{Signers: []Signer{
			operator,
			m.leaf(Manufacturer, Leaf{Mend: func(
				t *x509.Certificate,
			) {
				t.IsCA = true
				t.KeyUsage |= x509.KeyUsageCertSign
			}}),
		}})
	m.add("bad_chain_key_usage", "signed.chain",
		Deed{Signers: []Signer{
			operator,
			m.leaf(Manufacturer, Leaf{Mend: func(t *x509.Certificate) { t.KeyUsage = x509.KeyUsageKeyAgreement }}),
		}})
	m.add("bad_chain_critical_extension", "signed.chain",
		Deed{Signers: []Signer{
			operator,
			m.leaf(Manufacturer, Leaf{Mend: func(
				t *x509.Certificate,
			) {
				t.ExtraExtensions = []pkix.Extension{critical}
			}}),
		}})
	m.add("bad_role_client_certificates", "signed.role",
		Deed{Signers: []Signer{m.leaf(Manufacturer, Leaf{OUs: client}), m.leaf(Operator, Leaf{OUs: client})}})
	m.add("bad_role_peer_and_client", "signed.role",
		Deed{Signers: []Signer{operator, m.leaf(Manufacturer, Leaf{OUs: []string{"peer", "client"}})}})
	m.add("bad_quorum_one_partner", "signed.quorum", Deed{Signers: []Signer{operator}})
	m.add("bad_quorum_same_partner_twice", "signed.quorum", Deed{Signers: m.peers(Operator, Operator)})
	m.add("bad_quorum_same_signature_twice", "signed.quorum", Deed{Signers: []Signer{operator, operator}})
	m.add("bad_quorum_auditor_counted", "signed.quorum", Deed{Signers: m.peers(Auditor, Operator)})
	m.add("bad_quorum_nobody", "signed.quorum", Deed{Signers: []Signer{}})
}

// terms are the cases of a license that is well signed but not good for its holder, or not signed by a
// custodian.
func (m *maker) terms() {
	suspended := m.with(func(a *signed.Answer) {
		a.Body = []byte(strings.Replace(string(a.Body), `"state":"active"`, `"state":"suspended"`, 1))
	})
	machine := m.with(func(a *signed.Answer) {
		a.Body = []byte(strings.ReplaceAll(string(a.Body), m.sale.Machine.ID,
			ledger.Hash("guildmark/test/1", "another machine")))
	})
	named := m.with(func(a *signed.Answer) {
		a.Body = []byte(strings.Replace(string(a.Body), `"custodians":["ManufacturerMSP","OperatorMSP"]`,
			`"custodians":["LicensorsMSP"]`, 1))
	})
	named.Signers = m.peers(Licensors, Operator)
	only := m.with(func(a *signed.Answer) {
		a.Body = []byte(strings.Replace(string(a.Body), `"custodians":["ManufacturerMSP","OperatorMSP"]`,
			`"custodians":["LicensorsMSP"]`, 1))
	})
	ended := m.with(func(a *signed.Answer) { a.Lease = m.c.Start.Unix() - 1 })
	m.add("bad_custodian_none_signed", "signed.custodian", only)
	m.add("bad_license_machine", "license.machine", machine)
	m.add("bad_license_manifest_forgers_name_themselves", "license.manifest", named)
	m.add("bad_license_state_suspended", "license.state", suspended)
	m.add("bad_license_lease_ended", "license.lease", ended)
}
