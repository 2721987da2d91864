package custodian_test

import (
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/chaincode/rules/machine"
	"github.com/guildmark/guildmark/network/partner/partnertest"
)

func TestActivationIsRefused(t *testing.T) {
	s := newSite(t).sell("50", lic, ope)
	base := s.nodes[ope].http.URL
	stranger := partnertest.NewTPM(t, partnertest.NewMaker(t, "stranger"))
	other := partnertest.NewTPM(t, s.maker)
	good := func() machine.ActivationRequest {
		r := s.tpm.ActivationRequest()
		r.Machine = s.tpm.MachineID()
		return r
	}
	tests := []struct {
		name string
		edit func(*machine.ActivationRequest)
		code string
	}{
		{
			"certificate of an unknown maker",
			func(r *machine.ActivationRequest) { r.EKCertificate = stranger.ActivationRequest().EKCertificate },
			"tpm.ek_chain",
		},
		{"another TPM's certificate", func(
			r *machine.ActivationRequest,
		) {
			r.EKCertificate = other.ActivationRequest().EKCertificate
		}, "custodian.machine"},
		{
			"another TPM's attestation key",
			func(r *machine.ActivationRequest) { r.AK = other.ActivationRequest().AK }, "custodian.machine",
		},
		{"another salt", func(r *machine.ActivationRequest) { r.Salt = other.Salt }, "custodian.machine"},
		{
			"a token key as attestation key",
			func(r *machine.ActivationRequest) { r.AK = base64.StdEncoding.EncodeToString(s.tpm.Token()) },
			"tpm.public_attributes",
		},
		{
			"unknown machine", func(r *machine.ActivationRequest) { r.Machine = strings.Repeat("ab", 32) },
			"machine.unknown",
		},
		{"no machine", func(r *machine.ActivationRequest) { r.Machine = "" }, "activation.malformed"},
		{"short salt", func(r *machine.ActivationRequest) { r.Salt = "ab" }, "activation.malformed"},
		{
			"certificate that is none", func(r *machine.ActivationRequest) { r.EKCertificate = "AAAA" },
			"tpm.ek_malformed",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := good()
			tt.edit(&r)
			if _, code := post(t, base+"/activations", r, nil); code != tt.code {
				t.Errorf("code %q, want %q", code, tt.code)
			}
		})
	}
	for name, raw := range map[string]string{
		"document.unknown_key":   `{"ekCertificate":"","ak":"","salt":"","x":1}`,
		"document.duplicate_key": `{"ekCertificate":"","ekCertificate":"","ak":"","salt":""}`,
		"document.missing_key":   `{"ekCertificate":""}`,
		"activation.malformed":   `{"ekCertificate":"` + strings.Repeat("A", 70_000) + `"}`,
	} {
		if _, code := post(t, base+"/activations", []byte(raw), nil); code != name {
			t.Errorf("code %q, want %q", code, name)
		}
	}
}

func TestActivationNeedsTheProof(t *testing.T) {
	s := newSite(t).sell("51", lic, ope)
	base := s.nodes[ope].http.URL
	r := s.tpm.ActivationRequest()
	r.Machine = s.tpm.MachineID()
	var a machine.Activation
	post(t, base+"/activations", r, &a)
	if _, err := partnertest.NewTPM(t, s.maker).Activate(a); err == nil {
		t.Error("another TPM opened the credential")
	}
	if status, code := post(t, base+"/activations/"+a.ID,
		machine.ActivationProof{Proof: strings.Repeat("0", 64)}, nil); status != http.StatusForbidden ||
		code != "activation.proof" {
		t.Errorf("a wrong proof: %d %s", status, code)
	}
	secret, err := s.tpm.Activate(a)
	if err != nil {
		t.Fatal(err)
	}
	right := machine.ActivationProof{Proof: machine.Proof(secret, a.ID, s.tpm.AKName())}
	if status, code := post(t, base+"/activations/"+a.ID, right, nil); status != http.StatusNotFound ||
		code != "activation.unknown" {
		t.Errorf("a second try: %d %s; each activation has one", status, code)
	}
	files, err := os.ReadDir(filepath.Join(s.nodes[ope].state, "activations"))
	if err != nil || len(files) != 0 {
		t.Errorf("%d activations were kept, %v", len(files), err)
	}
}
