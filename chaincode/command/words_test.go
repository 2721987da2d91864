package command

import (
	"math"
	"testing"
	"time"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

func TestSatoshi(t *testing.T) {
	for amount, want := range map[ledger.Satoshi]string{
		0:                 "0 sat (0 BTC)",
		1:                 "1 sat (0.00000001 BTC)",
		17_500:            "17,500 sat (0.000175 BTC)",
		69_999_974_694:    "69,999,974,694 sat (699.99974694 BTC)",
		-25_000:           "-25,000 sat (-0.00025 BTC)",
		300_000_000_000:   "300,000,000,000 sat (3,000 BTC)",
		ledger.MaxSatoshi: "2,100,000,000,000,000 sat (21,000,000 BTC)",
	} {
		if got := Satoshi(amount); got != want {
			t.Errorf("Satoshi(%d) = %q, want %q", int64(amount), got, want)
		}
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", -1000: "-1,000",
		1234567: "1,234,567", math.MinInt64: "-9,223,372,036,854,775,808",
	} {
		if got := Number(n); got != want {
			t.Errorf("Number(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	at := time.Date(2027, 11, 24, 13, 4, 5, 6, time.FixedZone("CET", 3600))
	for got, want := range map[string]string{
		ID(ledger.Hash("x")): ledger.Hash("x")[:12], ID("short"): "short",
		Plain("paying 25000 sat for " + ledger.Hash("x") + ", 100 sat too much"): "paying 25,000 sat for " +
			ledger.Hash("x")[:12] + ", 100 sat too much",
		Plain("x" + ledger.Hash("x") + " 99999999999999999999 sat 25000 saturn"): "x" + ledger.Hash("x") +
			" 99999999999999999999 sat 25000 saturn",
		Count(1, "receipt"): "1 receipt", Count(0, "receipt"): "0 receipts", Count(2000, "receipt"): "2,000 receipts",
		Day(at): "2027-11-24", Moment(at): "2027-11-24T12:04:05Z",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
