package folder

import (
	"errors"
	"io/fs"
	"os"
	"testing"
)

// A torn write leaves the old content and nothing that a reader would take for a document.
func TestTornWrite(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(dir)
	must(t, err)
	defer func() { must(t, s.Close()) }()
	must(t, s.Write("purchases/a.json", []byte("old")))
	must(t, os.WriteFile(s.Path("purchases/.new-123"), []byte("to"), 0o600))
	names, err := s.List("purchases")
	must(t, err)
	content, err := s.Read("purchases/a.json")
	must(t, err)
	if len(names) != 1 || string(content) != "old" {
		t.Errorf("got %v with %q, want one file with the old content", names, content)
	}
	if _, err := s.Read("purchases/b.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrLocked) {
		t.Errorf("got %v, want %v", err, ErrLocked)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
