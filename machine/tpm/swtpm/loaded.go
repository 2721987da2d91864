package swtpm

import (
	"fmt"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
)

// Where a TPM lists what is in its working memory (TCG TPM 2.0 Part 2, 7.2).
const (
	firstTransient     = 0x80000000
	firstLoadedSession = 0x02000000
	mostHandles        = 64
)

// Loaded counts objects and sessions in the TPM's working memory: a test that ends with more than it began
// leaks.
func Loaded(t transport.TPM) (int, error) {
	n := 0
	for _, first := range []uint32{firstTransient, firstLoadedSession} {
		rsp, err := tpm2.GetCapability{
			Capability: tpm2.TPMCapHandles, Property: first,
			PropertyCount: mostHandles,
		}.Execute(t)
		if err != nil {
			return 0, fmt.Errorf("list handles: %w", err)
		}
		list, err := rsp.CapabilityData.Data.Handles()
		if err != nil {
			return 0, fmt.Errorf("list handles: %w", err)
		}
		n += len(list.Handle)
	}
	return n, nil
}
