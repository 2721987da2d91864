package contract

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/cid"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

// Refusals of calls as such.
var (
	ErrUnknownFunction = ledger.Refuse(ledger.Invalid, "function.unknown", "the ledger has no function of exactly this name")
	ErrArguments       = ledger.Refuse(ledger.Invalid, "function.arguments", "the function takes another number of arguments")
	ErrCaller          = ledger.Refuse(ledger.Forbidden, "caller.malformed", "the caller's identity is not a certificate that the ledger can read")
	ErrNumber          = ledger.Refuse(ledger.Invalid, "number.malformed", "the argument is not a plain decimal number in range")
)

// Rule is one row of the table of who may call what.
type Rule struct {
	Name   string   // "contract:Function"
	Args   int      // exactly so many
	Roles  []string // none: any role that the ledger knows
	Pinned bool     // the caller's key must stand in its recorded party
	Writes bool
}

// Rules is the one authorization table. What a function demands beyond it (the owner of a dataset or machine, a
// custodian of a set) is said by the function's own rule.
func Rules() []Rule {
	return []Rule{
		{Name: "governance:Propose", Args: 1, Roles: only(party.Governor), Writes: true},
		{Name: "governance:Approve", Args: 1, Roles: only(party.Governor), Writes: true},
		{Name: "governance:Tick", Args: 1, Roles: only(party.Heartbeat), Writes: true},
		{Name: "governance:RegisterParty", Args: 1, Roles: only(party.Governor), Writes: true},
		{Name: "governance:SetRecipient", Args: 1, Roles: only(party.Custodian, party.Registrar), Writes: true},
		{Name: "governance:PutBundle", Args: 1, Roles: only(party.Governor), Writes: true},
		{Name: "governance:Config", Args: 1},
		{Name: "governance:Clock", Args: 0},
		{Name: "governance:Party", Args: 1},
		{Name: "governance:Recipient", Args: 1},
		{Name: "governance:Bundle", Args: 1},
		{Name: "governance:SignRecipients", Args: 1},
		{Name: "governance:Noop", Args: 1},

		{Name: "catalogue:Publish", Args: 1, Roles: only(party.Licensor), Pinned: true, Writes: true},
		{Name: "catalogue:Confirm", Args: 3, Roles: only(party.Custodian), Writes: true},
		{Name: "catalogue:Offer", Args: 1, Roles: only(party.Licensor), Pinned: true, Writes: true},
		{Name: "catalogue:Dataset", Args: 2},
		{Name: "catalogue:GetOffer", Args: 1},

		{Name: "machines:Register", Args: 1, Roles: only(party.Registrar), Writes: true},
		{Name: "machines:Get", Args: 1},

		{Name: "orders:Place", Args: 1, Roles: only(party.Buyer), Writes: true},
		{Name: "orders:Get", Args: 1},
		{Name: "orders:ByScript", Args: 1},
		{Name: "orders:Sign", Args: 2},
		{Name: "orders:Settle", Args: 1, Roles: only(party.Oracle, party.Buyer), Writes: true},

		{Name: "bitcoin:Start", Args: 0, Roles: only(party.Oracle), Writes: true},
		{Name: "bitcoin:SubmitHeaders", Args: 1, Roles: only(party.Oracle, party.Buyer), Writes: true},
		{Name: "bitcoin:Attest", Args: 2, Roles: only(party.Oracle), Writes: true},
		{Name: "bitcoin:Tip", Args: 0},
		{Name: "bitcoin:Header", Args: 1},
		{Name: "bitcoin:Final", Args: 1},
		{Name: "bitcoin:Locate", Args: 1},

		{Name: "licenses:Get", Args: 1},
		{Name: "licenses:OfMachine", Args: 1},
		{Name: "licenses:GetGrant", Args: 2},
		{Name: "licenses:Receipts", Args: 1},
		{Name: "licenses:Sign", Args: 2},
		{Name: "licenses:RecordGrant", Args: 1, Roles: only(party.Buyer), Writes: true},
		{Name: "licenses:AnswerGrant", Args: 1, Roles: only(party.Custodian), Writes: true},
		{Name: "licenses:RecordReceipt", Args: 1, Roles: only(party.Buyer), Writes: true},

		{Name: "royalties:Accruals", Args: 1},
		{Name: "royalties:Balance", Args: 1},
	}
}

