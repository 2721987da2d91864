package play

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/guildmark/guildmark/chaincode/host"
)

// Layout names every file of one network; network/docs/layout.md describes it to others.
type Layout struct {
	Dir string // absolute
}

func (l Layout) connection() string        { return filepath.Join(l.Dir, "connection.json") }
func (l Layout) state() string             { return filepath.Join(l.Dir, "state.json") }
func (l Layout) partner(p string) string   { return filepath.Join(l.Dir, p) }
func (l Layout) msp(p string) string       { return filepath.Join(l.Dir, p, "msp") }
func (l Layout) mspRoot(p string) string   { return filepath.Join(l.msp(p), "cacerts", "ca.pem") }
func (l Layout) tlsRoot(p string) string   { return filepath.Join(l.msp(p), "tlscacerts", "tlsca.pem") }
func (l Layout) ca(p string) string        { return filepath.Join(l.Dir, p, "ca") }
func (l Layout) orderer(p string) string   { return filepath.Join(l.Dir, p, "orderer") }
func (l Layout) peer(p string) string      { return filepath.Join(l.Dir, p, "peer") }
func (l Layout) chaincode(p string) string { return filepath.Join(l.Dir, p, "chaincode") }
func (l Layout) builder(p string) string   { return filepath.Join(l.Dir, p, "builder") }
func (l Layout) btcd(p string) string      { return filepath.Join(l.Dir, p, "btcd") }

func (l Layout) identity(p, name string) string { return filepath.Join(l.Dir, p, "identities", name) }
func (l Layout) service(p, name string) string  { return filepath.Join(l.Dir, p, "services", name) }
func (l Layout) block(channel string) string {
	return filepath.Join(l.Dir, "channels", channel+".block")
}

// Socket is the supervisor's control socket.
func (l Layout) Socket() string { return filepath.Join(l.Dir, "supervisor.sock") }

// Logs is the folder of all processes' output.
func (l Layout) Logs() string { return filepath.Join(l.Dir, "logs") }

// Connection is the file that clients read.
func (l Layout) Connection() string { return l.connection() }

// pem triple of a key's folder: certificate, key, root.
func certificate(dir string) string { return filepath.Join(dir, "cert.pem") }
func key(dir string) string         { return filepath.Join(dir, "key.pem") }
func root(dir string) string        { return filepath.Join(dir, "ca.pem") }

// put replaces a private file and makes the folders above it.
func put(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return host.Replace(path, content, host.Private)
}
