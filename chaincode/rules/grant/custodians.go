package grant

import (
	"slices"

	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// Custodians finds the recipients of a custodian set among all, in the set's order.
func Custodians(all []consortium.Recipient, set []string) ([]consortium.Recipient, error) {
	found := make([]consortium.Recipient, 0, len(set))
	for _, msp := range set {
		i := slices.IndexFunc(all, func(r consortium.Recipient) bool {
			return r.Role == consortium.CustodianRecipient && r.MSP == msp
		})
		if i < 0 {
			return nil, ErrNoCustodian.With(msp)
		}
		found = append(found, all[i])
	}
	return found, nil
}

// SigningKeys are the keys by which custodians sign the limits of meters, in their order.
func SigningKeys(custodians []consortium.Recipient) (tpmpolicy.Custodians, error) {
	keys := make(tpmpolicy.Custodians, 0, len(custodians))
	for _, r := range custodians {
		key, err := r.SigningKey()
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}
