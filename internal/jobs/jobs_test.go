package jobs_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/jobs"
)

func run(t *testing.T, q *jobs.Queue) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = q.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("never happened: " + what)
}

func TestAJobOfARefusedTransactionIsNotDone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		q := jobs.New(e.DB, e.Clock.Now)
		var done atomic.Int32
		q.Handle("k", func(context.Context, jobs.Job) error { done.Add(1); return nil })
		_ = e.DB.InTx(context.Background(), func(tx *db.Tx) error { _ = q.Enqueue(tx, "k", 1); return errors.New("refused") })
		if err := e.DB.InTx(context.Background(), func(tx *db.Tx) error { return q.Enqueue(tx, "k", 2) }); err != nil {
			t.Fatal(err)
		}
		run(t, q)
		eventually(t, "the job is done", func() bool { return done.Load() == 1 })
	})
}

func TestAFailedJobIsDoneAgainAfterItsPause(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		q := jobs.New(e.DB, e.Clock.Now)
		var tries atomic.Int32
		q.Handle("k", func(context.Context, jobs.Job) error {
			if tries.Add(1) == 1 {
				return errors.New("not yet")
			}
			return nil
		})
		if err := e.DB.InTx(context.Background(), func(tx *db.Tx) error { return q.Enqueue(tx, "k", nil, jobs.Unique("u")) }); err != nil {
			t.Fatal(err)
		}
		run(t, q)
		eventually(t, "the first try", func() bool { return tries.Load() == 1 })
		eventually(t, "the second try", func() bool { e.Clock.Advance(time.Minute); q.Wake(); return tries.Load() == 2 })
	})
}

func TestATaskOfEachMonthIsDueOnItsFirstDay(t *testing.T) {
	next := jobs.Monthly(time.UTC, 3, 10)
	for after, want := range map[string]string{"2026-01-31T23:00:00Z": "2026-02-01T03:10:00Z", "2026-12-01T03:10:00Z": "2027-01-01T03:10:00Z", "2026-12-01T03:09:59Z": "2026-12-01T03:10:00Z"} {
		at, _ := time.Parse(time.RFC3339, after)
		if got := next(at).Format(time.RFC3339); got != want {
			t.Errorf("after %s: %s, not %s", after, got, want)
		}
	}
}

func TestARecurringTaskRunsOnceForItsMoment(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		q := jobs.New(e.DB, e.Clock.Now)
		var runs atomic.Int32
		q.Every("daily", jobs.Daily(time.UTC, 6, 0), func(context.Context, jobs.Job) error { runs.Add(1); return nil })
		run(t, q)
		time.Sleep(50 * time.Millisecond)
		if runs.Load() != 0 {
			t.Error("ran before it was due")
		}
		e.Clock.Advance(24 * time.Hour)
		eventually(t, "the task runs", func() bool { q.Wake(); return runs.Load() == 1 })
		q.Wake()
		time.Sleep(50 * time.Millisecond)
		if runs.Load() != 1 {
			t.Errorf("ran %d times", runs.Load())
		}
	})
}
