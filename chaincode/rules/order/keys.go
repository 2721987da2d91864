package order

import (
	"encoding/hex"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// The key families of orders and of what pays them.
var (
	Family = ledger.NewFamily("order", ledger.IsHash) // Order by id
	// order id by the SHA-256 of its script
	ScriptFamily  = ledger.NewFamily("script", ledger.IsHash)
	PaymentFamily = ledger.NewFamily("pay", ledger.IsOutpoint) // Payment by its output
	// marker: which outputs pay an order
	CreditFamily     = ledger.NewFamily("credit", ledger.IsHash, ledger.IsOutpoint)
	SettlementFamily = ledger.NewFamily("settled", ledger.IsHash) // Settlement by order
)

// Families lists them.
func Families() []ledger.Family {
	return []ledger.Family{Family, ScriptFamily, PaymentFamily, CreditFamily, SettlementFamily}
}

// Key names an order.
func Key(id string) string { return Family.Key(id) }

// ScriptHash is the name under which a script (lower-case hex of 1 to 100 bytes) finds its order.
func ScriptHash(script string) (string, error) {
	raw, err := hex.DecodeString(script)
	if err != nil || len(raw) == 0 || len(raw) > 100 || hex.EncodeToString(raw) != script {
		return "", ErrRequest.With("a script that is not lower-case hex of 1 to 100 bytes")
	}
	return ledger.Digest(raw), nil
}

// ScriptKey finds the order of a script by the SHA-256 of the script.
func ScriptKey(hash string) string { return ScriptFamily.Key(hash) }

// PaymentKey names a credited output.
func PaymentKey(txid string, vout uint32) string {
	return PaymentFamily.Key(ledger.Outpoint(txid, vout))
}

// CreditKey lists a payment under its order.
func CreditKey(order, txid string, vout uint32) string {
	return CreditFamily.Key(order, ledger.Outpoint(txid, vout))
}

// ParseCreditKey gives the output that a credit's key names.
func ParseCreditKey(key string) (txid string, vout uint32, err error) {
	parts, err := CreditFamily.Parse(key)
	if err != nil {
		return "", 0, err
	}
	return ledger.ParseOutpoint(parts[1])
}

// SettlementKey marks that an order's license and accruals are booked.
func SettlementKey(order string) string { return SettlementFamily.Key(order) }
