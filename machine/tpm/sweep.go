package tpm

import (
	"errors"
	"slices"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
)

// First handles of what takes room in a TPM without a resource manager.
const (
	firstTransient     = 0x80000000
	firstLoadedSession = 0x02000000 // TPM_HT_LOADED_SESSION lists HMAC and policy sessions that are loaded
	maxHandles         = 64
)

// Sweep flushes loaded objects and sessions that a crashed program left behind, except those named. Only the
// one program that holds the TPM may call it.
func Sweep(t transport.TPM, keep ...uint32) error {
	for _, first := range []uint32{firstTransient, firstLoadedSession} {
		handles, err := listHandles(t, first)
		if err != nil {
			return err
		}
		for _, h := range handles {
			if slices.Contains(keep, uint32(h)) {
				continue
			}
			if err := flush(t, h); err != nil {
				return err
			}
		}
	}
	return nil
}

func listHandles(t transport.TPM, first uint32) ([]tpm2.TPMHandle, error) {
	rsp, err := tpm2.GetCapability{
		Capability: tpm2.TPMCapHandles, Property: first,
		PropertyCount: maxHandles,
	}.Execute(t)
	if err != nil {
		return nil, refused("list handles", err)
	}
	list, err := rsp.CapabilityData.Data.Handles()
	if err != nil {
		return nil, errors.Join(ErrResponse, err)
	}
	return list.Handle, nil
}

// NVHandles lists the defined NV indices from first to last.
func NVHandles(t transport.TPM, first, last uint32) ([]uint32, error) {
	rsp, err := tpm2.GetCapability{
		Capability: tpm2.TPMCapHandles, Property: first,
		PropertyCount: last - first + 1,
	}.Execute(t)
	if err != nil {
		return nil, refused("list NV indices", err)
	}
	list, err := rsp.CapabilityData.Data.Handles()
	if err != nil {
		return nil, errors.Join(ErrResponse, err)
	}
	var all []uint32
	for _, h := range list.Handle {
		if uint32(h) <= last {
			all = append(all, uint32(h))
		}
	}
	return all, nil
}
