package governor

import (
	"errors"
	"fmt"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// ErrCard means that a partner's card is missing, unreadable or not usable; the text behind it names partner
// and reason. Ask that partner for a new card.
var ErrCard = errors.New("partner's card")

// Card is what the other partners need of one partner to compose the first configuration. It is public.
type Card struct {
	MSP       string `json:"msp"`
	Name      string `json:"name"`
	BundleKey string `json:"bundleKey"` // base64 SPKI of the key that signs trust bundles (T9)
	Cosigner  string `json:"cosigner"`  // extended public key of the treasury seed (BIP-32)
	Payee     string `json:"payee"`     // party id that is paid when a commission goes to this partner
}

// ParseCard reads a card strictly.
func ParseCard(raw []byte) (Card, error) {
	var c Card
	if err := ledger.Decode(raw, &c); err != nil {
		return c, fmt.Errorf("%w: %w", ErrCard, err)
	}
	return c, nil
}

// Bytes are the card's one encoding.
func (c Card) Bytes() []byte { return ledger.Encode(c) }
