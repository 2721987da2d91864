package meter

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Secret is a few bytes in memory that is never swapped, never dumped, and not on Go's heap.
type Secret struct {
	page []byte
	size int
}

// newSecret takes a page of its own: locked, left out of core dumps, gone in child processes.
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
