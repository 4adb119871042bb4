package analytics

import (
	"context"
	"encoding/json"
	"time"

	"prasan/internal/analytics/ga"
	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/mail"
	"prasan/internal/policy"
)

// Tasks that go to Google, each with a state of its own for each site.
const (
	TaskSend   = "send"
	TaskReport = "report"
	TaskErase  = "erase"
)

// GoogleState is how a task of a site goes.
type GoogleState struct {
	Task     string
	Attempts int64     // that failed, one after the other
	Since    time.Time // the first of them
	NextAt   time.Time // before which it is not tried again
	Trouble  string    // a word of ga
	Status   int64     // that the provider answered with; 0 without an answer
	DoneAt   time.Time // the last one that worked
	Done     int64     // events, reports or deletions
	Dropped  int64     // events that were not passed on
	Waiting  int64     // events or deletions
}

const stateQuery = `SELECT task, attempts, since, next_at, trouble, status, done_at, done, dropped FROM google_states WHERE host = $1`

// GoogleStates are the states of a site, by task.
func (s *Service) GoogleStates(ctx context.Context, actor policy.Actor, host string) (map[string]GoogleState, error) {
	g, err := s.GoogleOf(actor, host)
	if err != nil {
		return nil, err
	}
	out := map[string]GoogleState{}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		clear(out)
		err := tx.Each(stateQuery, []any{g.Host}, func(rows rowScanner) error {
			x, err := scanState(rows.Scan)
			out[x.Task] = x
			return err
		})
		if err != nil {
			return err
		}
		report := out[TaskReport]
		report.Task = TaskReport
		out[TaskReport] = report
		for task, query := range map[string]string{TaskSend: `SELECT COUNT(*) FROM usage_bridge WHERE site = $1`, TaskErase: `SELECT COUNT(*) FROM google_erasures WHERE host = $1 AND done_at = 0`} {
			x := out[task]
			x.Task = task
			if err := tx.QueryRow(query, []any{g.Host}, &x.Waiting); err != nil {
				return err
			}
			out[task] = x
		}
		return nil
	})
	return out, err
}

func scanState(scan func(...any) error) (x GoogleState, err error) {
	var since, next, done int64
	err = scan(&x.Task, &x.Attempts, &since, &next, &x.Trouble, &x.Status, &done, &x.Done, &x.Dropped)
	for _, m := range []struct {
		into *time.Time
		at   int64
	}{{&x.Since, since}, {&x.NextAt, next}, {&x.DoneAt, done}} {
		if m.at != 0 {
			*m.into = db.Time(m.at)
		}
	}
	return x, err
}

func googleState(tx *db.Tx, host, task string) (x GoogleState, err error) {
	x.Task = task
	err = tx.Each(stateQuery+` AND task = $2`, []any{host, task}, func(rows rowScanner) (err error) {
		x, err = scanState(rows.Scan)
		return err
	})
	return x, err
}

func putState(tx *db.Tx, host string, x GoogleState) error {
	at := func(t time.Time) int64 {
		if t.IsZero() {
			return 0
		}
		return db.Micros(t)
	}
	_, err := tx.Exec(`INSERT INTO google_states (host, task, attempts, since, next_at, trouble, status, done_at, done, dropped) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (host, task) DO UPDATE SET attempts = excluded.attempts, since = excluded.since, next_at = excluded.next_at, trouble = excluded.trouble, status = excluded.status, done_at = excluded.done_at, done = excluded.done, dropped = excluded.dropped`,
		host, x.Task, x.Attempts, at(x.Since), at(x.NextAt), x.Trouble, x.Status, at(x.DoneAt), x.Done, x.Dropped)
	return err
}

const (
	firstPause = 30 * time.Second
	lastPause  = time.Hour // so that what is put right within the 72 hours is sent
)

// pauseAfter is how long the provider is left alone after the n-th failure.
func pauseAfter(n int64, asked time.Duration) time.Duration {
	return max(min(firstPause<<min(n-1, 16), lastPause), asked)
}

// failed writes a failure down, and when it is tried again.
func (s *Service) failed(ctx context.Context, host, task string, trouble *ga.Trouble) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		x, err := googleState(tx, host, task)
		if err != nil {
			return err
		}
		if x.Attempts == 0 {
			x.Since = tx.Now()
		}
		x.Attempts++
		x.Trouble, x.Status = trouble.What, int64(trouble.Status)
		x.NextAt = tx.Now().Add(pauseAfter(x.Attempts, trouble.After))
		if err := putState(tx, host, x); err != nil {
			return err
		}
		return s.later(tx, host, task, x.NextAt)
	})
}

