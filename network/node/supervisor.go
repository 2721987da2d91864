package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Supervisor runs processes until [Supervisor.Down]. Methods may be called from any goroutine.
type Supervisor struct {
	logs    string
	log     *slog.Logger
	spawner *spawner

	mu        sync.Mutex
	processes map[string]*process
	order     []string      // names, oldest first
	down      bool          // no more processes are taken
	changed   chan struct{} // closed and replaced at each change of state
	gone      chan struct{} // closed when Down has finished
	released  chan struct{} // closed when whoever sets the network up has finished
}

// New makes a supervisor without processes. A process that names no log gets one in the folder logs; log is the
// supervisor's own.
func New(logs string, log *slog.Logger) *Supervisor {
	return &Supervisor{
		logs: logs, log: log, spawner: newSpawner(), processes: map[string]*process{},
		changed: make(chan struct{}), gone: make(chan struct{}), released: make(chan struct{}),
	}
}

// Add accepts processes and starts each when those that it needs are ready. All are accepted or none.
func (s *Supervisor) Add(specs ...Spec) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return ErrDown
	}
	fresh := map[string]bool{}
	for _, spec := range specs {
		if err := spec.check(); err != nil {
			return err
		}
		if _, ok := s.processes[spec.Name]; ok || fresh[spec.Name] {
			return fmt.Errorf("%w: %s", ErrExists, spec.Name)
		}
		fresh[spec.Name] = true
	}
	for _, spec := range specs {
		for _, name := range spec.After {
			if _, ok := s.processes[name]; !ok && !fresh[name] {
				return fmt.Errorf("%w: %s needs %s, which is not there", ErrSpec, spec.Name, name)
			}
		}
	}
	for _, spec := range specs {
		s.addLocked(spec)
	}
	s.changedLocked()
	return nil
}

func (s *Supervisor) addLocked(spec Spec) {
	if spec.Log == "" {
		spec.Log = filepath.Join(s.logs, spec.Name+".log")
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &process{
		sup: s, spec: spec, want: true, cancel: cancel, done: make(chan struct{}),
		status: Status{Name: spec.Name, Class: spec.Class, Partner: spec.Partner, State: Waiting},
	}
	s.processes[spec.Name] = p
	s.order = append(s.order, spec.Name)
	go p.loop(ctx)
}

// List returns the status of all processes, oldest first.
func (s *Supervisor) List() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Status, 0, len(s.order))
	for _, name := range s.order {
		list = append(list, s.processes[name].status)
	}
	return list
}

// Start starts the selected processes and does not wait for them.
func (s *Supervisor) Start(selectors ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	selected, err := s.selectLocked(selectors)
	if err != nil {
		return err
	}
	if s.down {
		return ErrDown
	}
	for _, p := range selected {
		p.want = true
		if p.status.State == Stopped || p.status.State == Ended {
			p.setLocked(Waiting, 0, "")
		}
	}
	s.changedLocked()
	return nil
}

// Stop stops the selected processes and returns when they have ended.
func (s *Supervisor) Stop(ctx context.Context, selectors ...string) error {
	s.mu.Lock()
	selected, err := s.selectLocked(selectors)
	for _, p := range selected {
		p.want = false
		if p.status.State == Waiting {
			p.setLocked(Stopped, 0, "")
		}
	}
	s.changedLocked()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.until(ctx, func() bool {
		return !slices.ContainsFunc(selected,
			func(p *process) bool { return p.status.State != Stopped && p.status.State != Ended })
	})
}

