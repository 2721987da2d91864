package host

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Private is the mode of a file that only its owner reads and writes.
const Private fs.FileMode = 0o600

// Shared is the mode of a file that everybody on the computer may read.
const Shared fs.FileMode = 0o644

// ErrExposed means that group or others have rights on a file that must be private.
var ErrExposed = errors.New("the file must be private")

// Replace puts raw at path in one step. A reader sees the old bytes or the new ones, never a part, and so
// does the next start after kill -9 or a power cut. When Replace returns nil the new bytes are on the disk.
func Replace(path string, raw []byte, mode fs.FileMode) error {
	return disk{}.put(path, mode, bytesOf(raw), os.Rename)
}

// ReplaceWith is [Replace] for what fill writes. When fill fails the file stays as it was.
func ReplaceWith(path string, mode fs.FileMode, fill func(io.Writer) error) error {
	return disk{}.put(path, mode, fill, os.Rename)
}

// Create puts a private file in place, whole or not at all. It never overwrites: where a file of the name
// exists, the file stays as it is and the error is fs.ErrExist.
func Create(path string, raw []byte) error {
	// A link fails when the name is taken; a rename would replace the file of another process.
	return disk{}.put(path, Private, bytesOf(raw), os.Link)
}

// ReadPrivate reads a file that only its owner may read. It returns [ErrExposed] for any other.
func ReadPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read private file: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()            // of the file that is open: the name may point elsewhere by now
	if err != nil {
		return nil, fmt.Errorf("read private file: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%s: %w: its mode is %04o, expected %04o; run chmod %o %s, and replace what "+
			"it holds if others may have read it",
			path, ErrExposed, mode, Private, Private, path)
	}
	raw, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("read private file: %w", err)
	}
	return raw, nil
}

func bytesOf(raw []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(raw)
		return err
	}
}

// disk is the file system. Its hook lets a test fail, or end the process, before each step.
type disk struct {
	before func(step string) error // nil: every step is done
}

// put writes a temporary file in the path's folder, makes it durable, moves it to the path and makes the move
// durable.
func (d disk) put(path string, mode fs.FileMode, fill func(io.Writer) error,
	move func(from, to string) error,
) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	var f *os.File
	folder := filepath.Dir(path)
	if err := d.do("create", func() (err error) {
		f, err = os.CreateTemp(folder, ".new-*") // mode 0600
		return err
	}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, discard(f)) }()
	return d.all(
		step{"write", func() error { return fill(f) }},
		step{"set the mode", func() error { return f.Chmod(mode) }},
		step{"sync", f.Sync},
		step{"close", f.Close},
		step{"move", func() error { return move(f.Name(), path) }},
		step{"sync the folder", func() error { return syncFolder(folder) }},
	)
}

type step struct {
	name string
	do   func() error
}

func (d disk) all(steps ...step) error {
	for _, s := range steps {
		if err := d.do(s.name, s.do); err != nil {
			return err
		}
	}
	return nil
}

func (d disk) do(name string, do func() error) error {
	if d.before != nil {
		if err := d.before(name); err != nil {
			return err
		}
	}
	return do()
}

// discard closes and removes what is left of a temporary file. After a rename nothing is left; after a link
// its name is.
func discard(f *os.File) error {
	err := os.Remove(f.Name())
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if closing := f.Close(); !errors.Is(closing, os.ErrClosed) {
		err = errors.Join(err, closing)
	}
	return err
}

// syncFolder makes a new name in a folder durable.
func syncFolder(path string) error {
	d, err := os.Open(path) //nolint:gosec // G703: whoever calls names the file: that is its purpose
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
