package royalty

import (
	"strconv"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Rate is a fraction in parts per hundred million.
type Rate int64

// Whole is the rate that takes everything.
const Whole Rate = 100_000_000

// Terms is how a price is split; it is copied into the order, so a later change rewrites nothing.
type Terms struct {
	Commission   Commission    `json:"commission"`
	Contributors []Contributor `json:"contributors"`
	// party id that gets what no other rule gives; "" when contributors take all
	Residual string `json:"residual"`
}

// Commission is clamp(G x Rate, Min, Max) to Payee.
type Commission struct {
	Rate  Rate           `json:"rate"`
	Min   ledger.Satoshi `json:"min"`
	Max   ledger.Satoshi `json:"max"`
	Payee string         `json:"payee"`
}

// Contributor gets a part of what the commission leaves, by weight.
type Contributor struct {
	Payee  string `json:"payee"`
	Weight int64  `json:"weight"`
}

// Bounds of a split: enough for every story, and small enough to be checked on every sale.
const (
	maxContributors = 64
	maxWeight       = 1_000_000
)

// Check judges terms for a price when they are published, so that no sale can fail on them.
func Check(price ledger.Satoshi, t Terms) error {
	if price < 1 || !price.Valid() {
		return ErrAmount.With(price.String())
	}
	if err := t.Commission.check(price); err != nil {
		return err
	}
	if (len(t.Contributors) == 0) == (t.Residual == "") {
		return ErrResidual.With(strconv.Itoa(len(t.Contributors)) + " contributors, residual " +
			strconv.Quote(t.Residual))
	}
	if t.Residual != "" && !ledger.IsParty(t.Residual) {
		return ErrPayee.With(t.Residual)
	}
	return checkContributors(t.Contributors)
}

func (c Commission) check(price ledger.Satoshi) error {
	if !ledger.IsParty(c.Payee) {
		return ErrPayee.With(c.Payee)
	}
	switch {
	case c.Rate < 0 || c.Rate > Whole:
		return ErrCommission.Field("rate", c.Rate, "0 to 100000000")
	case !c.Max.Valid():
		return ErrCommission.Field("max", c.Max, "0 to "+ledger.MaxSatoshi.String())
	case c.Min < 0 || c.Min > c.Max:
		return ErrCommission.Field("min", c.Min, "0 to max, "+c.Max.String())
	case c.Min > price:
		return ErrCommission.Field("min", c.Min, "at most the price, "+price.String())
	}
	return nil
}

func checkContributors(list []Contributor) error {
	if len(list) > maxContributors {
		return ErrTooMany.With(strconv.Itoa(len(list)))
	}
	seen := map[string]bool{}
	for _, c := range list {
		switch {
		case !ledger.IsParty(c.Payee):
			return ErrPayee.With(c.Payee)
		case seen[c.Payee]:
			return ErrDuplicate.With(c.Payee)
		case c.Weight < 1 || c.Weight > maxWeight:
			return ErrWeights.With(strconv.FormatInt(c.Weight, 10))
		}
		seen[c.Payee] = true
	}
	return nil
}

// Payees are all that a split names.
func (t Terms) Payees() []string {
	payees := []string{t.Commission.Payee}
	for _, c := range t.Contributors {
		payees = append(payees, c.Payee)
	}
	if t.Residual != "" {
		payees = append(payees, t.Residual)
	}
	return payees
}

// CheckHomes demands that each payee's home is a partner of the consortium.
func (t Terms) CheckHomes(isPartner func(msp string) bool) error {
	for _, payee := range t.Payees() {
		if home, _, _ := strings.Cut(payee, "."); !isPartner(home) {
			return ErrPayee.With(payee)
		}
	}
	return nil
}
