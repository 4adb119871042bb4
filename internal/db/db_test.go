package db_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
)

var counter = fstest.MapFS{"0001_t.sql": {Data: []byte("CREATE TABLE t (id TEXT PRIMARY KEY, n BIGINT NOT NULL);\n")}}

func count(t *testing.T, d *db.DB) (n int) {
	t.Helper()
	err := d.Read(context.Background(), func(tx *db.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM t`, nil, &n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestConcurrentCallersEachCommitTheirOwnWorkOnly(t *testing.T) {
	dbtest.EachOf(t, counter, func(t *testing.T, e *dbtest.Engine) {
		refuse := errors.New("refused")
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				err := e.DB.InTx(context.Background(), func(tx *db.Tx) error {
					if _, err := tx.Exec(`INSERT INTO t (id, n) VALUES ($1, $2)`, fmt.Sprint(i), i); err != nil {
						return err
					}
					if i%4 == 0 {
						return refuse
					}
					return nil
				})
				if (i%4 == 0) != errors.Is(err, refuse) {
					t.Errorf("caller %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := count(t, e.DB); n != 150 {
			t.Errorf("%d rows, want 150", n)
		}
	})
}

func TestAPanicOrAStatementErrorUndoesOneCallerAlone(t *testing.T) {
	dbtest.EachOf(t, counter, func(t *testing.T, e *dbtest.Engine) {
		ctx := context.Background()
		err := e.DB.InTx(ctx, func(tx *db.Tx) error {
			_, _ = tx.Exec(`INSERT INTO t (id, n) VALUES ('a', 1)`)
			panic("broken")
		})
		if errs.KindOf(err) != errs.Internal {
			t.Errorf("a panic gave %v", err)
		}
		err = e.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO t (id, n) VALUES ('b', NULL)`)
			return err
		})
		if err == nil {
			t.Error("a violated constraint was accepted")
		}
		if err := e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(`INSERT INTO t (id, n) VALUES ('c', 3)`); return err }); err != nil {
			t.Error(err)
		}
		if n := count(t, e.DB); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
}

func TestCollisionsAreRunAgainUntilEveryIncrementCounts(t *testing.T) {
	dbtest.EachOf(t, counter, func(t *testing.T, e *dbtest.Engine) {
		ctx := context.Background()
		if err := e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(`INSERT INTO t (id, n) VALUES ('x', 0)`); return err }); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		done := make(chan error, 40)
		for range 40 {
			wg.Go(func() {
				done <- e.DB.InTx(ctx, func(tx *db.Tx) error {
					var n int
					if err := tx.QueryRow(`SELECT n FROM t WHERE id = 'x'`+tx.ForUpdate(), nil, &n); err != nil {
						return err
					}
					_, err := tx.Exec(`UPDATE t SET n = $1 WHERE id = 'x'`, n+1)
					return err
				})
			})
		}
		wg.Wait()
		close(done)
		want := 0
		for err := range done {
			if err == nil {
				want++
			}
		}
		var n int
		_ = e.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(`SELECT n FROM t WHERE id = 'x'`, nil, &n) })
		if n != want || want < 30 {
			t.Errorf("n = %d after %d acknowledged increments", n, want)
		}
	})
}

func TestMemoSharesTheFateOfItsTransaction(t *testing.T) {
	dbtest.EachOf(t, counter, func(t *testing.T, e *dbtest.Engine) {
		refuse := errors.New("refused")
		type key struct{}
		_ = e.DB.InTx(context.Background(), func(tx *db.Tx) error { tx.SetMemo(key{}, 1); return refuse })
		_ = e.DB.InTx(context.Background(), func(tx *db.Tx) error {
			if _, ok := tx.Memo(key{}); ok {
				t.Error("the memo of a refused transaction is still there")
			}
			return nil
		})
	})
}

func TestADatabaseOfAnotherProgramIsRefused(t *testing.T) {
	dbtest.EachOf(t, counter, func(t *testing.T, e *dbtest.Engine) {
		changed := fstest.MapFS{"0001_t.sql": {Data: []byte("CREATE TABLE t (id TEXT);\n")}}
		if _, err := e.DB.Pending(context.Background(), changed); errs.As(err).Key != "error.migration-differs" {
			t.Errorf("a changed migration gave %v", err)
		}
		if _, err := e.DB.Pending(context.Background(), fstest.MapFS{}); errs.As(err).Key != "error.migration-newer" {
			t.Errorf("a newer database gave %v", err)
		}
	})
}

