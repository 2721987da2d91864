package governor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/payment"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
	"github.com/guildmark/guildmark/chaincode/spv"
)

// ErrTerms means that the document of terms is not of its form, or can't make a configuration; the text
// behind it names the field. Mend the file.
var ErrTerms = errors.New("terms of the configuration")

// Terms are the values of a first configuration on which the partners agree before there is a ledger:
// everything in it but the partners' own keys. Each partner composes the configuration from the same terms.
type Terms struct {
	Signers []string `json:"signers"` // MSPs whose peers count for signed answers; sorted
	// which MSPs' certificates may grant a role (T1); sorted by role
	Roles      []consortium.RoleHomes `json:"roles"`
	Quorum     int                    `json:"quorum"` // partners that must sign an answer or attest a block (T4)
	Bitcoin    BitcoinTerms           `json:"bitcoin"`
	Commission CommissionTerms        `json:"commission"`
	Limits     consortium.Limits      `json:"limits"`
}

// BitcoinTerms fix when a payment is final.
type BitcoinTerms struct {
	Network    string `json:"network"`
	FinalDepth int    `json:"finalDepth"`
	// partners that must attest a final block; 0 where proof of work is dear (T22)
	Attestations int `json:"attestations"`
}

// CommissionTerms are the market's part of every price.
type CommissionTerms struct {
	Rate  royalty.Rate   `json:"rate"`
	Min   ledger.Satoshi `json:"min"`
	Max   ledger.Satoshi `json:"max"`
	Payee string         `json:"payee"` // MSP of the partner whose card names the party that is paid
}

// ParseTerms reads terms strictly: unknown, missing and repeated keys are refused with [ErrTerms].
func ParseTerms(raw []byte) (Terms, error) {
	var t Terms
	if err := ledger.Decode(raw, &t); err != nil {
		return t, fmt.Errorf("%w: %w", ErrTerms, err)
	}
	return t, nil
}

// Compose makes version 1 of the configuration. Partners that compose from equal terms and cards get equal bytes.
func Compose(t Terms, channel, chaincode string, cards []Card) (consortium.Config, error) {
	cards = slices.SortedFunc(slices.Values(cards), func(a, b Card) int { return strings.Compare(a.MSP, b.MSP) })
	c := consortium.Config{
		Format: consortium.ConfigFormat, Version: 1, Channel: channel, Chaincode: chaincode, Roles: t.Roles,
		Quorum:     t.Quorum,
		Commission: consortium.Commission{Rate: t.Commission.Rate, Min: t.Commission.Min, Max: t.Commission.Max},
		Limits:     t.Limits,
	}
	var cosigners []string
	for _, card := range cards {
		signs := slices.Contains(t.Signers, card.MSP)
		c.Partners = append(c.Partners, consortium.Partner{
			MSP: card.MSP, Name: card.Name, Signs: signs,
			BundleKey: card.BundleKey,
		})
		if signs {
			cosigners = append(cosigners, card.Cosigner)
		}
		if card.MSP == t.Commission.Payee {
			c.Commission.Payee = card.Payee
		}
	}
	if c.Commission.Payee == "" {
		return c, fmt.Errorf("%w: the commission goes to %s, whose card names no party", ErrCard, t.Commission.Payee)
	}
	if len(cosigners) != treasurers {
		return c, fmt.Errorf("%w: the treasury needs cards of %d signing partners, got %d", ErrCard, treasurers,
			len(cosigners))
	}
	descriptor, err := payment.New([treasurers]string(cosigners), t.Bitcoin.Network)
	if err != nil {
		return c, fmt.Errorf("treasury descriptor: %w", err)
	}
	start, err := spv.Genesis(t.Bitcoin.Network)
	if err != nil {
		return c, fmt.Errorf("bitcoin checkpoint: %w", err)
	}
	c.Treasury = consortium.Treasury{Version: 1, Descriptor: descriptor.String()}
	c.Bitcoin = consortium.Bitcoin{
		Network: t.Bitcoin.Network, Checkpoint: start.String(), FinalDepth: t.Bitcoin.FinalDepth,
		Attestations: t.Bitcoin.Attestations,
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("%w: %w", ErrTerms, err)
	}
	return c, nil
}

// treasurers is the number of partners' keys in the treasury's 2-of-3.
const treasurers = 3