// Kill sends SIGKILL to the selected processes as an accident would and returns when these have ended. They
// are restarted.
func (s *Supervisor) Kill(ctx context.Context, selectors ...string) error {
	s.mu.Lock()
	selected, err := s.selectLocked(selectors)
	killed := map[*process]int{}
	for _, p := range selected {
		if p.status.PID == 0 {
			continue
		}
		killed[p] = p.status.PID
		s.log.Info("killed by request", "process", p.spec.Name, "pid", p.status.PID)
		err = errors.Join(err, signalPID(p.status.PID, syscall.SIGKILL))
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return s.until(ctx, func() bool {
		for p, pid := range killed {
			if p.status.PID == pid {
				return false
			}
		}
		return true
	})
}

// Remove stops the selected processes and forgets them.
func (s *Supervisor) Remove(ctx context.Context, selectors ...string) error {
	if err := s.Stop(ctx, selectors...); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	selected, err := s.selectLocked(selectors)
	if err != nil {
		return err
	}
	for _, p := range selected {
		p.cancel()
		delete(s.processes, p.spec.Name)
		s.order = slices.DeleteFunc(s.order, func(name string) bool { return name == p.spec.Name })
	}
	s.changedLocked()
	return nil
}

// Await returns when all selected processes are ready, or an error when one has ended for good.
func (s *Supervisor) Await(ctx context.Context, selectors ...string) error {
	var ended error
	err := s.until(ctx, func() bool {
		selected, err := s.selectLocked(selectors)
		if err != nil {
			ended = err
			return true
		}
		ready := true
		for _, p := range selected {
			switch p.status.State {
			case Ended, Stopped:
				ended = fmt.Errorf("%s is not running: %s", p.spec.Name, p.status.LastExit)
				return true
			case Ready:
			case Waiting, Starting, Pausing:
				ready = false
			}
		}
		return ready
	})
	if err != nil {
		return fmt.Errorf("await: not ready are %v: %w", s.unready(selectors), err)
	}
	return ended
}

// unready lists the selected processes that are not ready, with state and last exit.
func (s *Supervisor) unready(selectors []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	selected, _ := s.selectLocked(selectors)
	var names []string
	for _, p := range selected {
		if p.status.State != Ready {
			names = append(names, fmt.Sprintf("%s (%s %s)", p.spec.Name, p.status.State, p.status.LastExit))
		}
	}
	return names
}

// Gone is closed when Down has finished.
func (s *Supervisor) Gone() <-chan struct{} { return s.gone }

func (s *Supervisor) selectLocked(selectors []string) ([]*process, error) {
	var selected []*process
	for _, name := range s.order {
		p := s.processes[name]
		if slices.ContainsFunc(selectors, p.spec.matches) {
			selected = append(selected, p)
		}
	}
	for _, selector := range selectors {
		if selector != "all" && !slices.ContainsFunc(selected,
			func(p *process) bool { return p.spec.matches(selector) }) {
			return nil, fmt.Errorf("%w: %q; %s", ErrUnknown, selector, s.nearLocked(selector))
		}
	}
	return selected, nil
}

// nearLocked names the processes and classes that a mistyped selector may have meant, or else all selectors.
func (s *Supervisor) nearLocked(selector string) string {
	var near, all []string
	for _, name := range s.order {
		spec := s.processes[name].spec
		for _, word := range []string{spec.Class, spec.Name, "@" + spec.Partner} {
			if word == "@" || slices.Contains(all, word) {
				continue
			}
			if word != spec.Name || word == spec.Class { // the list of what there is shall be short
				all = append(all, word)
			}
			if similar(selector, word) && !slices.Contains(near, word) {
				near = append(near, word)
			}
		}
	}
	if len(near) > 0 {
		return "near it: " + strings.Join(near, ", ")
	}
	return "there are " + strings.Join(append(all, "all"), ", ")
}

// similar tells whether one word begins with the other, or both begin alike and differ little in length.
func similar(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if a != "" && (strings.HasPrefix(b, a) || strings.HasPrefix(a, b)) {
		return true
	}
	return len(a) > 2 && len(b) > 2 && a[:2] == b[:2] && max(len(a), len(b))-min(len(a), len(b)) <= 2
}

// changedLocked wakes all who wait for a state.
func (s *Supervisor) changedLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// until waits for a condition, which is evaluated under the mutex.
func (s *Supervisor) until(ctx context.Context, condition func() bool) error {
	for {
		s.mu.Lock()
		if ctx.Err() != nil {
			s.mu.Unlock()
			return ctx.Err()
		}
		ok := condition()
		changed := s.changed // after condition, which may change a state itself
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}
