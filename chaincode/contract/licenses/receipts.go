package licenses

import (
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
	"github.com/guildmark/guildmark/chaincode/state"
)

// RecordReceipt records how many uses a machine's TPM attests.
func RecordReceipt(t *state.Transaction, r grant.ReceiptRequest) (grant.Receipt, error) {
	l, m, err := held(t, r.License)
	if err != nil {
		return grant.Receipt{}, err
	}
	g, err := t.NewestGrant(l.ID)
	if err != nil {
		return grant.Receipt{}, err
	}
	uses, err := grant.Uses(r, g, m)
	if err != nil {
		return grant.Receipt{}, err
	}
	last, err := t.RecordedUses(l.ID, int64(uses.Count))
	if err != nil {
		return grant.Receipt{}, err
	}
	epoch, err := t.Epoch()
	if err != nil {
		return grant.Receipt{}, err
	}
	receipt, err := grant.NewReceipt(r, g, uses, last, epoch)
	if err != nil {
		return grant.Receipt{}, err
	}
	if err := t.CreateReceipt(receipt); err != nil {
		return grant.Receipt{}, err
	}
	return receipt, t.Event(ledger.EventReceipt, receipt)
}

// Receipts lists a license's receipts by their count.
func Receipts(t *state.Transaction, id string) ([]grant.Receipt, error) { return t.Receipts(id) }
