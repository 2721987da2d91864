package fabric

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/guildmark/guildmark/network/home"
)

// A chaincode beside the partner's own is released with its own address, and only while its program is the
// one that the package names.
func TestBuilderReleasesOneBeside(t *testing.T) {
	b, source, metadata := partner(t)
	program := filepath.Join((&home.Home{Dir: filepath.Dir(b.Chaincode)}).Beside("floor"), "chaincode")
	for path, content := range map[string]string{
		program: "the other program",
		filepath.Join(filepath.Dir(program), "address"): "127.0.0.1:2\n",
	} {
		if err := home.Put(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := SumFile(program)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(source, hashFile), sum+"\n")
	output, release := t.TempDir(), t.TempDir()
	if err := b.Run("build", []string{source, metadata, output}); err != nil {
		t.Fatal(err)
	}
	if err := b.Run("release", []string{output, release}); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(release, "chaincode", "server", "connection.json"))
	if err != nil || !strings.Contains(string(raw), `"127.0.0.1:2"`) {
		t.Errorf("connection = %s, %v, want the other's address", raw, err)
	}
	write(t, program, "changed")
	if err := b.Run("release", []string{output, t.TempDir()}); !errors.Is(err, ErrBuilder) {
		t.Errorf("a changed program: got %v, want %v", err, ErrBuilder)
	}
}
