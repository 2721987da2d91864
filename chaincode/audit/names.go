package audit

import (
	"strings"

	"github.com/guildmark/guildmark/chaincode/command"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/dataset"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

// names are what people call partners, parties and datasets, as the ledger has them at the end of the copy.
// Whatever the ledger does not name is called by its id.
type names struct {
	partners map[string]string // by MSP
	parties  map[string]string // by id: the name of the first pinned key
	titles   map[string]string // by manifest key
}

func (r *run) names(read *reader) names {
	n := names{partners: map[string]string{}, parties: map[string]string{}, titles: map[string]string{}}
	if c, err := r.governed(); err == nil {
		for _, p := range c.Partners {
			n.partners[p.MSP] = p.Name
		}
	}
	each(read, party.Family, func(p party.Party) {
		if len(p.Keys) > 0 {
			n.parties[p.ID] = p.Keys[0].Name
		}
	})
	each(read, dataset.ManifestFamily, func(m dataset.Manifest) {
		n.titles[dataset.ManifestKey(m.Dataset,
			m.Version)] = m.Title
	})
	return n
}

// partner is a partner's name: licensors for LicensorsMSP.
func (n names) partner(msp string) string {
	if name := n.partners[msp]; name != "" {
		return name
	}
	return msp
}

func (n names) allPartners(msps []string) string {
	out := make([]string, 0, len(msps))
	for _, m := range msps {
		out = append(out, n.partner(m))
	}
	return strings.Join(out, ", ")
}

// party names a party by its key and its partner: licensor1 of licensors.
func (n names) party(id string) string {
	home, random, ok := strings.Cut(id, ".")
	if !ok {
		return id
	}
	name := n.parties[id]
	if name == "" {
		name = random
	}
	return name + " of " + n.partner(home)
}

func (n names) title(id string, version int) string {
	return n.titles[dataset.ManifestKey(id, version)]
}

// number writes a count with separators between its thousands.
func number(n int) string { return command.Number(int64(n)) }

// amount writes satoshi without their unit.
func amount(s ledger.Satoshi) string { return command.Number(int64(s)) }
