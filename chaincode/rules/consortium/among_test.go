package consortium_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strconv"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/consortium"
	"github.com/guildmark/guildmark/chaincode/rules/party"
)

func signingKey(t *testing.T) string {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// TestRecipientAmong: what a recipient must be beside those that are set already.
func TestRecipientAmong(t *testing.T) {
	custodian := func(msp, id, key string, version int) consortium.Recipient {
		return consortium.Recipient{
			Role: consortium.CustodianRecipient, MSP: msp, ID: id, GrantKey: key,
			Version: version,
		}
	}
	runtime := func(msp string, n, version int) consortium.Recipient {
		return consortium.Recipient{Role: consortium.RuntimeRecipient, MSP: msp, ID: msp + ".runtime." +
			strconv.Itoa(n), Version: version}
	}
	a, b := signingKey(t), signingKey(t)
	set := []consortium.Recipient{custodian("AMSP", "AMSP.1", a, 1), custodian("BMSP", "BMSP.1", b, 1)}
	full := append([]consortium.Recipient{}, set...)
	for n := range consortium.MaxRecipients {
		full = append(full, runtime("AMSP", n, 1))
	}
	for _, c := range []struct {
		name string
		r    consortium.Recipient
		all  []consortium.Recipient
		want error
	}{
		{"the first", custodian("AMSP", "AMSP.1", a, 1), nil, nil},
		{"another partner's, own key", custodian("CMSP", "CMSP.1", signingKey(t), 1), set, nil},
		{"the same with a new version", custodian("AMSP", "AMSP.1", a, 2), set, nil},
		{"the same with a new key", custodian("AMSP", "AMSP.1", signingKey(t), 2), set, nil},
		{"a second of one partner", custodian("AMSP", "AMSP.2", signingKey(t), 1), set, consortium.ErrSecond},
		{"a second of one partner with another's key", custodian("BMSP", "BMSP.2", a, 1), set, consortium.ErrSecond},
		{"another custodian's key", custodian("CMSP", "CMSP.1", b, 1), set, consortium.ErrGrantKey},
		{"another custodian's key in a new version", custodian("AMSP", "AMSP.1", b, 2), set, consortium.ErrGrantKey},
		{"no key", custodian("CMSP", "CMSP.1", "AAAA", 1), set, consortium.ErrRecipient},
		{"a runtime", runtime("AMSP", 1, 1), set, nil},
		{"one runtime too many", runtime("AMSP", 99, 1), full, consortium.ErrRecipients},
		{"a full partner's runtime in a new version", runtime("AMSP", 1, 2), full, nil},
		{"another partner's runtime", runtime("BMSP", 1, 1), full, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.r.CheckAmong(c.all); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if got := consortium.Version(full, "AMSP.runtime.3"); got != 1 {
		t.Errorf("version of a set recipient: got %d, want 1", got)
	}
	if got := consortium.Version(full, "AMSP.runtime.none"); got != 0 {
		t.Errorf("version of an unset recipient: got %d, want 0", got)
	}
}

// TestHeaderSource: a buyer brings headers only where work alone decides (T22).
func TestHeaderSource(t *testing.T) {
	for _, c := range []struct {
		name         string
		attestations int
		role         string
		want         error
	}{
		{"an oracle where blocks are attested", 2, party.Oracle, nil},
		{"a buyer where blocks are attested", 2, party.Buyer, consortium.ErrOnlyOracles},
		{"an oracle where work decides", 0, party.Oracle, nil},
		{"a buyer where work decides", 0, party.Buyer, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := consortium.Config{Bitcoin: consortium.Bitcoin{Attestations: c.attestations}}
			if err := config.CheckHeaderSource(c.role); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestConfigInForce(t *testing.T) {
	var none consortium.Config
	if err := none.CheckInForce(); !errors.Is(err, consortium.ErrNoConfig) || none.Hash() != "" {
		t.Errorf("the zero Config: got %v and hash %q", err, none.Hash())
	}
	c := consortium.Config{Version: 1, Channel: "guildmark", Partners: []consortium.Partner{{MSP: "AMSP"}}}
	if err := c.CheckInForce(); err != nil || len(c.Hash()) != 64 {
		t.Errorf("got %v and hash %q", err, c.Hash())
	}
	if err := c.CheckChannel("guildmark"); err != nil {
		t.Error(err)
	}
	if err := c.CheckChannel("other"); !errors.Is(err, consortium.ErrConfig) {
		t.Errorf("another channel: got %v", err)
	}
	if !c.IsPartner("AMSP") || c.IsPartner("BMSP") {
		t.Error("only AMSP is a partner")
	}
}
