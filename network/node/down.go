package node

import (
	"context"
	"slices"
)

// Down stops all processes, those first that need others, and accepts no new ones. It returns when no process
// is left; a second call waits for the first.
func (s *Supervisor) Down() {
	s.mu.Lock()
	if s.down {
		s.mu.Unlock()
		<-s.gone
		return
	}
	s.down = true
	waves := s.wavesLocked()
	s.mu.Unlock()
	s.log.Info("stopping everything")
	for _, wave := range waves {
		// only selectors that are there; the wait has no limit but each process's grace
		_ = s.Stop(context.Background(), wave...)
	}
	s.mu.Lock()
	var ending []*process
	for _, p := range s.processes {
		p.cancel()
		ending = append(ending, p)
	}
	s.changedLocked()
	s.mu.Unlock()
	for _, p := range ending {
		<-p.done
	}
	close(s.spawner.requests) // its thread may end now: there are no children left to die with it
	s.log.Info("everything stopped")
	close(s.gone)
}

// wavesLocked groups names by the length of their chain of needs, longest first.
func (s *Supervisor) wavesLocked() [][]string {
	depths := map[string]int{}
	var depth func(name string, guard int) int
	depth = func(name string, guard int) int {
		p, ok := s.processes[name]
		if d, known := depths[name]; known || !ok || guard == 0 {
			return d
		}
		d := 0
		for _, need := range p.spec.After {
			d = max(d, 1+depth(need, guard-1))
		}
		depths[name] = d
		return d
	}
	var waves [][]string
	for _, name := range s.order {
		d := depth(name, len(s.order))
		for len(waves) <= d {
			waves = append(waves, nil)
		}
		waves[d] = append(waves[d], name)
	}
	slices.Reverse(waves)
	return waves
}
