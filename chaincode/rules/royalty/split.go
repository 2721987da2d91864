package royalty

import (
	"cmp"
	"encoding/hex"
	"math/big"
	"slices"
	"strconv"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// Roles of payees in a split.
const (
	RoleCommission  = "commission"
	RoleContributor = "contributor"
	RoleResidual    = "residual"
)

// Part is what one payee gets in one role.
type Part struct {
	Payee  string
	Role   string
	Amount ledger.Satoshi
}

// Key is the rounding's key for one item of an order (T23): domain, order, item, and the number of the event,
// which is 0 for the settlement.
func Key(order string, item, event int) string {
	return ledger.Hash("guildmark/split/1", order, strconv.Itoa(item), strconv.Itoa(event))
}

// Split divides price by the terms. The parts are sorted by payee and role and sum to price exactly; each is
// the floor or the ceiling of its exact part, and over all keys its exact part on average (systematic
// rounding: the cumulative sums, over one denominator D, round at the one offset u = key mod D). key is 64
// hex digits.
func Split(price ledger.Satoshi, t Terms, key string) ([]Part, error) {
	if err := Check(price, t); err != nil {
		return nil, err
	}
	hash, err := hex.DecodeString(key)
	if err != nil || ledger.CheckID(key) != nil {
		return nil, ledger.ErrID.With(key)
	}
	fractions, denominator := exact(price, t)
	sum := new(big.Int).SetBytes(hash)
	sum.Mod(sum, denominator) // u
	before := new(big.Int)
	parts := make([]Part, len(fractions))
	for i, s := range fractions {
		sum.Add(sum, s.numerator)
		after := new(big.Int).Div(sum, denominator)
		amount := new(big.Int).Sub(after, before)
		parts[i] = Part{Payee: s.payee, Role: s.role, Amount: ledger.Satoshi(amount.Int64())}
		before = after
	}
	return parts, nil
}

// fraction is one payee's exact part: numerator over the common denominator.
type fraction struct {
	payee, role string
	numerator   *big.Int
}

// exact writes every payee's part over D = Whole x (sum of weights), sorted by payee and role. Nothing
// overflows: price has 51 bits, Whole 27, the weights 26.
func exact(price ledger.Satoshi, t Terms) ([]fraction, *big.Int) {
	weights := int64(1)
	if len(t.Contributors) > 0 {
		weights = 0
		for _, c := range t.Contributors {
			weights += c.Weight
		}
	}
	commission := t.Commission.parts(price) // over Whole
	rest := new(big.Int).Sub(times(int64(price), int64(Whole)), commission)
	fractions := []fraction{{t.Commission.Payee, RoleCommission, new(big.Int).Mul(commission, big.NewInt(weights))}}
	for _, c := range t.Contributors {
		fractions = append(fractions, fraction{
			c.Payee, RoleContributor,
			new(big.Int).Mul(rest, big.NewInt(c.Weight)),
		})
	}
	if t.Residual != "" {
		fractions = append(fractions, fraction{t.Residual, RoleResidual, rest})
	}
	slices.SortFunc(fractions, func(a, b fraction) int {
		return cmp.Or(cmp.Compare(a.payee, b.payee), cmp.Compare(a.role, b.role))
	})
	return fractions, times(int64(Whole), weights)
}

// parts is clamp(price x rate, min, max) over the denominator Whole, and never more than the price.
func (c Commission) parts(price ledger.Satoshi) *big.Int {
	n := times(int64(price), int64(c.Rate))
	least, most := times(int64(c.Min), int64(Whole)), times(int64(min(c.Max, price)), int64(Whole))
	if n.Cmp(least) < 0 {
		return least
	}
	if n.Cmp(most) > 0 {
		return most
	}
	return n
}

func times(a, b int64) *big.Int { return new(big.Int).Mul(big.NewInt(a), big.NewInt(b)) }
