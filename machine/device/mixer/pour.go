package mixer

import (
	"context"
	"slices"
	"time"

	"github.com/guildmark/guildmark/chaincode/profile/beverage"
)

// mark is one moment of a step at which something is to be done.
type mark struct {
	at   time.Duration
	job  int
	kind Kind // Started, Running or Stopped
}

// pour runs the jobs of one step by their marks. On abort every pump that runs is stopped and its level
// counts what it delivered until then.
func (m *Mixer) pour(ctx context.Context, step int, jobs []Job) error {
	begin := m.config.Clock.Now()
	running := make([]bool, len(jobs))
	for _, next := range marks(jobs) {
		if err := m.wait(ctx, next.at-m.config.Clock.Now().Sub(begin)); err != nil {
			m.stopAll(step, jobs, running, m.config.Clock.Now().Sub(begin))
			return err
		}
		job := jobs[next.job]
		switch next.kind {
		case Started:
			running[next.job] = true
			m.config.Report(Event{Kind: Started, Step: step, Pump: job.Pump})
		case Running:
			m.config.Report(Event{Kind: Running, Step: step, Pump: job.Pump, Percent: percentOf(job, next.at)})
		default:
			running[next.job] = false
			m.stop(step, job, job.end())
		}
	}
	return nil
}

// marks is the time line of a step: start, a report each tick, stop. At one moment pumps stop before others
// start, so that the machine's bound on pumps at once holds.
func marks(jobs []Job) []mark {
	var line []mark
	for i, j := range jobs {
		line = append(line, mark{at: j.Start, job: i, kind: Started})
		for t := j.Start + tick; t < j.end(); t += tick {
			line = append(line, mark{at: t, job: i, kind: Running})
		}
		line = append(line, mark{at: j.end(), job: i, kind: Stopped})
	}
	order := map[Kind]int{Stopped: 0, Running: 1, Started: 2}
	slices.SortStableFunc(line, func(a, b mark) int {
		if a.at != b.at {
			return int(a.at - b.at)
		}
		return order[a.kind] - order[b.kind]
	})
	return line
}

// stop counts what a pump delivered until a moment of the step and warns when its bottle runs low.
func (m *Mixer) stop(step int, job Job, at time.Duration) {
	percent := percentOf(job, at)
	m.config.Report(Event{Kind: Stopped, Step: step, Pump: job.Pump, Percent: percent})
	p := m.pump(job.Pump)
	before := p.Level
	amount := min(p.Level, delivered(job, at))
	p.Level -= amount
	m.poured += amount
	if p.Level < m.config.Warn && before >= m.config.Warn {
		m.config.Report(Event{Kind: Warning, Pump: job.Pump})
	}
}

func (m *Mixer) stopAll(step int, jobs []Job, running []bool, at time.Duration) {
	for i, on := range running {
		if on {
			m.stop(step, jobs[i], at)
		}
	}
}

// delivered is what a job has poured at a moment of its step.
func delivered(job Job, at time.Duration) beverage.Microliter {
	ran := min(max(0, at-job.Start), job.Length)
	if ran == job.Length {
		return job.Amount
	}
	return beverage.Microliter(int64(job.Amount) * ran.Microseconds() / max(1, job.Length.Microseconds()))
}

func percentOf(job Job, at time.Duration) int {
	ran := min(max(0, at-job.Start), job.Length)
	return int(100 * ran / job.Length)
}
