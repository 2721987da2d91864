package topology_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/network/topology"
)

func TestDefault(t *testing.T) {
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	want := "OutOf(2,'OperatorMSP.peer','ManufacturerMSP.peer','LicensorsMSP.peer')"
	if got := top.EndorsementPolicy(); got != want {
		t.Errorf("endorsement policy = %s, want %s", got, want)
	}
	var names []string
	for _, p := range top.Partners {
		names = append(names, p.Name)
	}
	if got := strings.Join(names, " "); got != "operator manufacturer licensors auditor" {
		t.Errorf("partners = %s", got)
	}
	if top.Consensus != topology.BFT {
		t.Errorf("consensus = %s, want %s", top.Consensus, topology.BFT)
	}
	if !top.HasBitcoin("operator") || !top.HasBitcoin("manufacturer") || top.HasBitcoin("auditor") {
		t.Errorf("bitcoin nodes = %v", top.Bitcoin.Nodes)
	}
}

func TestDecode(t *testing.T) {
	good := string(topology.DefaultText())
	replace := func(from, to string) string {
		if !strings.Contains(good, from) {
			t.Fatalf("the default description no longer holds %s", from)
		}
		return strings.Replace(good, from, to, 1)
	}
	tests := []struct {
		name    string
		text    string
		wantErr error
	}{
		{"the default", good, nil},
		{"raft", replace(`"bft"`, `"raft"`), nil},
		{"empty", "", topology.ErrSyntax},
		{"not JSON", "partners:\n", topology.ErrSyntax},
		{"truncated", good[:len(good)/2], topology.ErrSyntax},
		{"trailing text", good + "{}", topology.ErrSyntax},
		{"unknown field", replace(`"version": 1,`, `"version": 1, "verson": 1,`), topology.ErrSyntax},
		{"field twice", replace(`"version": 1,`, `"version": 1, "version": 1,`), topology.ErrSyntax},
		{"nested field twice", replace(`"endorse": 2,`, `"endorse": 2, "endorse": 1,`), topology.ErrSyntax},
		{"field in capitals", replace(`"channel"`, `"Channel"`), topology.ErrSyntax},
		{"number for a name", replace(`"channel": "guildmark"`, `"channel": 7`), topology.ErrSyntax},
		{"too deep", strings.Repeat("[", 100) + strings.Repeat("]", 100), topology.ErrSyntax},
		{"too long", good + strings.Repeat(" ", 1<<20), topology.ErrSyntax},
		{"other version", replace(`"version": 1`, `"version": 2`), topology.ErrInvalid},
		{"channel with a slash", replace(`"channel": "guildmark"`, `"channel": "a/b"`), topology.ErrInvalid},
		{"consensus unknown", replace(`"bft"`, `"pow"`), topology.ErrInvalid},
		{"partner twice", replace(`"name": "manufacturer", "msp"`, `"name": "operator", "msp"`), topology.ErrInvalid},
		{
			"partner name leaves its folder", replace(`"name": "auditor", "msp"`, `"name": "../auditor", "msp"`),
			topology.ErrInvalid,
		},
		{"msp twice", replace("ManufacturerMSP", "OperatorMSP"), topology.ErrInvalid},
		{"msp without its ending", replace("AuditorMSP", "Auditor"), topology.ErrInvalid},
		{"identity twice", replace(`"name": "buyer2"`, `"name": "buyer1"`), topology.ErrInvalid},
		{"identity that the network makes", replace(`"name": "buyer2"`, `"name": "admin"`), topology.ErrInvalid},
		{"role unknown", replace(`"role": "licensor"`, `"role": "emperor"`), topology.ErrInvalid},
		{"endorse more than there are", replace(`"endorse": 2`, `"endorse": 4`), topology.ErrInvalid},
		{"endorse none", replace(`"endorse": 2`, `"endorse": 0`), topology.ErrInvalid},
		{
			"endorser who is nobody", replace(`"manufacturer", "licensors"]`, `"manufacturer", "nobody"]`),
			topology.ErrInvalid,
		},
		{
			"endorser twice", replace(`"manufacturer", "licensors"]`, `"manufacturer", "manufacturer"]`),
			topology.ErrInvalid,
		},
		{
			"bitcoin node of nobody", replace(`"nodes": ["operator", "manufacturer"]`, `"nodes": ["nobody"]`),
			topology.ErrInvalid,
		},
		{"bitcoin mainnet", replace(`"regtest"`, `"mainnet"`), topology.ErrInvalid},
		{"service of nobody", replace(`{"name": "auth", "partner": "operator"`,
			`{"name": "auth", "partner": "nobody"`), topology.ErrInvalid},
		{"service twice", replace(`{"name": "oracle", "partner": "manufacturer"}`,
			`{"name": "oracle", "partner": "operator"}`), topology.ErrInvalid},
		{"service named like a node", replace(`"name": "auth"`, `"name": "peer"`), topology.ErrInvalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := topology.Decode([]byte(tt.text)); !errors.Is(err, tt.wantErr) {
				t.Errorf("Decode = %v, want %v", err, tt.wantErr)
			}
		})
	}
}

