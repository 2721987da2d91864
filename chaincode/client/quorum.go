package client

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/consortium"
)

// Plan names the organizations that shall endorse: sets of which one is enough. The client asks one after the
// other until one has endorsed, since an organization that hangs or lags must not stop the others (T32). An
// empty plan leaves the choice to the gateway, which does not know the custodian rule (T6).
type Plan [][]string

// Exactly is the plan of these organizations and no others.
func Exactly(organizations ...string) Plan { return Plan{organizations} }

// ErrNoQuorum means that no plan exists; Saw says why: fewer than k partners sign, or no partner of a custodian
// set does. Change the governed configuration or the custodian set.
var ErrNoQuorum = ledger.Refuse(ledger.Unavailable, "signed.no_quorum",
	"the partners that sign can't make the quorum that this answer needs; the governed configuration or the "+
		"custodian set must change")

// maxSets bounds a plan; a call makes no more than a few attempts.
const maxSets = 32

// Quorum plans an answer that k of the signing partners must sign, of each custodian set at least one (T6).
// Its sets are as small as the custodian sets allow: with sets that share no partner they have more than k
// members.
func Quorum(k int, signing []string, sets consortium.CustodianSets) (Plan, error) {
	if k < 1 || k > len(signing) {
		return nil, ErrNoQuorum.With(fmt.Sprintf("%d partners sign (%s), %d must", len(signing),
			strings.Join(signing, ", "), k))
	}
	if set, found := sets.Unsigned(signing); found {
		return nil, ErrNoQuorum.With(fmt.Sprintf("no partner of the custodian set %s signs", strings.Join(set, ", ")))
	}
	var plan Plan
	for size := k; len(plan) == 0; size++ { // ends: all who sign together have one of each set
		choose(signing, size, nil, func(chosen []string) (more bool) {
			if _, found := sets.Unsigned(chosen); !found {
				plan = append(plan, slices.Clone(chosen))
			}
			return len(plan) < maxSets
		})
	}
	return plan, nil
}

// choose visits every choice of k of the names, in their order, until visit wants no more.
func choose(names []string, k int, chosen []string, visit func([]string) (more bool)) (more bool) {
	if k == 0 {
		return visit(chosen)
	}
	for i := 0; i+k <= len(names); i++ {
		if !choose(names[i+1:], k-1, append(chosen, names[i]), visit) {
			return false
		}
	}
	return true
}

// rota remembers the organizations that failed to endorse and have not endorsed since. Sets with such come
// last.
type rota struct {
	mu     sync.Mutex
	failed map[string]bool
}

func (r *rota) note(failed bool, organizations ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		r.failed = map[string]bool{}
	}
	for _, o := range organizations {
		r.failed[o] = failed
	}
}

func (r *rota) doubts(set []string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, o := range set {
		if r.failed[o] {
			n++
		}
	}
	return n
}

// turns is a plan during one call.
type turns struct {
	rota  *rota
	plan  Plan
	asked []int // how often each set was
	at    int   // the set whose turn it is
}

func newTurns(r *rota, p Plan) *turns { return &turns{rota: r, plan: p, asked: make([]int, len(p))} }

// next chooses the set to ask: one that was asked least, of these the one with the fewest doubts, of these
// the first. It is nil when the gateway shall choose.
func (t *turns) next() []string {
	if len(t.plan) == 0 {
		return nil
	}
	best := 0
	for i := range t.plan {
		if t.asked[i] != t.asked[best] {
			if t.asked[i] < t.asked[best] {
				best = i
			}
		} else if t.rota.doubts(t.plan[i]) < t.rota.doubts(t.plan[best]) {
			best = i
		}
	}
	t.at = best
	return t.plan[best]
}

// current is the set that was asked last; nil when the gateway chose.
func (t *turns) current() []string {
	if len(t.plan) == 0 {
		return nil
	}
	return t.plan[t.at]
}

// failed moves on from the present set, for which organizations of it are to blame: all of it when nobody was
// named.
func (t *turns) failed(blamed []string) {
	if len(t.plan) == 0 {
		return
	}
	t.asked[t.at]++
	blamed = slices.DeleteFunc(slices.Clone(blamed), func(o string) bool { return !slices.Contains(t.plan[t.at], o) })
	if len(blamed) == 0 {
		blamed = t.plan[t.at]
	}
	t.rota.note(true, blamed...)
}

// succeeded clears the doubts about the present set.
func (t *turns) succeeded() {
	if len(t.plan) > 0 {
		t.rota.note(false, t.plan[t.at]...)
	}
}

// fresh tells whether a set was not asked yet, but for the present one.
func (t *turns) fresh() bool {
	for i, n := range t.asked {
		if n == 0 && i != t.at {
			return true
		}
	}
	return false
}
