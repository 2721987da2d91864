package play

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/guildmark/guildmark/network/home"
)

// Member is a partner's name and the folder of its home.
type Member struct{ Name, Dir string }

// largest bounds a file that is carried; a genesis block of four partners has 60 kB.
const largest = 16 << 20

// Carry copies public/ and outbox/ of each partner to inbox/<partner>/ of all others. It opens nothing else
// of a home, and follows no link out of these folders.
func Carry(members ...Member) error {
	for _, from := range members {
		for _, to := range members {
			if from.Name == to.Name {
				continue
			}
			for _, folder := range []func(string) string{home.PublicDir, home.OutboxDir} {
				if err := carry(folder(from.Dir), home.InboxDir(to.Dir),
					path.Join(from.Name, filepath.Base(folder("")))); err != nil {
					return fmt.Errorf("carry files from %s to %s: %w", from.Name, to.Name, err)
				}
			}
		}
	}
	return nil
}

// carry copies the regular files of a folder to a place below an inbox.
func carry(from, inbox, below string) error {
	source, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // only read
	target, err := os.OpenRoot(inbox)
	if err != nil {
		return err
	}
	defer func() { _ = target.Close() }() // each file was closed
	return fs.WalkDir(source.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return target.MkdirAll(path.Join(below, name), 0o700)
		case !entry.Type().IsRegular():
			return fmt.Errorf("%s is not a regular file", name)
		}
		return copyFile(source, target, name, path.Join(below, name))
	})
}

// copyFile puts a copy in place in one step, so that its reader never sees a part.
func copyFile(source, target *os.Root, from, to string) error {
	in, err := source.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // only read
	next := to + ".next"
	out, err := target.OpenFile(next, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	size, err := io.Copy(out, io.LimitReader(in, largest+1))
	if size > largest {
		err = fmt.Errorf("%s has more than %d bytes", from, largest)
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	return target.Rename(next, to)
}

// carryAll is the courier's round among homes.
func carryAll(homes []*home.Home) error {
	var members []Member
	for _, h := range homes {
		members = append(members, Member{Name: h.Partner.Name, Dir: h.Dir})
	}
	return Carry(members...)
}
