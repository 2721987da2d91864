package tpm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/google/go-tpm/tpm2/transport"
	"github.com/google/go-tpm/tpm2/transport/linuxtpm"
)

// socketPrefix marks an address as a unix socket that speaks bare TPM commands (swtpm --server type=unixio).
const socketPrefix = "unix:"

// commandTimeout ends the wait for a TPM that doesn't answer: RSA key generation on a slow chip takes tens of
// seconds.
const commandTimeout = 2 * time.Minute

// Size limits of a response: header, and what any TPM in the field sends (TPM_PT_MAX_RESPONSE_SIZE is 4096).
const (
	headerSize  = 10
	maxResponse = 1 << 16
)

// ErrResponse says that what came back is not a TPM's response.
var ErrResponse = errors.New("not a TPM response")

// Dial opens the TPM at an address: "unix:<path>" is an emulator's socket, anything else a device file.
func Dial(ctx context.Context, address string) (transport.TPMCloser, error) {
	path, isSocket := strings.CutPrefix(address, socketPrefix)
	if !isSocket {
		t, err := linuxtpm.Open(address)
		if err != nil {
			return nil, fmt.Errorf("open TPM %s: %w", address, err)
		}
		return t, nil
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("connect to TPM %s: %w", address, err)
	}
	return &socket{conn: c}, nil
}

// socket keeps one connection, unlike go-tpm's linuxudstpm, which dials for every command and may read half a
// response.
type socket struct {
	mu   sync.Mutex
	conn net.Conn
}

// Send writes a command and reads exactly the response that its header announces.
func (s *socket) Send(command []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.conn.SetDeadline(time.Now().Add(commandTimeout)); err != nil {
		return nil, fmt.Errorf("send to TPM: %w", err)
	}
	if _, err := s.conn.Write(command); err != nil {
		return nil, fmt.Errorf("send to TPM: %w", err)
	}
	return readResponse(s.conn)
}

// Close hangs up; sessions and objects stay in the emulator for the next client.
func (s *socket) Close() error { return s.conn.Close() }

func readResponse(r io.Reader) ([]byte, error) {
	response := make([]byte, headerSize)
	if _, err := io.ReadFull(r, response); err != nil {
		return nil, fmt.Errorf("read TPM response: %w", err)
	}
	size := binary.BigEndian.Uint32(response[2:])
	if size < headerSize || size > maxResponse {
		return nil, fmt.Errorf("%w: %d bytes announced", ErrResponse, size)
	}
	response = append(response, make([]byte, size-headerSize)...)
	if _, err := io.ReadFull(r, response[headerSize:]); err != nil {
		return nil, fmt.Errorf("read TPM response: %w", err)
	}
	return response, nil
}
