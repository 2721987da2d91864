package royalty_test

import (
	"errors"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/royalty"
)

func payee(n int) string { return "HomeMSP." + strconv.FormatInt(int64(n)+1<<60, 16) }

func key(n int) string { return royalty.Key("order", 0, n) }

// terms are a rate in per cent and contributors by weight; none: payee 1 gets the rest.
func terms(rate int64, weights ...int64) royalty.Terms {
	t := royalty.Terms{Commission: royalty.Commission{
		Rate: royalty.Rate(rate) * royalty.Whole / 100, Max: ledger.MaxSatoshi, Payee: payee(0),
	}}
	for i, w := range weights {
		t.Contributors = append(t.Contributors, royalty.Contributor{Payee: payee(i + 1), Weight: w})
	}
	if len(weights) == 0 {
		t.Residual = payee(1)
	}
	return t
}

func clamped(t royalty.Terms, least, most ledger.Satoshi) royalty.Terms {
	t.Commission.Min, t.Commission.Max = least, most
	return t
}

// TestSplitExact: where every part is whole, the key changes nothing.
func TestSplitExact(t *testing.T) {
	for _, c := range []struct {
		name  string
		price ledger.Satoshi
		terms royalty.Terms
		want  []ledger.Satoshi // by payee
	}{
		{"the story: 30 % and 2:1", 30_000, terms(30, 2, 1), []ledger.Satoshi{9_000, 14_000, 7_000}},
		{"thirds of what is left", 10_000, terms(10, 2, 1), []ledger.Satoshi{1_000, 6_000, 3_000}},
		{"no contributors", 10_000, terms(30), []ledger.Satoshi{3_000, 7_000}},
		{"no commission", 9, terms(0, 2, 1), []ledger.Satoshi{0, 6, 3}},
		{"all commission", 9, terms(100, 2, 1), []ledger.Satoshi{9, 0, 0}},
		{"least commission", 10_000, clamped(terms(1, 1, 1), 1_000, 2_000), []ledger.Satoshi{1_000, 4_500, 4_500}},
		{"most commission", 10_000, clamped(terms(50, 1, 1), 0, 2_000), []ledger.Satoshi{2_000, 4_000, 4_000}},
		{"least commission is the price", 10, clamped(terms(1, 1, 1), 10, 20), []ledger.Satoshi{10, 0, 0}},
		{"one satoshi", 1, terms(0), []ledger.Satoshi{0, 1}},
		{"all satoshi there are", ledger.MaxSatoshi, terms(50, 1_000_000, 1_000_000), []ledger.Satoshi{
			ledger.MaxSatoshi / 2, ledger.MaxSatoshi / 4, ledger.MaxSatoshi / 4,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			parts, err := royalty.Split(c.price, c.terms, key(0))
			if err != nil {
				t.Fatal(err)
			}
			var got []ledger.Satoshi
			for _, p := range parts {
				got = append(got, p.Amount)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestSplitRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		price ledger.Satoshi
		edit  func(*royalty.Terms)
		want  *ledger.Refusal
	}{
		{"zero", 0, func(*royalty.Terms) {}, royalty.ErrAmount},
		{"negative", -1, func(*royalty.Terms) {}, royalty.ErrAmount},
		{"more than exists", ledger.MaxSatoshi + 1, func(*royalty.Terms) {}, royalty.ErrAmount},
		{
			"a least commission above the price", 10, func(t *royalty.Terms) { t.Commission.Min = 11 },
			royalty.ErrCommission,
		},
		{
			"a least commission above the most", 10,
			func(t *royalty.Terms) { t.Commission.Min, t.Commission.Max = 5, 4 }, royalty.ErrCommission,
		},
		{"a negative least commission", 10, func(t *royalty.Terms) { t.Commission.Min = -1 }, royalty.ErrCommission},
		{
			"a rate above the whole", 10, func(t *royalty.Terms) { t.Commission.Rate = royalty.Whole + 1 },
			royalty.ErrCommission,
		},
		{"a negative rate", 10, func(t *royalty.Terms) { t.Commission.Rate = -1 }, royalty.ErrCommission},
		{"a commission for nobody", 10, func(t *royalty.Terms) { t.Commission.Payee = "" }, royalty.ErrPayee},
		{"a weight of zero", 10, func(t *royalty.Terms) { t.Contributors[0].Weight = 0 }, royalty.ErrWeights},
		{"a negative weight", 10, func(t *royalty.Terms) { t.Contributors[0].Weight = -1 }, royalty.ErrWeights},
		{
			"the largest weight there is", 10, func(t *royalty.Terms) { t.Contributors[0].Weight = math.MaxInt64 },
			royalty.ErrWeights,
		},
		{
			"a payee twice", 10, func(t *royalty.Terms) { t.Contributors[1].Payee = t.Contributors[0].Payee },
			royalty.ErrDuplicate,
		},
		{"a payee that is none", 10, func(t *royalty.Terms) { t.Contributors[1].Payee = "x" }, royalty.ErrPayee},
		{"nobody for the rest", 10, func(t *royalty.Terms) { t.Contributors = nil }, royalty.ErrResidual},
		{"two rules for the rest", 10, func(t *royalty.Terms) { t.Residual = payee(9) }, royalty.ErrResidual},
		{
			"too many", 10, func(t *royalty.Terms) { *t = terms(1, slices.Repeat([]int64{1}, 65)...) },
			royalty.ErrTooMany,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			tm := terms(30, 2, 1)
			c.edit(&tm)
			if _, err := royalty.Split(c.price, tm, key(0)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if _, err := royalty.Split(10, terms(30, 2, 1), "not a hash"); !errors.Is(err, ledger.ErrID) {
		t.Errorf("got %v", err)
	}
}

// exact is a payee's exact part as a fraction, computed apart from the code under test.
func exact(price ledger.Satoshi, t royalty.Terms) []*big.Rat {
	whole := new(big.Rat).SetInt64(int64(price))
	commission := new(big.Rat).Mul(whole, big.NewRat(int64(t.Commission.Rate), int64(royalty.Whole)))
	if least := new(big.Rat).SetInt64(int64(t.Commission.Min)); commission.Cmp(least) < 0 {
		commission = least
	}
	if most := new(big.Rat).SetInt64(int64(t.Commission.Max)); commission.Cmp(most) > 0 {
		commission = most
	}
	rest := new(big.Rat).Sub(whole, commission)
	if len(t.Contributors) == 0 {
		return []*big.Rat{commission, rest}
	}
	sum := int64(0)
	for _, c := range t.Contributors {
		sum += c.Weight
	}
	exacts := []*big.Rat{commission}
	for _, c := range t.Contributors {
		exacts = append(exacts, new(big.Rat).Mul(rest, big.NewRat(c.Weight, sum)))
	}
	return exacts
}

// TestSplitProperties: the sum is the price; each payee gets the floor or the ceiling of its exact part, and
// on average over the keys that part itself (T23).
func TestSplitProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		weights := make([]int64, random.IntN(9))
		for i := range weights {
			weights[i] = 1 + random.Int64N(1<<random.IntN(20))
		}
		price := ledger.Satoshi(1 + random.Int64N(1<<(1+random.IntN(50))))
		tm := terms(random.Int64N(101), weights...)
		tm.Commission.Rate = royalty.Rate(random.Int64N(int64(royalty.Whole) + 1))
		if random.IntN(3) == 0 {
			tm.Commission.Min = ledger.Satoshi(random.Int64N(int64(price) + 1))
			tm.Commission.Max = tm.Commission.Min + ledger.Satoshi(random.Int64N(1000))
		}
		exacts := exact(price, tm)
		for n := range 5 {
			parts, err := royalty.Split(price, tm, key(n))
			if err != nil {
				t.Fatal(err)
			}
			sum := ledger.Satoshi(0)
			for i, p := range parts {
				sum += p.Amount
				off := new(big.Rat).Sub(new(big.Rat).SetInt64(int64(p.Amount)), exacts[i])
				if one := big.NewRat(1, 1); off.Cmp(one) >= 0 || off.Cmp(one.Neg(one)) <= 0 {
					t.Fatalf("price %d, %+v: %d for an exact part of %s", price, tm, p.Amount,
						exacts[i].FloatString(3))
				}
				if p.Payee != payee(i) {
					t.Fatalf("parts are not in the order of payees: %+v", parts)
				}
			}
			if sum != price {
				t.Fatalf("price %d, %+v: parts sum to %d", price, tm, sum)
			}
		}
	}
}

func TestSplitStarvesNobody(t *testing.T) {
	const rounds = 20_000
	tm := terms(10, 5, 3, 1)
	price := ledger.Satoshi(7)
	total := make([]int64, 4)
	for n := range rounds {
		parts, err := royalty.Split(price, tm, key(n))
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range parts {
			total[i] += int64(p.Amount)
		}
	}
	for i, part := range exact(price, tm) {
		want, _ := part.Float64()
		// one satoshi up or down a round: a standard deviation of at most half the square root of the rounds
		if off := math.Abs(float64(total[i]) - want*rounds); off > 4*0.5*math.Sqrt(rounds) {
			t.Errorf("payee %d got %d in %d rounds, exactly %.1f", i, total[i], rounds, want*rounds)
		}
	}
}

// TestPayeeWithTwoRoles: the market can be a contributor too; both parts stand by themselves.
func TestPayeeWithTwoRoles(t *testing.T) {
	tm := terms(10, 1)
	tm.Contributors[0].Payee = tm.Commission.Payee
	parts, err := royalty.Split(100, tm, key(0))
	want := []royalty.Part{{payee(0), royalty.RoleCommission, 10}, {payee(0), royalty.RoleContributor, 90}}
	if err != nil || !slices.Equal(parts, want) {
		t.Errorf("got %+v, %v", parts, err)
	}
}

func BenchmarkSplit(b *testing.B) {
	tm := terms(30, 2, 1)
	k := key(0)
	for b.Loop() {
		if _, err := royalty.Split(10_001, tm, k); err != nil {
			b.Fatal(err)
		}
	}
}
