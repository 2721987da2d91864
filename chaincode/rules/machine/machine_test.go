package machine_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/ledger/ledgertest"
	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

const owner = "OperatorMSP.0123456789abcdef"

// mixer is a good record as a registrar sends it.
func mixer() machine.Machine {
	return machine.Machine{
		Format: machine.Format, ID: ledger.Hash("machine"), Owner: owner, EKHash: ledger.Hash("ek"),
		AK: "AAAA", SRK: "AAAA", Token: "AAAA", Counter: "000b" + ledger.Hash("counter"), Line: "mixer-1",
		Assurance: "tpm", Shard: 7,
	}
}

func TestCheck(t *testing.T) {
	key := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for _, c := range []struct {
		name string
		edit func(*machine.Machine)
		saw  string // "" for a good record
	}{
		{"as it is", func(*machine.Machine) {}, ""},
		{"another format", func(m *machine.Machine) { m.Format = "guildmark/machine/2" }, "format"},
		{"an id in capitals", func(m *machine.Machine) { m.ID = strings.ToUpper(m.ID) }, "id"},
		{"no hash of the EK certificate", func(m *machine.Machine) { m.EKHash = "" }, "ekHash"},
		{"a registrar that names itself", func(m *machine.Machine) { m.Registrar = owner }, "registrar"},
		{"an epoch", func(m *machine.Machine) { m.Epoch = 1 }, "epoch"},
		{"the highest shard", func(m *machine.Machine) { m.Shard = machine.MaxShard }, ""},
		{"a higher shard", func(m *machine.Machine) { m.Shard = machine.MaxShard + 1 }, "shard 2147483648"},
		{"a line with a dot", func(m *machine.Machine) { m.Line = "mixer.1" }, "line"},
		{"no line", func(m *machine.Machine) { m.Line = "" }, "line"},
		{"a line of 64 characters", func(m *machine.Machine) { m.Line = strings.Repeat("l", 64) }, ""},
		{"a line of 65 characters", func(m *machine.Machine) { m.Line = strings.Repeat("l", 65) }, "line"},
		{"software", func(m *machine.Machine) { m.Assurance = "software" }, ""},
		{"another class", func(m *machine.Machine) { m.Assurance = "gold" }, "assurance"},
		{"no owner", func(m *machine.Machine) { m.Owner = "" }, "owner"},
		{
			"an owner at home where no buyers are",
			func(m *machine.Machine) { m.Owner = "AuditorMSP.0123456789abcdef" }, "owner",
		},
		{"a counter that is no Name", func(m *machine.Machine) { m.Counter = ledger.Hash("counter") }, "counter"},
		{"a counter in capitals", func(m *machine.Machine) { m.Counter = strings.ToUpper(m.Counter) }, "counter"},
		{"no AK", func(m *machine.Machine) { m.AK = "" }, "ak"},
		{"an SRK of another form", func(m *machine.Machine) { m.SRK += "\n" }, "srk"},
		{"a sign-in key of 1024 bytes", func(m *machine.Machine) { m.Token = key(1024) }, ""},
		{"a sign-in key of 1025 bytes", func(m *machine.Machine) { m.Token = key(1025) }, "token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := mixer()
			c.edit(&m)
			want := machine.ErrInvalid
			if c.saw == "" {
				want = nil
			}
			homes := func(role string) []string {
				if role == party.Buyer {
					return []string{"OperatorMSP"}
				}
				return nil
			}
			ledgertest.Refused(t, machine.Check(m, homes), want, c.saw)
		})
	}
}

func TestCheckOwner(t *testing.T) {
	m := mixer()
	ledgertest.Refused(t, m.CheckOwner(owner), nil, "")
	for _, other := range []string{"", "OperatorMSP", owner + "0"} {
		ledgertest.Refused(t, m.CheckOwner(other), machine.ErrOwner, other)
	}
}

// TestNames: each name depends on all that it is made of. The proof was computed by OpenSSL:
// printf 'guildmark/activation/1|id|name' | openssl dgst -sha256 -hmac secret.
func TestNames(t *testing.T) {
	if machine.ID("name", "salt") == machine.ID("names", "alt") ||
		machine.ID("name", "salt") != ledger.Hash("guildmark/machine/1", "name", "salt") {
		t.Error("the machine's id does not commit to Name and salt")
	}
	if machine.EKHash("salt", []byte{1}) == machine.EKHash("salt", []byte{2}) ||
		machine.EKHash("salt", nil) == machine.EKHash("tlas", nil) {
		t.Error("the hash of the EK certificate does not commit to certificate and salt")
	}
	const want = "6c26c93c80b0f39531535f22a32709719cb157a2b8eab47570acf8bcf9b431f4"
	if got := machine.Proof([]byte("secret"), "id", "name"); got != want {
		t.Errorf("proof: got %s, want %s", got, want)
	}
	if got := machine.ActivationDigest("id", "name"); len(got) != 32 ||
		string(got) == string(machine.ActivationDigest("id2", "name")) {
		t.Errorf("digest: got %x", got)
	}
}
