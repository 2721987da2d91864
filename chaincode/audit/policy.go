package audit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/rwset/kvrwset"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer/lifecycle"
	"google.golang.org/protobuf/proto"
)

// lifecycleName is the namespace of chaincode definitions.
const lifecycleName = "_lifecycle"

// policies are the endorsement policies of the chaincodes, as definitions on the ledger set them.
type policies map[string]*common.SignaturePolicyEnvelope

// learn takes in the definitions that a valid transaction wrote.
func (p policies) learn(writes []*kvrwset.KVWrite) error {
	for _, w := range writes {
		name, ok := strings.CutPrefix(w.GetKey(), "namespaces/fields/")
		name, field, _ := strings.Cut(name, "/")
		if !ok || field != "ValidationInfo" {
			continue
		}
		var data lifecycle.StateData
		var info lifecycle.ChaincodeValidationInfo
		var policy peer.ApplicationPolicy
		if err := proto.Unmarshal(w.GetValue(), &data); err != nil {
			return fmt.Errorf("read definition of %s: %w", name, err)
		}
		if err := errors.Join(proto.Unmarshal(data.GetBytes(), &info),
			proto.Unmarshal(info.GetValidationParameter(), &policy)); err != nil {
			return fmt.Errorf("read definition of %s: %w", name, err)
		}
		if policy.GetSignaturePolicy() == nil {
			return fmt.Errorf("the policy of %s is not one of signatures", name)
		}
		p[name] = policy.GetSignaturePolicy()
	}
	return nil
}

// check judges a transaction's endorsements.
func (p policies) check(t *transaction, c *configuration) error {
	if t.proposal != nil {
		return t.proposal
	}
	if slices.ContainsFunc(t.sets, func(s nsSet) bool { return s.name != t.chaincode && len(s.kv.GetWrites()) > 0 }) {
		return errors.New("writes to another chaincode's namespace")
	}
	good := t.good()
	if t.chaincode == lifecycleName {
		return checkLifecycle(t, c, good)
	}
	policy := p[t.chaincode]
	if policy == nil {
		return fmt.Errorf("chaincode %s has no definition", t.chaincode)
	}
	used := make([]bool, len(good))
	if !satisfied(policy.GetRule(), policy.GetIdentities(), good, used) {
		return fmt.Errorf("the endorsement policy is not satisfied by %v", mspsOf(good))
	}
	return nil
}

// good are the endorsements that fit.
func (t *transaction) good() []endorser {
	var out []endorser
	for _, e := range t.endorsers {
		if e.err == nil {
			out = append(out, e)
		}
	}
	return out
}

func mspsOf(list []endorser) []string {
	var out []string
	for _, e := range list {
		out = append(out, e.msp)
	}
	return out
}

// satisfied evaluates a signature policy: each endorsement may serve one principal only.
func satisfied(rule *common.SignaturePolicy, principals []*msp.MSPPrincipal, list []endorser, used []bool) bool {
	if n := rule.GetNOutOf(); n != nil {
		met := int32(0)
		for _, r := range n.GetRules() {
			attempt := slices.Clone(used)
			if satisfied(r, principals, list, attempt) {
				copy(used, attempt)
				met++
			}
		}
		return met >= n.GetN()
	}
	i := int(rule.GetSignedBy())
	if i < 0 || i >= len(principals) {
		return false
	}
	for j, e := range list {
		if !used[j] && matches(principals[i], e) {
			used[j] = true
			return true
		}
	}
	return false
}

func matches(p *msp.MSPPrincipal, e endorser) bool {
	var role msp.MSPRole
	if p.GetPrincipalClassification() != msp.MSPPrincipal_ROLE ||
		proto.Unmarshal(p.GetPrincipal(), &role) != nil || role.GetMspIdentifier() != e.msp {
		return false
	}
	switch role.GetRole() {
	case msp.MSPRole_MEMBER:
		return true
	case msp.MSPRole_PEER:
		return slices.Contains(e.ous, "peer")
	default:
		return false // endorsement policies of this project name no other role
	}
}

// checkLifecycle: a partner approves for itself; a definition that takes effect needs peers of a majority.
func checkLifecycle(t *transaction, c *configuration, good []endorser) error {
	var partners []string
	for _, e := range good {
		if slices.Contains(e.ous, "peer") && slices.Contains(c.business, e.msp) && !slices.Contains(partners, e.msp) {
			partners = append(partners, e.msp)
		}
	}
	need := 1
	if len(t.public(lifecycleName).GetWrites()) > 0 {
		need = len(c.business)/2 + 1
	}
	if len(partners) < need {
		return fmt.Errorf("chaincode lifecycle endorsed by %v, %d partners must", partners, need)
	}
	return nil
}
