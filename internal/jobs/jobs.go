// Package jobs runs durable work: what a transaction enqueues is done after it is
// committed, at least once, by one node at a time, again after a failure, and not
// lost by a power cut. An idle queue sleeps until its next job is due and touches no
// disk.
package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// Job is one piece of work.
type Job struct {
	ID       string
	Kind     string
	Payload  json.RawMessage
	Attempts int
}

// Handler does a job; an error has it tried again later, with growing pauses.
type Handler func(ctx context.Context, j Job) error

const (
	lease       = 2 * time.Minute
	maxAttempts = 12
	// elsewhere is how often a node looks for jobs that other nodes enqueued.
	elsewhere = 5 * time.Second
)

// Queue is the work of one node.
type Queue struct {
	db       *db.DB
	handlers map[string]Handler
	tasks    []task
	wake     chan struct{}
	now      func() time.Time
}

type task struct {
	name string
	next func(after time.Time) time.Time
	run  Handler
}

// New returns a queue; handlers are registered before Run.
func New(d *db.DB, now func() time.Time) *Queue {
	return &Queue{db: d, handlers: map[string]Handler{}, wake: make(chan struct{}, 1), now: now}
}

// Handle registers the handler of a kind of job.
func (q *Queue) Handle(kind string, h Handler) { q.handlers[kind] = h }

// Every registers a task that recurs; next gives the first moment after another at
// which it is due. Of several nodes one runs it.
func (q *Queue) Every(name string, next func(after time.Time) time.Time, run Handler) {
	q.tasks = append(q.tasks, task{name, next, run})
	q.handlers["task."+name] = run
}

// Daily is a next for Every: each day at hour:minute in loc.
func Daily(loc *time.Location, hour, minute int) func(time.Time) time.Time {
	return func(after time.Time) time.Time {
		l := after.In(loc)
		at := time.Date(l.Year(), l.Month(), l.Day(), hour, minute, 0, 0, loc)
		if !at.After(after) {
			at = at.AddDate(0, 0, 1)
		}
		return at
	}
}

// Hourly is at a minute of each hour.
func Hourly(minute int) func(time.Time) time.Time {
	return func(after time.Time) time.Time {
		at := after.Truncate(time.Hour).Add(time.Duration(minute) * time.Minute)
		if !at.After(after) {
			at = at.Add(time.Hour)
		}
		return at
	}
}

// Monthly is each first day of a month at a time of the wall clock.
func Monthly(loc *time.Location, hour, minute int) func(time.Time) time.Time {
	return func(after time.Time) time.Time {
		l := after.In(loc)
		at := time.Date(l.Year(), l.Month(), 1, hour, minute, 0, 0, loc)
		if !at.After(after) {
			at = at.AddDate(0, 1, 0)
		}
		return at
	}
}

// Option changes how a job is enqueued.
type Option func(*options)

type options struct {
	runAt  time.Time
	unique *string
}

// At has the job wait until t.
func At(t time.Time) Option { return func(o *options) { o.runAt = t } }

// Unique keeps a second job of the same key from being enqueued while one waits.
func Unique(key string) Option { return func(o *options) { o.unique = &key } }

// Enqueue adds a job to the transaction.
func (q *Queue) Enqueue(tx *db.Tx, kind string, payload any, opts ...Option) error {
	o := options{runAt: tx.Now()}
	for _, opt := range opts {
		opt(&o)
	}
	body, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO jobs (id, kind, unique_key, payload, run_at, state, created_at) VALUES ($1, $2, $3, $4, $5, 'waiting', $6) ON CONFLICT DO NOTHING`,
		db.NewID(), kind, o.unique, string(body), db.Micros(o.runAt), db.Micros(tx.Now()))
	if err == nil {
		tx.AfterCommit(q.Wake)
	}
	return err
}

// Wake has the queue look for due jobs now.
func (q *Queue) Wake() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends; jobs under way are finished first.
func (q *Queue) Run(ctx context.Context) error {
	if err := q.plan(ctx); err != nil {
		return err
	}
	for {
		worked, err := q.pass(ctx)
		if err != nil && ctx.Err() == nil {
			slog.Error("jobs", "err", err)
		}
		if ctx.Err() != nil {
			return nil
		}
		if worked && err == nil {
			continue
		}
		timer := time.NewTimer(q.pause(ctx, err))
		select {
		case <-ctx.Done():
		case <-q.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// plan makes sure that each task has its next moment.
func (q *Queue) plan(ctx context.Context) error {
	return q.db.InTx(ctx, func(tx *db.Tx) error {
		for _, t := range q.tasks {
			if _, err := tx.Exec(`INSERT INTO schedules (name, next_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, t.name, db.Micros(t.next(tx.Now()))); err != nil {
				return err
			}
		}
		return nil
	})
}

