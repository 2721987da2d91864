package consortium

import "github.com/guildmark/guildmark/chaincode/rules/party"

// CheckHeaderSource judges who may bring Bitcoin headers. Where final blocks are attested, work may be free: a buyer's
// headers could then outweigh the partners' chain, take final blocks back and raise the alarm (T22).
func (c *Config) CheckHeaderSource(role string) error {
	if c.Bitcoin.Attestations > 0 && role != party.Oracle {
		return ErrOnlyOracles.With(role)
	}
	return nil
}
