package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/guildmark/guildmark/chaincode/host"
)

// Report is build/demo/report.json: the outcome of the demo, for programs.
type Report struct {
	OK       bool              `json:"ok"`
	Steps    []Step            `json:"steps"`
	Refusals []Attack          `json:"refusals"`
	Sale     Sale              `json:"sale"`
	Ledger   Ledger            `json:"ledger"`
	Versions map[string]string `json:"versions"`
}

// Step is one part of the story.
type Step struct {
	Name    string  `json:"name"`
	OK      bool    `json:"ok"`
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error,omitempty"`
}

// Attack is how one attack ended: the code of the check that refused it, and the code expected.
type Attack struct {
	Name     string `json:"name"`
	Refused  bool   `json:"refused"`
	Code     string `json:"code"`
	Expected string `json:"expected"`
}

// Sale is what was sold, in satoshi.
type Sale struct {
	Order    string           `json:"order"`
	License  string           `json:"license"`
	Price    int64            `json:"price"`
	Outputs  []Output         `json:"outputs"`
	Accruals map[string]int64 `json:"accruals"`
	Uses     int64            `json:"uses"`
	Used     int64            `json:"used"`
}

// Output is a Bitcoin output credited to the order.
type Output struct {
	Outpoint string `json:"outpoint"`
	Amount   int64  `json:"amount"`
	Height   int64  `json:"height"`
}

// Ledger is the ledger's height and number of transactions when the auditor copied it.
type Ledger struct {
	Height       uint64 `json:"height"`
	Transactions int    `json:"transactions"`
}

// good reports whether every step succeeded and every attack was refused by the check expected.
func (r *Report) good() bool {
	for _, s := range r.Steps {
		if !s.OK {
			return false
		}
	}
	for _, f := range r.Refusals {
		if !f.Refused || f.Code != f.Expected {
			return false
		}
	}
	return len(r.Steps) > 0
}

// write stores the report in one step: a reader sees the old file or the whole new one.
func (r *Report) write(path string) error {
	r.OK = r.good()
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make report folder: %w", err)
	}
	return host.Replace(path, append(b, '\n'), host.Shared)
}

// seconds rounds a duration for people.
func seconds(d time.Duration) float64 {
	return float64(d.Round(10*time.Millisecond)) / float64(time.Second)
}
