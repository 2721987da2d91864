package tpm

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"
)

// Command is one command that went to a TPM, as a Recorder saw it. No parameter is kept.
type Command struct {
	Code     tpm2.TPMCC
	Response tpm2.TPMRC
	Took     time.Duration
}

// Recorder counts the commands that pass through it to a TPM.
type Recorder struct {
	inner transport.TPM

	mu       sync.Mutex
	commands []Command
}

// NewRecorder records what goes to t.
func NewRecorder(t transport.TPM) *Recorder { return &Recorder{inner: t} }

// Send passes a command on.
func (r *Recorder) Send(command []byte) ([]byte, error) {
	start := time.Now()
	response, err := r.inner.Send(command)
	c := Command{Took: time.Since(start)}
	if len(command) >= headerSize {
		c.Code = tpm2.TPMCC(binary.BigEndian.Uint32(command[6:]))
	}
	if len(response) >= headerSize {
		c.Response = tpm2.TPMRC(binary.BigEndian.Uint32(response[6:]))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commands = append(r.commands, c)
	return response, err
}

// Take returns the commands since the last Take.
func (r *Recorder) Take() []Command {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.commands
	r.commands = nil
	return c
}

// WritesNV says that a command makes the TPM write non-volatile memory: such writes wear it out. PolicySecret
// is among them because the one we use counts a use.
func (c Command) WritesNV() bool {
	if c.Response != tpm2.TPMRCSuccess {
		return false
	}
	switch c.Code {
	case tpm2.TPMCCNVWrite, tpm2.TPMCCNVIncrement, tpm2.TPMCCNVDefineSpace, tpm2.TPMCCNVUndefineSpace,
		tpm2.TPMCCEvictControl, tpm2.TPMCCPolicySecret:
		return true
	default:
		return false
	}
}