func TestAfterClosingNobodyWaitsForEver(t *testing.T) {
	e := dbtest.SQLite(t)
	if err := e.DB.Close(); err != nil {
		t.Fatal(err)
	}
	for range 64 { // which of two open doors is taken is left to chance
		err := e.DB.InTx(context.Background(), func(*db.Tx) error { return nil })
		if errs.KindOf(err) != errs.Unavailable {
			t.Fatalf("%v", err)
		}
	}
}

func TestACleanStopLeavesOneFile(t *testing.T) {
	e := dbtest.SQLite(t)
	_ = e.DB.Read(context.Background(), func(tx *db.Tx) error { var n int; return tx.QueryRow(`SELECT COUNT(*) FROM cases`, nil, &n) })
	if err := e.DB.Close(); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(strings.TrimPrefix(e.URL, "sqlite:") + "*")
	if err != nil || len(found) != 1 {
		t.Errorf("%v, %v", found, err)
	}
}

// Who has written reads what he has written, whichever lane he comes to next.
func TestWhoHasWrittenFindsIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx := context.Background()
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				for n := range 40 {
					name := fmt.Sprintf("own.%d.%d", i, n)
					if err := e.DB.InTx(ctx, func(tx *db.Tx) error {
						_, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, '1')`, name)
						return err
					}); err != nil {
						t.Error(err)
						return
					}
					if err := e.DB.InTx(ctx, func(tx *db.Tx) error {
						var value string
						return tx.QueryRow(`SELECT value FROM settings WHERE name = $1`, []any{name}, &value)
					}); err != nil {
						t.Errorf("%s: %v", name, err)
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestWhatBreaksAfterACommitStopsNobody(t *testing.T) {
	dbtest.EachOf(t, counter, func(t *testing.T, e *dbtest.Engine) {
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				if err := e.DB.InTx(context.Background(), func(tx *db.Tx) error {
					tx.AfterCommit(func() {
						if i%8 == 0 {
							panic("broken")
						}
					})
					_, err := tx.Exec(`INSERT INTO t (id, n) VALUES ($1, $2)`, fmt.Sprint(i), i)
					return err
				}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := count(t, e.DB); n != 32 {
			t.Errorf("%d rows, want 32", n)
		}
	})
}

// A caller that writes alone and collides with another node is run again, also where the
// database is being closed meanwhile.
func TestWhoCollidesAloneIsRunAgain(t *testing.T) {
	dbtest.EachOf(t, counter, func(t *testing.T, e *dbtest.Engine) {
		if e.DB.Dialect != db.PostgreSQL {
			t.Skip("nobody writes beside a transaction of SQLite")
		}
		ctx := context.Background()
		other, err := db.Open(ctx, e.URL, db.Options{Lanes: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close()
		add := func(tx *db.Tx) error { _, err := tx.Exec(`UPDATE t SET n = n + 1 WHERE id = 'x'`); return err }
		if err := e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(`INSERT INTO t (id, n) VALUES ('x', 0)`); return err }); err != nil {
			t.Fatal(err)
		}
		want := 0
		for _, closing := range []bool{false, true} {
			tries := 0
			err := e.DB.InTx(ctx, func(tx *db.Tx) error {
				if tries++; tries == 1 {
					var n int
					if err := tx.QueryRow(`SELECT n FROM t WHERE id = 'x'`, nil, &n); err != nil {
						return err
					}
					if err := other.InTx(ctx, add); err != nil {
						return err
					}
					if closing {
						go e.DB.Close()
					}
				}
				return add(tx)
			})
			if want += 2; err != nil || tries != 2 {
				t.Errorf("closing %t: %v after %d tries", closing, err, tries)
			}
		}
		var n int
		_ = other.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(`SELECT n FROM t WHERE id = 'x'`, nil, &n) })
		if n != want {
			t.Errorf("n = %d, want %d", n, want)
		}
	})
}
