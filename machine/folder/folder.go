package folder

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

// ErrLocked means that another process uses this state folder: TPM and journals have one user at a time. Wait
// for it, or end it.
var ErrLocked = ledger.Refuse(ledger.Conflict, "machine.busy", "another agent process works in this state folder")

// Folder is the agent's state folder. Every file is private and is replaced in one step, see [host.Replace].
type Folder struct {
	dir   string
	lock  *os.File
	fault func(point string) error
}

// Interrupt lets a test kill the agent at a write: fault is asked before ("before <name>") and after ("after
// <name>") each replacement, and its error is what the write returns.
func (f *Folder) Interrupt(fault func(point string) error) { f.fault = fault }

// Open makes the folder when it isn't there and locks it until Close.
func Open(dir string) (*Folder, error) {
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
	return &Folder{dir: dir, lock: lock, fault: func(string) error { return nil }}, nil
}

// Close lets the next agent in.
func (f *Folder) Close() error { return f.lock.Close() }

// Path is where a file of the folder lies.
func (f *Folder) Path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// Read returns a file's bytes; fs.ErrNotExist when there is none.
func (f *Folder) Read(name string) ([]byte, error) {
	b, err := os.ReadFile(f.Path(name))
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	return b, nil
}

// Load decodes a document of ours.
func (f *Folder) Load(name string, v any) error {
	b, err := f.Read(name)
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

// Save replaces a document.
func (f *Folder) Save(name string, v any) error { return f.Write(name, ledger.Encode(v)) }

// Write replaces a file.
func (f *Folder) Write(name string, content []byte) error {
	return f.Stream(name, func(w io.Writer) error {
		_, err := w.Write(content)
		return err
	})
}

// Stream replaces a file with what fill writes; when fill fails nothing changes.
func (f *Folder) Stream(name string, fill func(io.Writer) error) error {
	if err := f.fault("before " + name); err != nil {
		return err
	}
	path := f.Path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write state: %w", err)
	}
	if err := host.ReplaceWith(path, host.Private, fill); err != nil {
		return fmt.Errorf("write state file %s: %w", name, err)
	}
	return f.fault("after " + name)
}

// List names the entries of a folder in order, without what a crash left half written.
func (f *Folder) List(folder string) ([]string, error) {
	entries, err := os.ReadDir(f.Path(folder))
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

// Make makes a folder below the state folder.
func (f *Folder) Make(name string) error {
	if err := os.MkdirAll(f.Path(name), 0o700); err != nil {
		return fmt.Errorf("make state folder: %w", err)
	}
	return nil
}

// Has tells whether a file is there.
func (f *Folder) Has(name string) bool {
	_, err := os.Stat(f.Path(name))
	return err == nil
}
