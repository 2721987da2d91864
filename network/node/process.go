package node

import (
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// State is the state of a process.
type State string

// The states of a process.
const (
	Waiting  State = "waiting"  // for the processes it needs
	Starting State = "starting" // runs, not ready yet
	Ready    State = "ready"
	Pausing  State = "pausing" // ended by itself, is restarted after a pause
	Stopped  State = "stopped" // by request
	Ended    State = "ended"   // by itself, and not to be started again
)

// Status is the state of a process with its figures.
type Status struct {
	Name     string    `json:"name"`
	Class    string    `json:"class"`
	Partner  string    `json:"partner,omitempty"`
	State    State     `json:"state"`
	PID      int       `json:"pid,omitempty"`
	Restarts int       `json:"restarts"`
	Since    time.Time `json:"since"` // of this state
	LastExit string    `json:"last_exit,omitempty"`
}

// Matches reports whether a selector means this process, see [Client].
func (s Status) Matches(selector string) bool {
	return Spec{Name: s.Name, Class: s.Class, Partner: s.Partner}.matches(selector)
}

// process is one supervised process; its fields are guarded by the supervisor's mutex.
type process struct {
	sup    *Supervisor
	spec   Spec
	want   bool // whether it should run
	status Status
	cancel context.CancelFunc // ends loop
	done   chan struct{}      // closed when loop has ended
}

// loop runs and stops the process as requested until ctx ends. When it returns the process has ended.
func (p *process) loop(ctx context.Context) {
	defer close(p.done)
	policy := p.spec.Policy.withDefaults()
	pause := policy.Min
	for {
		if !p.awaitTurn(ctx) {
			return
		}
		began := time.Now()
		exit, byRequest := p.runOnce(ctx, policy)
		if byRequest {
			p.set(Stopped, 0, exit)
			p.sup.log.Info("stopped", "process", p.spec.Name, "exit", exit)
			continue
		}
		if policy.Once {
			p.end(exit)
			continue
		}
		if time.Since(began) > steady {
			pause = policy.Min
		}
		p.restarting(exit, pause)
		p.sleep(ctx, pause)
		pause = min(2*pause, policy.Max)
	}
}

// awaitTurn waits until the process should run and everything it needs is ready. It returns false when ctx ended.
func (p *process) awaitTurn(ctx context.Context) bool {
	return p.sup.until(ctx, func() bool {
		if !p.want {
			return false
		}
		for _, name := range p.spec.After {
			if other, ok := p.sup.processes[name]; !ok || other.status.State != Ready {
				if p.status.State != Waiting {
					p.setLocked(Waiting, 0, "")
				}
				return false
			}
		}
		p.setLocked(Starting, 0, "") // under the same lock, so that Stop never overlooks a start
		return true
	}) == nil
}

// runOnce runs the process to its end, by itself or by request.
func (p *process) runOnce(ctx context.Context, policy Policy) (exit string, byRequest bool) {
	cmd, log, err := p.spec.command()
	if err != nil {
		return err.Error(), p.unwanted(ctx)
	}
	defer func() { _ = log.Close() }()
	if err := p.sup.spawner.start(cmd); err != nil {
		return fmt.Sprintf("cannot start: %v", err), p.unwanted(ctx)
	}
	pid := cmd.Process.Pid
	p.set(Starting, pid, "")
	p.sup.log.Info("started", "process", p.spec.Name, "pid", pid)
	exited := make(chan string, 1)
	go func() {
		exit := describe(cmd)
		sweepGroup(pid)
		exited <- exit
	}()
	watch, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	go p.watchReady(watch, pid)
	unwanted := make(chan struct{})
	go func() {
		_ = p.sup.until(watch, func() bool { return !p.want })
		close(unwanted)
	}()
	select {
	case exit = <-exited:
		return exit, p.unwanted(ctx)
	case <-unwanted:
		return p.terminate(pid, exited, policy.Grace), true
	}
}

func (p *process) unwanted(ctx context.Context) bool {
	p.sup.mu.Lock()
	defer p.sup.mu.Unlock()
	return !p.want || ctx.Err() != nil
}

// terminate sends SIGTERM, and SIGKILL after the grace.
func (p *process) terminate(pid int, exited <-chan string, grace time.Duration) string {
	if err := signalPID(pid, syscall.SIGTERM); err != nil {
		p.sup.log.Warn("SIGTERM could not be sent", "process", p.spec.Name, "error", err)
	}
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case exit := <-exited:
		return exit
	case <-patience.C:
	}
	p.sup.log.Warn("still runs after SIGTERM and the grace, killing it", "process", p.spec.Name, "pid", pid)
	if err := signalPID(pid, syscall.SIGKILL); err != nil {
		p.sup.log.Warn("SIGKILL could not be sent", "process", p.spec.Name, "error", err)
	}
	return <-exited
}

func (p *process) watchReady(ctx context.Context, pid int) {
	if p.spec.Ready.await(ctx) != nil {
		return
	}
	p.sup.mu.Lock()
	defer p.sup.mu.Unlock()
	if p.status.PID == pid && p.status.State == Starting {
		p.setLocked(Ready, pid, "")
		p.sup.log.Info("ready", "process", p.spec.Name, "pid", pid)
	}
}

func (p *process) set(state State, pid int, exit string) {
	p.sup.mu.Lock()
	defer p.sup.mu.Unlock()
	p.setLocked(state, pid, exit)
}

func (p *process) setLocked(state State, pid int, exit string) {
	p.status.State, p.status.PID, p.status.Since = state, pid, time.Now()
	if exit != "" {
		p.status.LastExit = exit
	}
	p.sup.changedLocked()
}

func (p *process) restarting(exit string, pause time.Duration) {
	p.sup.mu.Lock()
	defer p.sup.mu.Unlock()
	p.status.Restarts++
	p.setLocked(Pausing, 0, exit)
	p.sup.log.Warn("died, starting it again", "process", p.spec.Name, "exit", exit, "restart",
		p.status.Restarts, "pause", pause)
}

func (p *process) end(exit string) {
	p.sup.mu.Lock()
	defer p.sup.mu.Unlock()
	p.want = false
	p.setLocked(Ended, 0, exit)
	p.sup.log.Info("ended", "process", p.spec.Name, "exit", exit)
}

// sleep waits for the pause to end, or until the process should not run any more.
func (p *process) sleep(ctx context.Context, pause time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, pause)
	defer cancel()
	if p.sup.until(ctx, func() bool { return !p.want }) == nil {
		p.set(Stopped, 0, "")
	}
}

func describe(cmd *exec.Cmd) string {
	if err := cmd.Wait(); err != nil {
		return err.Error()
	}
	return "exit status 0"
}
