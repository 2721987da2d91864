package licensor_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/gateway/licensor"
)

// A line or a custodian that isn't there is refused with those that are: the names are written nowhere else.
func TestRefusalListsTheLines(t *testing.T) {
	for want, edit := range map[string]func(*licensor.SealRequest){
		"runtime of line printer for tpm, vtpm; there are mixer for tpm, vtpm": func(
			r *licensor.SealRequest,
		) {
			r.Choice.Lines = []string{"printer"}
		},
		"custodian of AuditorMSP; there are those of LicensorsMSP and OperatorMSP": func(
			r *licensor.SealRequest,
		) {
			r.Choice.Custodians = []string{"AuditorMSP"}
		},
	} {
		r := request(t)
		edit(&r)
		_, err := licensor.Seal(r)
		if refusal, ok := errors.AsType[*ledger.Refusal](err); !ok || refusal.Saw != want {
			t.Errorf("error %v, want one that saw %q", err, want)
		}
	}
}

func TestConnectionFindsParties(t *testing.T) {
	path := filepath.Join(t.TempDir(), "connection.json")
	doc := `{"identities": [
		{"name": "licensor1", "partner": "licensors", "msp": "LicensorsMSP", "party": "LicensorsMSP.00000000000000aa", "certificate": "/net/licensors/identities/licensor1/cert.pem"},
		{"name": "reader", "partner": "operator", "party": "OperatorMSP.00000000000000bb"}, {"name": "reader", "partner": "auditor", "party": "AuditorMSP.00000000000000cc"},
		{"name": "admin", "partner": "operator"}]}`
	if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := licensor.ReadConnection(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"licensor1": "LicensorsMSP.00000000000000aa", "licensors/licensor1": "LicensorsMSP.00000000000000aa",
		"auditor/reader": "AuditorMSP.00000000000000cc", "XMSP.0123456789abcdef": "XMSP.0123456789abcdef",
	} {
		if got, err := c.Party(name); err != nil || got != want {
			t.Errorf("Party(%s) = %s, %v; want %s", name, got, err, want)
		}
	}
	for _, name := range []string{"reader", "admin", "nobody", ""} {
		if got, err := c.Party(name); !errors.Is(err, licensor.ErrParty) {
			t.Errorf("Party(%q) = %s, %v; want %v", name, got, err, licensor.ErrParty)
		}
	}
	if got := c.NameOf("LicensorsMSP.00000000000000aa"); got != "licensor1" {
		t.Errorf("NameOf = %s, want licensor1", got)
	}
	if msp, err := c.MSPOf("/net/licensors/identities/licensor1"); err != nil || msp != "LicensorsMSP" {
		t.Errorf("MSPOf = %s, %v; want LicensorsMSP", msp, err)
	}
	if _, err := c.MSPOf("/net/nobody"); !errors.Is(err, licensor.ErrIdentity) {
		t.Errorf("MSPOf of a folder that is not listed: %v, want %v", err, licensor.ErrIdentity)
	}
}
