package play

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/guildmark/guildmark/network/home"
	"github.com/guildmark/guildmark/network/topology"
)

// nobody is the user that the courier runs as in these tests: not the owner of the homes, and without rights.
const nobody = 65534

// homesFor makes the homes of the default consortium, each with a file in every folder.
func homesFor(t *testing.T) []Member {
	t.Helper()
	top, err := topology.Default()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "guildmark-courier-") //nolint:usetesting // the courier's user must pass through it; t.TempDir lies in a closed folder
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	var members []Member
	for _, p := range top.Partners {
		h, err := home.Create(filepath.Join(dir, p.Name), p.Name, top, 10000)
		if err != nil {
			t.Fatal(err)
		}
		for path, content := range map[string]string{
			h.Public().Card():                     "card of " + p.Name,
			h.Outbox().Bundle("guildmark"):        "draft of " + p.Name,
			home.Key(h.Identity("governor")):      "secret",
			filepath.Join(h.Secrets(), "seed"):    "secret",
			home.Key(h.Peer()):                    "secret",
			filepath.Join(h.CA(), "registrar/pw"): "secret",
		} {
			if err := home.Put(path, []byte(content)); err != nil {
				t.Fatal(err)
			}
		}
		members = append(members, Member{Name: p.Name, Dir: h.Dir})
	}
	return members
}

// openTo gives another user what a courier needs of a home and nothing else.
func openTo(t *testing.T, user int, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		for parent, mode := range map[string]fs.FileMode{filepath.Dir(dir): 0o711, dir: 0o711} {
			if err := os.Chmod(parent, mode); err != nil {
				t.Fatal(err)
			}
		}
		for _, folder := range []string{home.PublicDir(dir), home.OutboxDir(dir), home.InboxDir(dir)} {
			err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
				return errors.Join(err, os.Chown(path, user, -1))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

// asUser does something with another user's rights on files, on one thread that ends with it.
func asUser(t *testing.T, user int, do func() error) error {
	t.Helper()
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocks: a thread with other rights must not serve anybody else
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETFSUID, uintptr(user), 0, 0); errno != 0 {
			result <- errno
			return
		}
		result <- do()
	}()
	return <-result
}

// The courier carries everything that it should with no right to anything else in the homes.
func TestCourierNeedsNothingElse(t *testing.T) {
	members := homesFor(t)
	carry := func() error { return Carry(members...) }
	if os.Getuid() == 0 {
		for _, m := range members {
			openTo(t, nobody, m.Dir)
		}
		secret := home.Key(filepath.Join(members[0].Dir, "identities", "governor"))
		err := asUser(t, nobody, func() error {
			_, err := os.ReadFile(secret)
			return err
		})
		if !errors.Is(err, fs.ErrPermission) {
			t.Fatalf("the courier's user reads a key: %v; this test would prove nothing", err)
		}
		carry = func() error { return asUser(t, nobody, func() error { return Carry(members...) }) }
	} else { // not root: the homes' other folders are closed to their owner, too
		for _, m := range members {
			for _, folder := range []string{"identities", "secrets", "peer", "ca"} {
				path := filepath.Join(m.Dir, folder)
				if err := os.Chmod(path, 0); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = os.Chmod(path, 0o700) })
			}
		}
	}
	for range 2 { // a second round replaces the copies
		if err := carry(); err != nil {
			t.Fatal(err)
		}
	}
	for _, to := range members {
		for _, from := range members {
			if from == to {
				continue
			}
			inbox := filepath.Join(home.InboxDir(to.Dir), from.Name)
			for _, want := range []string{"card of ", "draft of "} {
				path := home.Public{Dir: home.PublicDir(inbox)}.Card()
				if want == "draft of " {
					path = home.Mail{Dir: home.OutboxDir(inbox)}.Bundle("guildmark")
				}
				if raw, err := os.ReadFile(path); err != nil || string(raw) != want+from.Name {
					t.Errorf("%s: %q, %v; want %q", path, raw, err, want+from.Name)
				}
			}
		}
		err := filepath.WalkDir(home.InboxDir(to.Dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			if raw, err := os.ReadFile(path); err != nil || string(raw) == "secret" {
				t.Errorf("%s was carried (%v)", path, err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// A partner can't have the courier read another file for it.
func TestCourierFollowsNoLink(t *testing.T) {
	for name, target := range map[string]string{
		"out of the home": "/etc/hostname",
		"to a key":        "../identities/governor/key.pem",
	} {
		t.Run(name, func(t *testing.T) {
			members := homesFor(t)[:2]
			if err := os.Symlink(target, filepath.Join(home.OutboxDir(members[0].Dir), "letter")); err != nil {
				t.Fatal(err)
			}
			if err := Carry(members...); err == nil {
				t.Error("the link was carried")
			}
			if _, err := os.Stat(filepath.Join(home.InboxDir(members[1].Dir), members[0].Name, "outbox",
				"letter")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("its target arrived: %v", err)
			}
		})
	}
}

// The play's own code opens its state file and, in the courier, public, outbox and inbox; nothing else. What
// a partner reads of its home, packages home, fabric, process and governor read, for one home at a time.
func TestPlayOpensNothingElse(t *testing.T) {
	allowed := map[string][]string{
		"courier.go": {"OpenRoot"},
		"state.go":   {"ReadFile"},
		"up.go":      {"ReadDir"}, // Wipe asks whether a folder without state is empty
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := call.X.(*ast.Ident); !ok || pkg.Name != "os" {
				return true
			}
			opens := strings.HasPrefix(call.Sel.Name, "Open") || strings.HasPrefix(call.Sel.Name, "Read") ||
				call.Sel.Name == "DirFS"
			if opens && !slices.Contains(allowed[file], call.Sel.Name) {
				t.Errorf("%s calls os.%s", file, call.Sel.Name)
			}
			return true
		})
	}
}
