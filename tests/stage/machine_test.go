package stage

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/guildmark/guildmark/machine/agent"
	"github.com/guildmark/guildmark/machine/device/mixer"
	"github.com/guildmark/guildmark/network/play"
	"github.com/guildmark/guildmark/network/topology"
)

// The machine.json that `network machine add` writes is one that the machine takes, with the same values as the
// story's.
func TestPlayWritesWhatTheMachineReads(t *testing.T) {
	dir := t.TempDir()
	s := &Stage{Dir: dir, Conn: topology.Connection{
		Peers: []topology.Endpoint{
			{Partner: "operator", MSP: "OperatorMSP", TLSRoot: "/net/operator.pem"},
			{Partner: "manufacturer", MSP: "ManufacturerMSP", TLSRoot: "/net/manufacturer.pem"},
		},
		Bitcoin: []topology.BitcoinNode{{
			Network: "regtest", RPC: "127.0.0.1:4", Certificate: "/net/rpc.cert",
			Credentials: "/net/rpc.json",
		}},
		Ports:   topology.Ports{"gateway": 1, "auth": 2, "registrar.manufacturer": 3},
		Gateway: topology.Server{URL: "https://127.0.0.1:1", Roots: "/net/operator.pem"},
		Auth:    topology.Server{URL: "https://127.0.0.1:2", Roots: "/net/operator.pem"},
	}}
	b := &Box{Name: "mixer", Dir: dir, Config: filepath.Join(dir, "story.json"), Socket: "/net/tpm/sock"}
	if err := s.configure(b); err != nil {
		t.Fatal(err)
	}
	want, err := agent.LoadConfig(b.Config)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := play.MachineConfig(s.Conn, b.TPM(), b.State())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "play.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := agent.LoadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := setupOf(t, &got), setupOf(t, &want); !reflect.DeepEqual(got, want) {
		t.Errorf("the play sets the mixer up as\n%+v\nthe story as\n%+v", got, want)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the play writes\n%+v\nthe story\n%+v", got, want)
	}
}

// setupOf takes the mixer's setup out of a configuration: as JSON it may differ in blanks and order.
func setupOf(t *testing.T, c *agent.Config) mixer.Setup {
	t.Helper()
	var s mixer.Setup
	for i := range c.Devices {
		if err := json.Unmarshal(c.Devices[i].Setup, &s); err != nil {
			t.Fatal(err)
		}
		c.Devices[i].Setup = nil
	}
	return s
}
