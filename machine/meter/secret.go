package meter

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Secret is a few bytes in memory that is never swapped, never dumped, and not on Go's heap.
type Secret struct {
	page []byte
	size int
}

// newSecret maps a page that is locked, left out of core dumps, and not copied to child processes.
func newSecret(size int) (*Secret, error) {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("take a page for a secret: %w", err)
	}
	s := &Secret{page: page, size: size}
	if err := unix.Mlock(page); err != nil {
		_ = s.Close() // the page holds nothing yet
		return nil, fmt.Errorf("lock a secret's page (raise RLIMIT_MEMLOCK): %w", err)
	}
	for _, advice := range []int{unix.MADV_DONTDUMP, unix.MADV_DONTFORK} {
		if err := unix.Madvise(page, advice); err != nil {
			_ = s.Close()
			return nil, fmt.Errorf("guard a secret's page: %w", err)
		}
	}
	return s, nil
}

// Bytes are the secret's bytes; they are gone after Close.
func (s *Secret) Bytes() []byte { return s.page[:s.size:s.size] }

// Close overwrites and returns the page.
func (s *Secret) Close() error {
	if s.page == nil {
		return nil
	}
	clear(s.page)
	page := s.page
	s.page, s.size = nil, 0
	if err := unix.Munmap(page); err != nil {
		return fmt.Errorf("return a secret's page: %w", err)
	}
	return nil
}

// Use burns one use and gives the whole license share in locked memory: the same steps as the runtime's, in one
// call, for tests and benchmarks. The runtime goes through [Begin], [Use.Upper] and [Use.Lower] itself, since it
// compares each half with the licensor's commitment.
func (x *Meter) Use() (share *Secret, err error) {
	armed, err := x.Armed()
	if err != nil {
		return nil, err
	}
	u, err := Begin(x.tpm, armed)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, u.Close()) }()
	upper, err := u.Upper()
	if err != nil {
		return nil, err
	}
	defer clear(upper)
	lower, err := u.Lower()
	if err != nil {
		return nil, err
	}
	defer clear(lower)
	return join(lower, upper)
}

var errHalves = errors.New("the halves of the license share have different sizes")

// join is the exclusive or of the halves in locked memory.
func join(lower, upper []byte) (*Secret, error) {
	if len(lower) != len(upper) || len(lower) == 0 {
		return nil, errHalves
	}
	s, err := newSecret(len(lower))
	if err != nil {
		return nil, err
	}
	subtle.XORBytes(s.Bytes(), lower, upper)
	return s, nil
}
