package tpm_test

import (
	"errors"
	"testing"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"

	"github.com/guildmark/guildmark/chaincode/tpmpolicy"
)

// The sign-in key leaves the TPM only as a file wrapped by the storage root key (TCG TPM 2.0 Part 3,
// TPM2_CreateLoaded). Copied to another machine the file is nothing: its TPM refuses to load it. On its own
// TPM it loads.
func TestAttackSignInKeyCopiedToAnotherTPM(t *testing.T) {
	first, second := dial(t, start(t, "first")), dial(t, start(t, "second"))
	enroll(t, first)
	enroll(t, second)
	template := tpmpolicy.SigningTemplate(false) // as Provision makes the sign-in key
	key, err := tpm2.CreateLoaded{
		ParentHandle: storageRoot(t, first),
		InPublic:     tpm2.New2BTemplate(&template),
	}.Execute(first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (tpm2.FlushContext{FlushHandle: key.ObjectHandle}).Execute(first); err != nil {
		t.Fatal(err)
	}
	load := func(on transport.TPM) error {
		rsp, err := tpm2.Load{
			ParentHandle: storageRoot(t, on), InPrivate: key.OutPrivate,
			InPublic: key.OutPublic,
		}.Execute(on)
		if err != nil {
			return err
		}
		_, err = tpm2.FlushContext{FlushHandle: rsp.ObjectHandle}.Execute(on)
		return err
	}
	if err := load(first); err != nil {
		t.Fatalf("its own TPM refuses the key: %v", err)
	}
	if err := load(second); !errors.Is(err, tpm2.TPMRCIntegrity) {
		t.Errorf("another TPM: %v, want TPM_RC_INTEGRITY", err)
	}
}

// storageRoot is the persistent storage root key of a provisioned TPM.
func storageRoot(t *testing.T, on transport.TPM) tpm2.AuthHandle {
	t.Helper()
	const handle = tpm2.TPMHandle(0x81000001) // TCG provisioning guidance, SRK
	rsp, err := tpm2.ReadPublic{ObjectHandle: handle}.Execute(on)
	if err != nil {
		t.Fatal(err)
	}
	return tpm2.AuthHandle{Handle: handle, Name: rsp.Name, Auth: tpm2.PasswordAuth(nil)}
}