// worked adds to what was done.
func worked(tx *db.Tx, host, task string, n int64) error {
	x, err := googleState(tx, host, task)
	if err != nil {
		return err
	}
	x = GoogleState{Task: task, DoneAt: tx.Now(), Done: x.Done + n, Dropped: x.Dropped}
	return putState(tx, host, x)
}

// mayTry tells whether a task of a site is not being left alone; where it is, it comes
// again when that is over.
func (s *Service) mayTry(tx *db.Tx, host, task string) (bool, error) {
	if paused, err := mail.Paused(tx); paused || err != nil { // a restored installation tells nobody anything
		return false, err
	}
	x, err := googleState(tx, host, task)
	if err != nil || !x.NextAt.After(tx.Now()) {
		return err == nil, err
	}
	return false, s.later(tx, host, task, x.NextAt)
}

// hold keeps others from the same task of a site while it is under way, and for as long
// as it may take at most if its process ends in between.
func hold(tx *db.Tx, host, task string) error {
	x, err := googleState(tx, host, task)
	if err != nil {
		return err
	}
	x.NextAt = tx.Now().Add(2 * stint)
	return putState(tx, host, x)
}

// jobGoogle is the kind of a task's jobs.
func jobGoogle(task string) string { return "usage.google-" + task }

type googleJob struct {
	Host string `json:"host"`
}

func (s *Service) later(tx *db.Tx, host, task string, at time.Time) error {
	return s.Jobs.Enqueue(tx, jobGoogle(task), googleJob{host}, jobs.At(at), jobs.Unique(jobGoogle(task)+":"+host))
}

func (s *Service) wakeGoogle(tx *db.Tx, host string) error {
	for _, task := range []string{TaskSend, TaskErase} {
		// Not unique: one that waits for later must not keep this one from being now.
		if err := s.Jobs.Enqueue(tx, jobGoogle(task), googleJob{host}); err != nil {
			return err
		}
	}
	return nil
}

// registerGoogle tells the queue of the tasks. A trouble of the provider's is no failed
// job: it is a state, and the task comes again by itself.
func (s *Service) registerGoogle() {
	for task, run := range map[string]func(context.Context, string) error{TaskSend: s.PassOn, TaskReport: s.FetchGoogle, TaskErase: s.PassErasures} {
		s.Jobs.Handle(jobGoogle(task), func(ctx context.Context, j jobs.Job) error {
			var x googleJob
			if err := json.Unmarshal(j.Payload, &x); err != nil {
				return errs.Wrap(err, errs.Internal, "error.internal")
			}
			return run(ctx, x.Host)
		})
	}
	s.Jobs.Handle(jobBridge, func(ctx context.Context, _ jobs.Job) error { return s.eachParked(ctx, s.PassOn) }) // of the version before
	s.Jobs.Every("usage.google", everyMorning, func(ctx context.Context, _ jobs.Job) error { return s.GoogleDaily(ctx) })
}

var everyMorning = dailyAt(5, 40)

// GoogleDaily fetches the reports of every site that has an account for them, looks
// after what waits, and takes away what is no longer kept.
func (s *Service) GoogleDaily(ctx context.Context) error {
	if err := s.eachParked(ctx, s.PassOn); err != nil {
		return err
	}
	s.google.mu.RLock()
	var hosts []string
	for h, g := range s.google.table {
		if len(g.account) > 0 {
			hosts = append(hosts, h)
		}
	}
	s.google.mu.RUnlock()
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		for _, h := range hosts {
			for _, task := range []string{TaskReport, TaskErase} {
				if err := s.later(tx, h, task, tx.Now()); err != nil {
					return err
				}
			}
		}
		return s.expireClients(tx)
	})
}

// eachParked calls f for every site of which events wait.
func (s *Service) eachParked(ctx context.Context, f func(context.Context, string) error) error {
	var hosts []string
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		hosts = nil
		return tx.Each(`SELECT DISTINCT site FROM usage_bridge`, nil, func(rows rowScanner) error {
			var h string
			err := rows.Scan(&h)
			hosts = append(hosts, h)
			return err
		})
	})
	for _, h := range hosts {
		if err == nil {
			err = f(ctx, h)
		}
	}
	return err
}

// drop counts events that are not passed on, and says so.
func (s *Service) drop(tx *db.Tx, host, why string, n int64) error {
	if n == 0 {
		return nil
	}
	x, err := googleState(tx, host, TaskSend)
	if err != nil {
		return err
	}
	x.Dropped += n
	if err := putState(tx, host, x); err != nil {
		return err
	}
	return s.Audit.Append(tx, audit.Event{Actor: "system", Action: "google.drop", Object: "site:" + host, Body: map[string]any{"events": n, "why": why}})
}
