package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
)

// ErrLocked says that another agent works in this state folder: the TPM and the journals have one user at a time.
var ErrLocked = ledger.Refuse(ledger.Conflict, "machine.busy", "another agent process works in this state folder")

// Store is the agent's state folder. Every file is private and is replaced in one step, see [host.Replace].
type Store struct {
	dir  string
	lock *os.File
	// fault lets a test kill the agent at a write: it is asked before ("before <name>") and after ("after <name>")
	// each replacement.
	fault func(point string) error
}

// OpenStore makes the folder when it isn't there and locks it until Close.
func OpenStore(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make state folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open state folder: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(ErrLocked.With(dir), lock.Close())
	}
	return &Store{dir: dir, lock: lock, fault: func(string) error { return nil }}, nil
}

// Close lets the next agent in.
func (s *Store) Close() error { return s.lock.Close() }

// Path is where a file of the folder lies.
func (s *Store) Path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

// read returns a file's bytes; fs.ErrNotExist when there is none.
func (s *Store) read(name string) ([]byte, error) {
	b, err := os.ReadFile(s.Path(name)) //nolint:gosec // G703: below the state folder, names are ids of ours
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	return b, nil
}

// load decodes a document of ours.
func (s *Store) load(name string, v any) error {
	b, err := s.read(name)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("state file %s: %w", name, err)
	}
	return nil
}

// save replaces a document.
func (s *Store) save(name string, v any) error { return s.write(name, ledger.Encode(v)) }

// write replaces a file.
func (s *Store) write(name string, content []byte) error {
	return s.stream(name, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// stream replaces a file with what fill writes; when fill fails nothing changes.
func (s *Store) stream(name string, fill func(io.Writer) error) error {
	if err := s.fault("before " + name); err != nil {
		return err
	}
	path := s.Path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil { //nolint:gosec // G703: below the state folder, names are ids of ours
		return fmt.Errorf("write state: %w", err)
	}
	if err := host.ReplaceWith(path, host.Private, fill); err != nil {
		return fmt.Errorf("write state file %s: %w", name, err)
	}
	return s.fault("after " + name)
}

// list names the entries of a folder in order, without what a crash left half written.
func (s *Store) list(folder string) ([]string, error) {
	entries, err := os.ReadDir(s.Path(folder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list state: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.Name()[0] != '.' {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// folder makes a folder below the state folder.
func (s *Store) folder(name string) error {
	if err := os.MkdirAll(s.Path(name), 0o700); err != nil {
		return fmt.Errorf("make state folder: %w", err)
	}
	return nil
}

// has tells whether a file is there.
func (s *Store) has(name string) bool {
	_, err := os.Stat(s.Path(name)) //nolint:gosec // G703: below the state folder, names are ids of ours
	return err == nil
}