// pause is how long nothing is due, at most an hour: the demo's clock may jump.
func (q *Queue) pause(ctx context.Context, failed error) time.Duration {
	if failed != nil {
		return 2 * time.Second
	}
	var job, schedule sql.NullInt64
	err := q.db.Read(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(`SELECT MIN(CASE WHEN state = 'running' THEN lease_until ELSE run_at END) FROM jobs WHERE state IN ('waiting','running')`, nil, &job); err != nil {
			return err
		}
		return tx.QueryRow(`SELECT MIN(next_at) FROM schedules`, nil, &schedule)
	})
	if err != nil {
		return 2 * time.Second
	}
	longest := time.Hour
	if q.db.Dialect == db.PostgreSQL {
		longest = elsewhere
	}
	for _, at := range []sql.NullInt64{job, schedule} {
		if at.Valid {
			longest = min(longest, max(db.Time(at.Int64).Sub(q.now()), 10*time.Millisecond))
		}
	}
	return longest
}

// pass runs what is due and tells whether there was anything.
func (q *Queue) pass(ctx context.Context) (bool, error) {
	due, err := q.anythingDue(ctx)
	if err != nil || !due {
		return false, err
	}
	var batch []Job
	err = q.db.InTx(ctx, func(tx *db.Tx) error {
		batch = nil
		if err := q.startTasks(tx); err != nil {
			return err
		}
		now := db.Micros(tx.Now())
		return tx.Each(`UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_until = $1 WHERE id IN (SELECT id FROM jobs WHERE state IN ('waiting','running') AND run_at <= $2 AND lease_until <= $3 ORDER BY run_at LIMIT 16`+tx.SkipLocked()+`) RETURNING id, kind, payload, attempts`,
			[]any{db.Micros(tx.Now().Add(lease)), now, now}, func(rows *sql.Rows) error {
				var j Job
				var payload string
				if err := rows.Scan(&j.ID, &j.Kind, &payload, &j.Attempts); err != nil {
					return err
				}
				j.Payload = json.RawMessage(payload)
				batch = append(batch, j)
				return nil
			})
	})
	if err != nil {
		return false, err
	}
	var wg sync.WaitGroup
	limit := make(chan struct{}, 4)
	for _, j := range batch {
		wg.Add(1)
		limit <- struct{}{}
		go func() {
			defer func() { <-limit; wg.Done() }()
			q.do(ctx, j)
		}()
	}
	wg.Wait()
	return len(batch) > 0, nil
}

func (q *Queue) anythingDue(ctx context.Context) (bool, error) {
	var n int
	err := q.db.Read(ctx, func(tx *db.Tx) error {
		now := db.Micros(tx.Now())
		return tx.QueryRow(`SELECT (SELECT COUNT(*) FROM jobs WHERE state IN ('waiting','running') AND run_at <= $1 AND lease_until <= $2) + (SELECT COUNT(*) FROM schedules WHERE next_at <= $3)`, []any{now, now, now}, &n)
	})
	return n > 0, err
}

// startTasks turns each recurring task that is due into a job and sets its next moment.
func (q *Queue) startTasks(tx *db.Tx) error {
	for _, t := range q.tasks {
		n, err := tx.Exec(`UPDATE schedules SET next_at = $1, last_at = $2 WHERE name = $3 AND next_at <= $4`, db.Micros(t.next(tx.Now())), db.Micros(tx.Now()), t.name, db.Micros(tx.Now()))
		if err != nil {
			return err
		}
		if n > 0 {
			if err := q.Enqueue(tx, "task."+t.name, nil, Unique("task."+t.name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q *Queue) do(ctx context.Context, j Job) {
	err := q.call(ctx, j)
	finish := func(tx *db.Tx) error {
		if err == nil {
			_, err := tx.Exec(`DELETE FROM jobs WHERE id = $1`, j.ID)
			return err
		}
		state, again := "waiting", tx.Now().Add(Backoff(j.Attempts))
		if j.Attempts >= maxAttempts {
			state = "dead"
		}
		_, err := tx.Exec(`UPDATE jobs SET state = $1, run_at = $2, lease_until = 0, last_error = $3, unique_key = NULL WHERE id = $4`, state, db.Micros(again), errText(err), j.ID)
		return err
	}
	if err != nil {
		slog.Warn("job failed", "kind", j.Kind, "attempt", j.Attempts, "err", err)
	}
	// A shutdown must not leave a finished job to be done twice.
	if e := q.db.InTx(context.WithoutCancel(ctx), finish); e != nil {
		slog.Error("job not closed; it runs again when its lease ends", "kind", j.Kind, "err", e)
	}
}

func (q *Queue) call(ctx context.Context, j Job) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	h, ok := q.handlers[j.Kind]
	if !ok {
		return errs.New(errs.Internal, "error.internal")
	}
	return h(ctx, j)
}

// Backoff is the pause after the n-th failed attempt: 5 s, doubling, at most 6 hours.
func Backoff(n int) time.Duration {
	d := 5 * time.Second << min(max(n-1, 0), 16)
	return min(d, 6*time.Hour)
}

func errText(err error) string {
	s := err.Error()
	return s[:min(len(s), 500)]
}
