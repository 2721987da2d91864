package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/guildmark/guildmark/chaincode/host"
)

// Report is build/demo/report.json: what came out, for machines.
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

// Attack is one attack: what refused it and what should have.
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

// Ledger is how far the ledger came.
type Ledger struct {
	Height       uint64 `json:"height"`
	Transactions int    `json:"transactions"`
}

// good reports whether every step and every refusal came out as it should.
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

// write stores the report so that a reader never sees half of it.
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
