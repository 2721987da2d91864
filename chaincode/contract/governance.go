package contract

import (
	"strconv"

	"github.com/hyperledger/fabric-contract-api-go/v2/contractapi"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// Governance is what the partners decide together: configuration, clock, parties, recipients, trust bundles.
type Governance struct {
	contractapi.Contract
	clock Clock
}

// Propose puts a configuration up for approval.
func (g *Governance) Propose(t *Transaction, document string) (string, error) {
	return answer(g.propose(t, document))
}

func (g *Governance) propose(t *Transaction, document string) (string, error) {
	var next consortium.Config
	if err := ledger.Decode([]byte(document), &next); err != nil {
		return "", err
	}
	if err := g.succeeds(t, &next); err != nil {
		return "", err
	}
	doc := ledger.Encode(next)
	hash := ledger.Digest(doc)
	if err := t.createText(consortium.ProposalKey(hash), string(doc), consortium.ErrProposed); err != nil {
		return "", err
	}
	return hash, t.event(ledger.EventConfigProposed, consortium.Proposed{Hash: hash, Version: next.Version})
}

// succeeds judges a proposal against the configuration in force, this channel, and what Bitcoin's rules can parse.
func (g *Governance) succeeds(t *Transaction, next *consortium.Config) error {
	previous := ""
	if t.config.Version > 0 {
		previous = ledger.Digest(ledger.Encode(t.config))
	}
	if err := t.config.Succeeds(next, previous); err != nil {
		return err
	}
	if next.Channel != t.GetStub().GetChannelID() {
		return consortium.ErrConfig.With("channel " + next.Channel)
	}
	if _, err := spv.RulesFor(next.Bitcoin.Network, next.Bitcoin.FinalDepth, next.Bitcoin.Attestations); err != nil {
		return err
	}
	if _, err := spv.ParseRecord(next.Bitcoin.Checkpoint); err != nil {
		return err
	}
	_, err := payment.Parse(next.Treasury.Descriptor, next.Bitcoin.Network)
	return err
}

// Approve adds the caller's partner to those who approve a proposal, and puts it in force when they are enough.
func (g *Governance) Approve(t *Transaction, hash string) (string, error) {
	return answer(g.approve(t, hash))
}

func (g *Governance) approve(t *Transaction, hash string) (consortium.InForce, error) {
	none := consortium.InForce{}
	if err := ledger.CheckID(hash); err != nil {
		return none, err
	}
	var next consortium.Config
	if err := t.need(consortium.ProposalKey(hash), &next, consortium.ErrNotProposed); err != nil {
		return none, err
	}
	if err := g.succeeds(t, &next); err != nil {
		return none, err
	}
	approved, err := approvals(t, hash)
	if err != nil {
		return none, err
	}
	now, err := t.config.MayApprove(t.caller.MSP, approved)
	if err != nil {
		return none, err
	}
	if err := t.putText(consortium.ApprovalKey(hash, t.caller.MSP), ledger.Marker); err != nil {
		return none, err
	}
	result := consortium.InForce{Version: t.config.Version}
	event := consortium.Approved{Hash: hash, MSP: t.caller.MSP}
	if now {
		result.Version, event.Version = next.Version, next.Version
		if err := t.put(consortium.ConfigKey(next.Version), next); err != nil {
			return none, err
		}
		if err := t.putText(consortium.ConfigInForceKey(), strconv.Itoa(next.Version)); err != nil {
			return none, err
		}
	}
	return result, t.event(ledger.EventConfigApproved, event)
}

// approvals reads each governing partner's mark by its own key, so that two approvals in one block conflict.
func approvals(t *Transaction, hash string) ([]string, error) {
	var approved []string
	for _, msp := range t.config.Homes(party.Governor) {
		ok, err := t.has(consortium.ApprovalKey(hash, msp))
		if err != nil {
			return nil, err
		}
		if ok {
			approved = append(approved, msp)
		}
	}
	return approved, nil
}

// Tick moves the ledger's clock to the proposed time, if this endorser's own clock agrees (T7, T8).
func (g *Governance) Tick(t *Transaction, seconds string) (string, error) {
	return answer(g.tick(t, seconds))
}

func (g *Governance) tick(t *Transaction, seconds string) (consortium.Clock, error) {
	var clock consortium.Clock
	var epoch consortium.Epoch
	proposed, err := consortium.ParseTime(seconds)
	if err != nil {
		return clock, err
	}
	if _, err := t.get(consortium.ClockKey(), &clock); err != nil {
		return clock, err
	}
	if _, err := t.get(consortium.EpochKey(), &epoch); err != nil {
		return clock, err
	}
	clock, epoch, changed, err := consortium.Tick(t.config.Limits, clock, epoch, proposed, g.clock().Unix())
	if err != nil {
		return clock, err
	}
	if err := t.put(consortium.ClockKey(), clock); err != nil {
		return clock, err
	}
	if changed {
		if err := t.put(consortium.EpochKey(), epoch); err != nil {
			return clock, err
		}
	}
	return clock, t.event(ledger.EventClockTicked, clock)
}

// RegisterParty records a party of the calling governor's home.
func (g *Governance) RegisterParty(t *Transaction, document string) (string, error) {
	return answer(g.registerParty(t, document))
}

func (g *Governance) registerParty(t *Transaction, document string) (party.Party, error) {
	var p, recorded party.Party
	if err := ledger.Decode([]byte(document), &p); err != nil {
		return p, err
	}
	if err := party.Check(p); err != nil {
		return p, err
	}
	known, err := t.get(party.RecordKey(p.ID), &recorded)
	if err != nil {
		return p, err
	}
	if err := party.CheckRegistration(t.caller, p, t.config.Homes, known); err != nil {
		return p, err
	}
	if err := t.put(party.RecordKey(p.ID), p); err != nil {
		return p, err
	}
	return p, t.event(ledger.EventPartyRegistered, p)
}

// SetRecipient records a public key that content keys are wrapped to.
func (g *Governance) SetRecipient(t *Transaction, document string) (string, error) {
	return answer(g.setRecipient(t, document))
}

func (g *Governance) setRecipient(t *Transaction, document string) (consortium.Recipient, error) {
	var r, last consortium.Recipient
	if err := ledger.Decode([]byte(document), &r); err != nil {
		return r, err
	}
	if !ledger.IsName(r.ID) {
		return r, consortium.ErrRecipient.With("id")
	}
	if _, err := t.get(consortium.RecipientKey(r.ID), &last); err != nil {
		return r, err
	}
	if err := consortium.CheckRecipient(r, t.caller, last.Version); err != nil {
		return r, err
	}
	if err := oneCustodian(t, r); err != nil {
		return r, err
	}
	if err := fewLines(t, r); err != nil {
		return r, err
	}
	if err := t.put(consortium.RecipientKey(r.ID), r); err != nil {
		return r, err
	}
	return r, t.event(ledger.EventRecipientSet, r)
}

// oneCustodian keeps one custodian's recipient a partner: datasets and grants name custodians by their partner. Each
// has a grant key of its own: with a copied one no meter of a set that holds both could be made, for anybody.
func oneCustodian(t *Transaction, r consortium.Recipient) error {
	if r.Role != consortium.CustodianRecipient {
		return nil
	}
	key, err := r.SigningKey()
	if err != nil {
		return err
	}
	found, err := custodianRecipients(t)
	if err != nil {
		return err
	}
	if other, ok := found[r.MSP]; ok && other.ID != r.ID {
		return consortium.ErrSecond.With(other.ID)
	}
	delete(found, r.MSP)
	for _, other := range found {
		if theirs, err := other.SigningKey(); err == nil && key.Equal(theirs) {
			return consortium.ErrGrantKey.With(r.ID)
		}
	}
	return nil
}

// fewLines keeps the list of all recipients short enough to be signed and read as one document.
func fewLines(t *Transaction, r consortium.Recipient) error {
	if r.Role != consortium.RuntimeRecipient || r.Version > 1 {
		return nil
	}
	lines := 0
	err := t.each(func(_ string, value []byte) error {
		var other consortium.Recipient
		err := ledger.DecodeCanonical(value, &other)
		if other.MSP == r.MSP {
			lines++
		}
		return err
	}, consortium.RecipientFamily)
	if err == nil && lines >= consortium.MaxRecipients {
		err = consortium.ErrRecipients.With(r.ID)
	}
	return err
}

// Config reads a configuration by its version, "" for the one in force.
func (g *Governance) Config(t *Transaction, version string) (string, error) {
	return answer(g.readConfig(t, version))
}

func (g *Governance) readConfig(t *Transaction, version string) (consortium.Config, error) {
	var c consortium.Config
	if version == "" {
		if t.config.Version == 0 {
			return c, consortium.ErrNoConfig
		}
		return t.config, nil
	}
	n, err := parseNumber(version)
	if err != nil {
		return c, err
	}
	return c, t.need(consortium.ConfigKey(int(n)), &c, consortium.ErrNoConfig)
}

// Clock reads the ledger's own time.
func (g *Governance) Clock(t *Transaction) (string, error) {
	var c consortium.Clock
	return answer(&c, t.need(consortium.ClockKey(), &c, consortium.ErrNoClock))
}

// Party reads a party.
func (g *Governance) Party(t *Transaction, id string) (string, error) {
	if !ledger.IsParty(id) {
		return answer(nil, party.ErrUnknown.With(id))
	}
	var p party.Party
	return answer(&p, t.need(party.RecordKey(id), &p, party.ErrUnknown))
}

// Recipient reads a recipient.
func (g *Governance) Recipient(t *Transaction, id string) (string, error) {
	if !ledger.IsName(id) {
		return answer(nil, consortium.ErrNoRecipient.With(id))
	}
	var r consortium.Recipient
	return answer(&r, t.need(consortium.RecipientKey(id), &r, consortium.ErrNoRecipient))
}
