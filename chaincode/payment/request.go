package payment

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

// coin is how many satoshi one bitcoin has.
const coin = 100_000_000

// amount writes satoshi as bitcoin with all 8 decimals, the form BIP-21 wants; integers only.
func amount(s ledger.Satoshi) string { return fmt.Sprintf("%d.%08d", s/coin, s%coin) }

// URI is the BIP-21 payment request of an address, with a label when there is one.
func URI(to string, sum ledger.Satoshi, label string) (string, error) {
	if sum <= 0 || !sum.Valid() {
		return "", ErrAmount.With(sum.String())
	}
	uri := "bitcoin:" + to + "?amount=" + amount(sum)
	if label != "" {
		uri += "&label=" + strings.ReplaceAll(url.QueryEscape(label), "+", "%20")
	}
	return uri, nil
}