func only(roles ...string) []string { return roles }

var table = func() map[string]Rule {
	m := map[string]Rule{}
	for _, r := range Rules() {
		m[r.Name] = r
	}
	return m
}()

func ruleOf(name string) (Rule, bool) {
	r, ok := table[name]
	return r, ok
}

// before runs ahead of every function: exact name, exact number of arguments, then the caller against the table.
func before(t *Transaction) error {
	name, args := t.GetStub().GetFunctionAndParameters()
	rule, ok := ruleOf(name)
	if !ok {
		return lineError{ErrUnknownFunction.With(name)}
	}
	if len(args) != rule.Args {
		return lineError{ErrArguments.With(strconv.Itoa(len(args)) + " instead of " + strconv.Itoa(rule.Args))}
	}
	if err := t.authorize(rule); err != nil {
		return line(err)
	}
	return nil
}

// unknown answers for names that contract-api would otherwise phrase itself.
func unknown(t *Transaction) error {
	name, _ := t.GetStub().GetFunctionAndParameters()
	return lineError{ErrUnknownFunction.With(name)}
}

func (t *Transaction) authorize(rule Rule) error {
	var err error
	if t.caller, err = t.readCaller(); err != nil {
		return err
	}
	if t.config, err = t.loadConfig(); err != nil {
		return err
	}
	if err := party.Authorize(t.caller, t.config.Homes, rule.Roles); err != nil {
		return err
	}
	if rule.Pinned {
		return t.pinned()
	}
	return nil
}

// readCaller takes the caller's facts from the certificate that Fabric has checked.
func (t *Transaction) readCaller() (party.Caller, error) {
	id, err := cid.New(t.GetStub())
	if err != nil {
		return party.Caller{}, ErrCaller.With(err.Error())
	}
	cert, err := id.GetX509Certificate()
	if err != nil || cert == nil {
		return party.Caller{}, ErrCaller.With("no X.509 certificate")
	}
	c := party.Caller{}
	if c.MSP, err = id.GetMSPID(); err != nil {
		return c, ErrCaller.With(err.Error())
	}
	if c.Role, _, err = id.GetAttributeValue("role"); err != nil {
		return c, ErrCaller.With("attribute role")
	}
	if c.Party, _, err = id.GetAttributeValue("party"); err != nil {
		return c, ErrCaller.With("attribute party")
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	c.KeyHash = hex.EncodeToString(sum[:])
	return c, nil
}

// loadConfig gives the configuration in force, the zero Config before the first.
func (t *Transaction) loadConfig() (consortium.Config, error) {
	var c consortium.Config
	version, err := t.text(consortium.ConfigInForceKey())
	if err != nil || version == "" {
		return c, err
	}
	n, err := parseNumber(version)
	if err != nil {
		return c, err
	}
	return c, t.need(consortium.ConfigKey(int(n)), &c, consortium.ErrNoConfig)
}

// parseNumber reads a count written in plain decimal digits, below ten digits' end so that keys stay in order.
func parseNumber(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > 9_999_999_999 || strconv.FormatInt(n, 10) != s || strings.HasPrefix(s, "+") {
		return 0, ErrNumber.With(s)
	}
	return n, nil
}

// checkPayees demands that each payee of a split has a partner of the consortium as its home.
func (t *Transaction) checkPayees(s royalty.Terms) error {
	payees := []string{s.Commission.Payee}
	for _, c := range s.Contributors {
		payees = append(payees, c.Payee)
	}
	if s.Residual != "" {
		payees = append(payees, s.Residual)
	}
	for _, p := range payees {
		home, _, _ := strings.Cut(p, ".")
		if _, ok := t.config.Partner(home); !ok {
			return royalty.ErrPayee.With(p)
		}
	}
	return nil
}
