package home

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/chaincode/host"
)

// Put writes a file that only its owner reads, whole or not at all, and makes the folders above it.
func Put(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return host.Replace(path, content, host.Private)
}

// Copy copies a file as [Put] writes one.
func Copy(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("copy to %s: %w", to, err)
	}
	return Put(to, raw)
}

// CopyProgram copies a program that only its owner may run.
func CopyProgram(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy program: %w", err)
	}
	defer func() { _ = in.Close() }() // only read
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return fmt.Errorf("copy program: %w", err)
	}
	return host.ReplaceWith(to, 0o700, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}
