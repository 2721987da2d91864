package play

import (
	"path/filepath"
)

// Layout names the files of one network that belong to no partner; network/docs/layout.md describes all of them.
type Layout struct {
	Dir string // absolute
}

func (l Layout) state() string { return filepath.Join(l.Dir, "state.json") }

// Home is the folder of a partner.
func (l Layout) Home(partner string) string { return filepath.Join(l.Dir, partner) }

// Socket is the supervisor's control socket.
func (l Layout) Socket() string { return filepath.Join(l.Dir, "supervisor.sock") }

// Logs is the folder of all processes' output.
func (l Layout) Logs() string { return filepath.Join(l.Dir, "logs") }

// Connection is the file that clients read.
func (l Layout) Connection() string { return filepath.Join(l.Dir, "connection.json") }

// EKRoots is the folder of the roots that vouch for virtual TPMs.
func (l Layout) EKRoots() string { return filepath.Join(l.Dir, "ek-roots") }
