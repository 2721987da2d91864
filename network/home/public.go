package home

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// Public is a folder of documents that a partner publishes to all others; no key and no password is in it.
// The partner's own is public/, those of the others are in inbox/, where a courier puts them.
type Public struct{ Dir string }

// Mail is a folder of documents from one partner for the others: outbox/ here, inbox/<partner>/outbox/ there.
type Mail struct{ Dir string }

// Public is the partner's own.
func (h *Home) Public() Public { return Public{PublicDir(h.Dir)} }

// Outbox is the partner's own mail to the others.
func (h *Home) Outbox() Mail { return Mail{OutboxDir(h.Dir)} }

// Of is the folder of what a partner of the topology published; for the partner itself its own.
func (h *Home) Of(partner string) Public {
	if partner == h.Partner.Name {
		return h.Public()
	}
	return Public{PublicDir(filepath.Join(h.inbox(), partner))}
}

// From is the folder of what a partner of the topology sent; for the partner itself its own outbox.
func (h *Home) From(partner string) Mail {
	if partner == h.Partner.Name {
		return h.Outbox()
	}
	return Mail{OutboxDir(filepath.Join(h.inbox(), partner))}
}

// PublicDir and OutboxDir are the two folders that a courier reads, InboxDir is the one that it writes, below
// the folder of a home or of an inbox.
func PublicDir(dir string) string { return filepath.Join(dir, "public") }

// OutboxDir holds documents for other partners.
func OutboxDir(dir string) string { return filepath.Join(dir, "outbox") }

// InboxDir holds documents from other partners, a folder each.
func InboxDir(dir string) string { return filepath.Join(dir, "inbox") }

// MSP is the folder with which others know this partner in Fabric: roots and the meaning of OUs.
func (p Public) MSP() string { return filepath.Join(p.Dir, "msp") }

// MSPConfig is the file that defines the meaning of OUs.
func (p Public) MSPConfig() string { return filepath.Join(p.MSP(), "config.yaml") }

// IdentityRoot is the certificate of the authority for identities; trust bundles hold it.
func (p Public) IdentityRoot() string { return filepath.Join(p.MSP(), "cacerts", "ca.pem") }

// TLSRoot is the certificate of the authority for connections.
func (p Public) TLSRoot() string { return filepath.Join(p.MSP(), "tlscacerts", "tlsca.pem") }

// ConsenterIdentity is the certificate with which the partner's orderer signs blocks.
func (p Public) ConsenterIdentity() string { return filepath.Join(p.Dir, "orderer", "identity.pem") }

// ConsenterTLS is the certificate of the partner's orderer for connections.
func (p Public) ConsenterTLS() string { return filepath.Join(p.Dir, "orderer", "tls.pem") }

// Card is the document from which others compose the first configuration of the ledger.
func (p Public) Card() string { return filepath.Join(p.Dir, "card.json") }

// Genesis is the first block of a channel, if this partner made it.
func (p Public) Genesis(channel string) string {
	return filepath.Join(p.Dir, "channels", channel+".block")
}

func (p Public) identitiesFile() string { return filepath.Join(p.Dir, "identities.json") }

// Bundle is the draft of a trust bundle for the others to sign.
func (m Mail) Bundle(channel string) string { return filepath.Join(m.Dir, channel+".bundle.json") }

// Signature is the partner's signature over the draft.
func (m Mail) Signature(channel string) string {
	return filepath.Join(m.Dir, channel+".bundle.signature.json")
}

// Identity is the public part of one of a partner's identities.
type Identity struct {
	Name  string `json:"name"`
	Role  string `json:"role"`
	Party string `json:"party"`
}

// PublishIdentities publishes the list of this partner's identities.
func (h *Home) PublishIdentities() error {
	list := make([]Identity, 0, len(h.Partner.Identities))
	for _, id := range h.Partner.Identities {
		list = append(list, Identity{Name: id.Name, Role: id.Role, Party: h.Party(id.Name)})
	}
	raw, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return fmt.Errorf("publish identities: %w", err)
	}
	return Put(h.Public().identitiesFile(), append(raw, '\n'))
}

// Identities lists the partner's identities.
func (p Public) Identities() ([]Identity, error) {
	raw, err := os.ReadFile(p.identitiesFile())
	if err != nil {
		return nil, fmt.Errorf("read a partner's identities: %w", err)
	}
	var list []Identity
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrHome, p.identitiesFile(), err)
	}
	return list, nil
}