func TestBFTNeedsFour(t *testing.T) {
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	top.Services, top.Partners = nil, top.Partners[:3]
	if err := top.Validate(); !errors.Is(err, topology.ErrInvalid) {
		t.Errorf("three partners with BFT: %v, want %v", err, topology.ErrInvalid)
	}
	top.Consensus = topology.Raft
	if err := top.Validate(); err != nil {
		t.Errorf("three partners with Raft: %v", err)
	}
}

func TestAssign(t *testing.T) {
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	const base = 20000
	ports := top.Assign(base)
	seen := map[int]string{}
	for name, port := range ports {
		if port <= base || port >= base+topology.BlockSize {
			t.Errorf("%s: port %d lies outside of the block", name, port)
		}
		if other, ok := seen[port]; ok {
			t.Errorf("%s and %s share port %d", name, other, port)
		}
		seen[port] = name
	}
	for _, name := range []string{
		"peer.operator", "chaincode.auditor", "btcd.manufacturer",
		"btcd-p2p.operator", "gateway", "custodian.licensors", "spare.9",
	} {
		if ports[name] == 0 {
			t.Errorf("no port for %s", name)
		}
	}
	if ports["btcd.auditor"] != 0 {
		t.Error("a port for a Bitcoin node that isn't there")
	}
	public := top.ServicePorts(ports)
	if public["peer.operator"] != 0 || public["gateway"] != ports["gateway"] {
		t.Errorf("public ports = %v", public)
	}
}

func TestWithIdentity(t *testing.T) {
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	before := len(top.Partners[0].Identities)
	next, p, err := top.WithIdentity("operator", topology.Identity{Name: "buyer9", Role: "buyer"})
	if err != nil || p.Name != "operator" || len(next.Partners[0].Identities) != before+1 {
		t.Errorf("WithIdentity = %v, %v", p, err)
	}
	if len(top.Partners[0].Identities) != before {
		t.Error("the topology it was made from changed")
	}
	for _, bad := range []struct{ partner, name string }{
		{"nobody", "x"},
		{"operator", "buyer1"},
		{"operator", "../x"},
	} {
		if _, _, err := top.WithIdentity(bad.partner, topology.Identity{Name: bad.name}); !errors.Is(err,
			topology.ErrInvalid) {
			t.Errorf("WithIdentity(%s, %s) = %v, want %v", bad.partner, bad.name, err, topology.ErrInvalid)
		}
	}
}

func TestConnectionRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "connection.json")
	want := topology.Connection{
		Version: 1, Channel: "guildmark", MSPRoots: map[string]string{"AMSP": "/a"},
		Peers:      []topology.Endpoint{{Name: "peer.a", Partner: "a", MSP: "AMSP", Address: "127.0.0.1:1"}},
		Identities: []topology.Enrolled{{Name: "oracle", Partner: "a", Party: "AMSP.00"}},
	}
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := topology.ReadConnection(path)
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := got.Peer("a"); !ok || p != want.Peers[0] {
		t.Errorf("peer = %v, want %v", p, want.Peers[0])
	}
	if id, ok := got.Identity("a", "oracle"); !ok || id != want.Identities[0] {
		t.Errorf("identity = %v, want %v", id, want.Identities[0])
	}
	if _, ok := got.Identity("a", "nobody"); ok {
		t.Error("found an identity that isn't there")
	}
	for name, want := range map[string]string{
		"oracle": "AMSP.00", "a/oracle": "AMSP.00", "b/oracle": "",
		"nobody": "", "": "",
	} {
		if party, err := got.Party(name); party != want || (err == nil) != (want != "") || err != nil &&
			!errors.Is(err, topology.ErrIdentity) {
			t.Errorf("Party(%q) = %q, %v; want %q", name, party, err, want)
		}
	}
	want.Version = 2
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	if _, err := topology.ReadConnection(path); !errors.Is(err, topology.ErrInvalid) {
		t.Errorf("version 2: %v, want %v", err, topology.ErrInvalid)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(topology.DefaultText())
	f.Add([]byte(`{"version":1,"version":1}`))
	f.Add([]byte(`[[[[[[[[[[`))
	f.Add([]byte("{\"a\":\xff}"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		top, err := topology.Decode(raw)
		if err != nil {
			if !errors.Is(err, topology.ErrSyntax) && !errors.Is(err, topology.ErrInvalid) {
				t.Errorf("error of no class: %v", err)
			}
			return
		}
		if err := top.Validate(); err != nil {
			t.Errorf("decoded, but: %v", err)
		}
		seen := map[int]bool{}
		for _, port := range top.Assign(20000) {
			if seen[port] {
				t.Error("two share a port")
			}
			seen[port] = true
		}
	})
}
