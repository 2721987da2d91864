package host

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// steps are those of every write, in order.
var steps = []string{"create", "write", "set the mode", "sync", "close", "move", "sync the folder"}

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	for _, tt := range []struct {
		text string
		mode fs.FileMode
	}{{"first", Private}, {"second, longer", Private}, {"3", Shared}} {
		if err := Replace(path, []byte(tt.text), tt.mode); err != nil {
			t.Fatal(err)
		}
		expectFile(t, path, tt.text, tt.mode)
	}
	expectNoRest(t, path)
}

func TestReplaceWithFailingFill(t *testing.T) {
	path := old(t)
	err := ReplaceWith(path, Private, func(w io.Writer) error {
		_, _ = w.Write([]byte("half of it"))
		return io.ErrUnexpectedEOF
	})
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("ReplaceWith: error %v, want %v", err, io.ErrUnexpectedEOF)
	}
	expectFile(t, path, "old", Private)
	expectNoRest(t, path)
}

func TestCreateNeverOverwrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	if err := Create(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := Create(path, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("second Create: error %v, want fs.ErrExist", err)
	}
	expectFile(t, path, "first", Private)
	expectNoRest(t, path)
}

// TestEveryStepFails lets the disk fail before each step: until the move the old file stands, after it the
// new one, and no temporary file is left.
func TestEveryStepFails(t *testing.T) {
	for i, name := range steps {
		t.Run(name, func(t *testing.T) {
			path, full := old(t), errors.New("no space left")
			d := disk{before: func(step string) error {
				if step == name {
					return full
				}
				return nil
			}}
			if err := d.put(path, Private, bytesOf([]byte("new")), os.Rename); !errors.Is(err, full) {
				t.Errorf("put: error %v, want %v", err, full)
			}
			expectFile(t, path, after(i), Private)
			expectNoRest(t, path)

			secret := filepath.Join(t.TempDir(), "secret")
			if err := d.put(secret, Private, bytesOf([]byte("new")), os.Link); !errors.Is(err, full) {
				t.Errorf("create: error %v, want %v", err, full)
			}
			if _, err := os.Stat(secret); (err == nil) != (after(i) == "new") {
				t.Errorf("after a failure at %q: %v", name, err)
			}
			expectNoRest(t, secret)
		})
	}
}

// TestEveryStepIsTheLast ends the process at each step, as kill -9 would: nothing that is deferred runs.
func TestEveryStepIsTheLast(t *testing.T) {
	for i, name := range steps {
		t.Run(name, func(t *testing.T) {
			path := old(t)
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
			child.Env = append(os.Environ(), "HOST_TEST_END="+name, "HOST_TEST_FILE="+path)
			if out, err := child.CombinedOutput(); child.ProcessState.ExitCode() != ended {
				t.Fatalf("child: %v, %s", err, out)
			}
			expectFile(t, path, after(i), Private)
			if err := Replace(path, []byte("next start"), Private); err != nil {
				t.Fatal(err)
			}
			expectFile(t, path, "next start", Private)
		})
	}
}

const ended = 42

func TestMain(m *testing.M) {
	if last := os.Getenv("HOST_TEST_END"); last != "" {
		d := disk{before: func(step string) error {
			if step == last {
				os.Exit(ended)
			}
			return nil
		}}
		_ = d.put(os.Getenv("HOST_TEST_FILE"), Private, bytesOf([]byte("new")), os.Rename)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// after is what the file holds when the i-th step was not done.
func after(i int) string {
	if steps[i] == "sync the folder" {
		return "new"
	}
	return "old"
}

func TestReadPrivate(t *testing.T) {
	for _, tt := range []struct {
		name string
		mode fs.FileMode
		want error
	}{
		{"owner", 0o600, nil},
		{"owner, read only", 0o400, nil},
		{"group reads", 0o640, ErrExposed},
		{"others read", 0o604, ErrExposed},
		{"group writes", 0o620, ErrExposed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := old(t)
			if err := os.Chmod(path, tt.mode); err != nil {
				t.Fatal(err)
			}
			raw, err := ReadPrivate(path)
			if !errors.Is(err, tt.want) || err == nil && string(raw) != "old" {
				t.Errorf("ReadPrivate: %q, error %v, want %v", raw, err, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), "run chmod 600 "+path) {
				t.Errorf("error %v does not say what to do", err)
			}
		})
	}
	if _, err := ReadPrivate(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: error %v, want fs.ErrNotExist", err)
	}
	if _, err := ReadPrivate(t.TempDir()); err == nil {
		t.Error("a folder was read")
	}
}

// old makes a file with old bytes.
func old(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(path, []byte("old"), Private); err != nil {
		t.Fatal(err)
	}
	return path
}

func expectFile(t *testing.T, path, want string, mode fs.FileMode) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", path, got, err, want)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
		t.Errorf("%s: %v, %v; want mode %v", path, info, err, mode)
	}
}

func expectNoRest(t *testing.T, path string) {
	t.Helper()
	if rest, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".new-*")); len(rest) != 0 {
		t.Errorf("left behind: %v", rest)
	}
}
