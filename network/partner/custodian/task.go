package custodian

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/guildmark/guildmark/chaincode/host"
	"github.com/guildmark/guildmark/chaincode/ledger"
	"github.com/guildmark/guildmark/chaincode/rules/grant"
)

// errState means that the state folder can't be written. The custodian ends: without it a task could be lost.
var errState = errors.New("the custodian's state folder can't be read or written")

// maxPause bounds the pause between two tries of a task.
const maxPause = 15 * time.Second

// task is an event that this custodian has to act on. It is a file until it is done or refused for good.
type task struct {
	Name    string          `json:"name"` // also the file's name
	Kind    string          `json:"kind"` // the event's name
	Payload json.RawMessage `json:"payload"`

	tries int
	due   time.Time
}

// tasks is the queue, in a folder.
type tasks struct {
	dir   string
	retry time.Duration

	mu   sync.Mutex
	open map[string]*task
	wake chan struct{}
	at   Cursor // as on disk
}

func openTasks(dir string, retry time.Duration) (*tasks, error) {
	q := &tasks{dir: dir, retry: retry, open: map[string]*task{}, wake: make(chan struct{}, 1)}
	files, err := filepath.Glob(filepath.Join(dir, "tasks", "*.json"))
	if err != nil {
		return nil, fmt.Errorf("list tasks: %w", err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read task: %w", err)
		}
		var t task
		if err := json.Unmarshal(raw, &t); err != nil {
			return nil, fmt.Errorf("read task %s: %w", file, err)
		}
		q.open[t.Name] = &t
	}
	return q, nil
}

// noteTask stores an event that concerns this custodian, then moves the cursor.
func (c *Custodian) noteTask(e Event) error {
	name, err := c.concerns(e)
	if err != nil {
		c.Log.Error("an event of the ledger can't be read and is skipped", slog.String("event", e.Name),
			slog.String("transaction", e.At.Transaction), slog.Any("error", err))
		name = ""
	}
	if name != "" {
		if err := c.tasks.add(task{Name: name, Kind: e.Name, Payload: e.Payload}); err != nil {
			return err
		}
	}
	return c.tasks.move(e.At, name != "")
}

// concerns names the task that an event makes; "" for none.
func (c *Custodian) concerns(e Event) (string, error) {
	switch e.Name {
	case ledger.EventDatasetPublished:
		m, err := published(e.Payload)
		if err != nil || !slices.Contains(m.Custodians, c.MSP) {
			return "", err
		}
		return fmt.Sprintf("confirm-%s-%d", m.Dataset, m.Version), ledger.CheckID(m.Dataset)
	case ledger.EventGrantRecorded:
		var g grant.Grant
		if err := ledger.Decode(e.Payload, &g); err != nil {
			return "", err
		}
		if err := ledger.CheckID(g.License); err != nil || !slices.Contains(g.Pair, c.MSP) {
			return "", err
		}
		return fmt.Sprintf("grant-%s-%d", g.License, g.Number), nil
	}
	return "", nil
}

func (q *tasks) path(name string) string { return filepath.Join(q.dir, "tasks", name+".json") }

func (q *tasks) add(t task) error {
	raw, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("encode task: %w", err)
	}
	if err := host.Replace(q.path(t.Name), raw, host.Private); err != nil {
		return err
	}
	q.mu.Lock()
	q.open[t.Name] = &t
	q.mu.Unlock()
	q.signal()
	return nil
}

// nudge makes all tasks due at once: a machine activated, for which some may have waited.
func (q *tasks) nudge() {
	q.mu.Lock()
	for _, t := range q.open {
		t.due = time.Time{}
	}
	q.mu.Unlock()
	q.signal()
}

func (q *tasks) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// cursor reads the position where the stream of events goes on.
func (q *tasks) cursor() (Cursor, error) {
	var at Cursor
	raw, err := os.ReadFile(filepath.Join(q.dir, "cursor.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return at, nil
	}
	if err != nil {
		return at, fmt.Errorf("read cursor: %w", err)
	}
	if err := json.Unmarshal(raw, &at); err != nil {
		return at, fmt.Errorf("read cursor: %w", err)
	}
	q.mu.Lock()
	q.at = at
	q.mu.Unlock()
	return at, nil
}

// cursorEvery is how many blocks without a task may pass before the cursor is written. It may be behind,
// never ahead.
const cursorEvery = 50

func (q *tasks) move(at Cursor, now bool) error {
	q.mu.Lock()
	skip := !now && at.Block < q.at.Block+cursorEvery
	q.mu.Unlock()
	if skip {
		return nil
	}
	raw, err := json.Marshal(at)
	if err != nil {
		return fmt.Errorf("encode cursor: %w", err)
	}
	if err := host.Replace(filepath.Join(q.dir, "cursor.json"), raw, host.Private); err != nil {
		return err
	}
	q.mu.Lock()
	q.at = at
	q.mu.Unlock()
	return nil
}

// verdict is what happens to a task next.
type verdict int

const (
	done verdict = iota
	again
	never
)

// work does the tasks that are due, one after another, until ctx ends.
func (q *tasks) work(ctx context.Context, do func(context.Context, task) (verdict, error)) {
	for {
		t, now, wait := q.next(time.Now())
		if t == nil {
			timer := time.NewTimer(wait)
			select {
			case <-ctx.Done():
				timer.Stop()
				return
			case <-q.wake:
			case <-timer.C:
			}
			timer.Stop()
			continue
		}
		v, err := do(ctx, now)
		if ctx.Err() != nil {
			return
		}
		q.settle(t, v, err)
	}
}

// next returns the task that has been due longest with a copy of it, or the time until one is due.
func (q *tasks) next(now time.Time) (*task, task, time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var first *task
	for _, t := range q.open {
		if first == nil || t.due.Before(first.due) {
			first = t
		}
	}
	switch {
	case first == nil:
		return nil, task{}, time.Hour
	case first.due.After(now):
		return nil, task{}, first.due.Sub(now)
	}
	return first, *first, 0
}

// settle removes a task that is done, moves one that was refused for good to refused with its reason, and
// postpones any other.
func (q *tasks) settle(t *task, v verdict, reason error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if v == again {
		t.due = time.Now().Add(min(q.retry<<min(t.tries, 10), maxPause))
		t.tries++
		return
	}
	if v == never {
		raw, err := json.Marshal(map[string]any{"task": t, "reason": reason.Error()})
		if err == nil {
			// for people; the log has it too
			_ = host.Replace(filepath.Join(q.dir, "refused", t.Name+".json"), raw, host.Private)
		}
	}
	_ = os.Remove(q.path(t.Name)) // left behind it is done once more, and the ledger refuses the repetition
	if q.open[t.Name] == t {
		delete(q.open, t.Name)
	}
}
