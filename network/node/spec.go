package node

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// Errors that a caller can act on.
var (
	// ErrUnknown means that a selector fits no process; the text behind it names those near it.
	ErrUnknown = errors.New("no such process")
	// ErrExists means that a process of this name is there already, or that another supervisor serves the socket.
	ErrExists = errors.New("process exists already")
	// ErrSpec means that a process can't be run as described; the text behind it names the field.
	ErrSpec = errors.New("process can't be run as described")
	// ErrDown means that the supervisor is stopping or does not run. Start the network.
	ErrDown = errors.New("supervisor is down")
)

// Spec describes how a process is run. It MUST NOT hold a secret: others can read arguments and environments.
type Spec struct {
	Name    string   `json:"name"`              // unique, <class>.<partner>
	Class   string   `json:"class"`             // what kind of process: peer, oracle, ...
	Partner string   `json:"partner,omitempty"` // who runs it
	Path    string   `json:"path"`              // absolute
	Args    []string `json:"args,omitempty"`    // without the program's own name
	Env     []string `json:"env,omitempty"`     // the whole environment, but for PATH and HOME
	Dir     string   `json:"dir,omitempty"`     // working directory, absolute
	Log     string   `json:"log,omitempty"`     // file that output is appended to; default <logs>/<name>.log
	Ready   Probe    `json:"ready"`
	After   []string `json:"after,omitempty"` // names of processes that must be ready before
	Policy  Policy   `json:"policy"`
}

// Probe decides when a process is ready. The first field that is set counts; with none set it is ready as
// soon as it runs.
type Probe struct {
	HTTP string `json:"http,omitempty"` // URL that answers 2xx
	Root string `json:"root,omitempty"` // PEM file trusted for an https URL
	TCP  string `json:"tcp,omitempty"`  // address that accepts
	File string `json:"file,omitempty"` // file or socket that exists
}

// Policy decides what happens when the process ends by itself. With the zero value it is restarted for ever,
// after a pause that grows.
type Policy struct {
	Once  bool          `json:"once,omitempty"`  // never start it again
	Min   time.Duration `json:"min,omitempty"`   // first pause, default 100 ms
	Max   time.Duration `json:"max,omitempty"`   // longest pause, default 5 s
	Grace time.Duration `json:"grace,omitempty"` // between SIGTERM and SIGKILL, default 5 s
}

const (
	minPause = 100 * time.Millisecond // a peer that died answers again 0.3 s later (measured)
	maxPause = 5 * time.Second
	grace    = 5 * time.Second  // the whole network stops within 1.2 s (measured)
	steady   = 10 * time.Second // one that lived this long starts again without a longer pause
)

func (s Spec) check() error {
	name := regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,60}$`)
	switch {
	case !name.MatchString(s.Name):
		return fmt.Errorf("%w: name: expected lower case letters, digits, dots and hyphens, got %q", ErrSpec, s.Name)
	case !name.MatchString(s.Class):
		return fmt.Errorf("%w: %s: class: expected lower case letters, digits, dots and hyphens, got %q",
			ErrSpec, s.Name, s.Class)
	case s.Name == "all":
		return fmt.Errorf("%w: the name %q is the selector of all processes", ErrSpec, s.Name)
	case !filepath.IsAbs(s.Path):
		return fmt.Errorf("%w: %s: expected an absolute path, got %q", ErrSpec, s.Name, s.Path)
	case s.Dir != "" && !filepath.IsAbs(s.Dir):
		return fmt.Errorf("%w: %s: expected an absolute directory, got %q", ErrSpec, s.Name, s.Dir)
	}
	if slices.Contains(s.After, s.Name) {
		return fmt.Errorf("%w: %s waits for itself", ErrSpec, s.Name)
	}
	return nil
}

func (p Policy) withDefaults() Policy {
	if p.Min <= 0 {
		p.Min = minPause
	}
	if p.Max <= 0 {
		p.Max = maxPause
	}
	if p.Grace <= 0 {
		p.Grace = grace
	}
	return p
}

// matches reports whether a selector means this process: its name, its class, "@" and its partner, or "all".
func (s Spec) matches(selector string) bool {
	return selector == "all" || selector == s.Name || selector == s.Class || s.Partner != "" && selector == "@"+
		s.Partner
}
