package agent

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
)

func TestConfiguredDevices(t *testing.T) {
	const pump = `{"number":1,"ingredient":"gin","level":700000,"calibration":[{"drive":200,"flow":2000}]}`
	const good = `{"profile":"beverage/1","setup":{"pumps":[` + pump + `]}}`
	tests := []struct{ name, devices, saw string }{
		{"one mixer", `"devices":[` + good + `]`, ""},
		{"no device", `"devices":[]`, ""},
		{
			"the form of before", `"mixer":{"pumps":[` + pump + `],"warn":0,"atOnce":0,"scale":0}`,
			`"devices": [{"profile": "beverage/1", "setup": {...}}]`,
		},
		{
			"a profile without a driver", `"devices":[{"profile":"laser/1","setup":{}}]`,
			`no driver for profile "laser/1"; there are drivers for [beverage/1]`,
		},
		{"an unknown key in a setup", `"devices":[{"profile":"beverage/1","setup":{"pumps":[` + pump +
			`],"speed":2}}]`, "devices[0]: "},
		{"two mixers", `"devices":[` + good + `,` + good + `]`, "devices[1]: a second device for beverage/1"},
		{
			"a negative scale", `"devices":[{"profile":"beverage/1","setup":{"pumps":[` + pump + `],"scale":-1}}]`,
			"none may be negative",
		},
		{"a mixer without pumps", `"devices":[{"profile":"beverage/1","setup":{"pumps":[]}}]`, "0 pumps"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			const server = `{"url":"https://x.example","ca":""}`
			text := `{"gateway":` + server + `,"issuer":` + server + `,"registrar":` + server +
				`,"bundle":"","line":"mixer-1","tpm":"unix:tpm","state":"state",` +
				`"bitcoin":{"network":"","rpc":"","certificate":"","credentials":"","birthday":0},` + tt.devices + `}`
			file := filepath.Join(t.TempDir(), "machine.json")
			must(t, os.WriteFile(file, []byte(text), 0o600))
			_, err := LoadConfig(file)
			if tt.saw == "" {
				must(t, err)
				return
			}
			var r *ledger.Refusal
			if !errors.As(err, &r) || r.Code != "machine.config" || !strings.Contains(r.Saw, tt.saw) {
				t.Errorf("got %v, want machine.config that saw %q", err, tt.saw)
			}
		})
	}
}
