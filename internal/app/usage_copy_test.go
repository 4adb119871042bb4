package app_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"prasan/internal/analytics"
	"prasan/internal/app"
	"prasan/internal/config"
	"prasan/internal/consent"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
)

// counted is an installation that has a record of usage, with its journal.
type counted struct {
	*running
	journal *db.DB
}

func counting(t *testing.T, c config.Server) *counted {
	t.Helper()
	c.Record = ""
	r := start(t, c, demo())
	return &counted{r, journalOf(t, c, r.DB)}
}

func journalOf(t *testing.T, c config.Server, d *db.DB) *db.DB {
	t.Helper()
	url := analytics.JournalBeside(c.Database)
	if url == "" {
		return d
	}
	j, err := db.Open(context.Background(), url, db.Options{})
	must(t, err)
	t.Cleanup(func() { j.Close() })
	return j
}

// consented is a visitor who let his visits be counted.
func (r *counted) consented(t *testing.T) consent.Receipt {
	t.Helper()
	out, err := r.Consent.Decide(context.Background(), consent.Decision{Site: rayong, Lang: "th", Allowed: []string{consent.Analytics}})
	must(t, err)
	if out.Visitor == "" {
		t.Fatal("the record asks for no consent: this test proves nothing")
	}
	return out
}

func (r *counted) hit(t *testing.T, v consent.Receipt) {
	t.Helper()
	must(t, r.Analytics.Collect(context.Background(), analytics.Hit{Site: rayong, URL: "https://" + rayong + "/th/", Addr: "203.0.113.7", Agent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", Signals: analytics.Signals{Visitor: v.Visitor, Choice: v.Choice}}))
}

// waiting leaves a hit of a visitor in the journal as processes leave it that were killed:
// one before it was counted, one after. It returns how many hits there will be. The hit
// itself is taken out again: two of one process are never of one moment.
func (r *counted) waiting(t *testing.T, v consent.Receipt) int64 {
	t.Helper()
	ctx := context.Background()
	var body []byte
	var at int64
	for range 50 {
		r.hit(t, v)
		if r.journal.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT at, body FROM usage_journal ORDER BY at DESC LIMIT 1`, nil, &at, &body)
		}) == nil {
			break
		}
	}
	if body == nil {
		t.Fatal("no hit waits in the journal")
	}
	must(t, r.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO usage_folded (writer, seq, at) VALUES (8, 1, $1)`, at)
		return err
	}))
	must(t, r.journal.InTx(ctx, func(tx *db.Tx) error {
		for writer := range 2 {
			if _, err := tx.Exec(`INSERT INTO usage_journal (writer, seq, at, body) VALUES ($1, 1, $2, $3)`, 7+writer, at, body); err != nil {
				return err
			}
		}
		return nil
	}))
	r.Analytics.Settle(ctx)
	must(t, r.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM usage_hits WHERE at = $1`, at)
		return err
	}))
	return rows(t, r.DB, `SELECT COUNT(*) FROM usage_hits`) + 1
}

func rows(t *testing.T, d *db.DB, query string, args ...any) (n int64) {
	t.Helper()
	must(t, d.Read(context.Background(), func(tx *db.Tx) error { return tx.QueryRow(query, args, &n) }))
	return n
}

func TestHitsThatWaitToBeCountedAreRestoredAndCountedOnce(t *testing.T) {
	ctx := context.Background()
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c := copying(t, e)
		r := counting(t, c)
		stays, goes := r.consented(t), r.consented(t)
		r.hit(t, stays)
		others := []consent.Receipt{goes}
		for range 5 {
			others = append(others, r.consented(t))
			r.hit(t, others[len(others)-1])
		}
		want := r.waiting(t, goes)
		r.copied()
		d, err := r.Drills.Run(ctx, "somebody")
		must(t, err)
		if !d.Good {
			t.Errorf("the drill: %+v", d)
		}
		// A copy from before he withdraws; the keyring is copied on.
		old := filepath.Join(t.TempDir(), "old")
		must(t, os.CopyFS(old, os.DirFS(c.Backup.To)))
		kept := r.Analytics.CookieKey(stays.Visitor)
		for _, v := range others {
			_, err = r.Consent.Decide(ctx, consent.Decision{Site: rayong, Lang: "th", Visitor: v.Visitor})
			must(t, err)
		}
		r.copied()
		a := fromCopy(t, c, old)
		if n := rows(t, a.DB, `SELECT COUNT(*) FROM usage_hits`); n != want {
			t.Errorf("%d hits are counted, not %d", n, want)
		}
		if n := rows(t, a.DB, `SELECT COUNT(*) FROM usage_hits WHERE cookie <> 0 AND cookie <> $1`, kept); n != 0 {
			t.Errorf("%d hits have the cookie of who has withdrawn", n)
		}
		if n := rows(t, a.DB, `SELECT COUNT(*) FROM usage_hits WHERE cookie = $1`, kept); n != 1 {
			t.Errorf("%d hits have the cookie of who has not", n)
		}
		if p, err := a.Consent.Find(ctx, goes.Number); err != nil || p.EndedAt.IsZero() {
			t.Errorf("the consent that was withdrawn: %+v, %v", p, err)
		}
		if p, err := a.Consent.Find(ctx, stays.Number); err != nil || !p.EndedAt.IsZero() {
			t.Errorf("the one that was not: %+v, %v", p, err)
		}
		if n, err := a.Analytics.Uncounted(ctx); err != nil || n != 0 {
			t.Errorf("%d entries are left, %v", n, err)
		}
	})
}

func TestADrillFindsAnEntryThatIsNotCounted(t *testing.T) {
	ctx := context.Background()
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c := copying(t, e)
		r := counting(t, c)
		must(t, r.journal.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO usage_journal (writer, seq, at, body) VALUES (7, 1, 1, $1)`, []byte("no entry"))
			return err
		}))
		must(t, r.SetSetting(ctx, "test.moved", "x"))
		r.copied()
		d, err := r.Drills.Run(ctx, "somebody")
		must(t, err)
		if d.Good || !strings.Contains(strings.Join(d.Problems, "\n"), "1 entries of the journal") {
			t.Errorf("%+v", d)
		}
		to, err := restored(t, c) // what cannot be read keeps nobody from his data
		must(t, err)
		a, err := app.New(ctx, to, app.Options{Mode: app.Use})
		must(t, err)
		defer a.Close()
		if n, err := a.Analytics.Uncounted(ctx); err != nil || n != 0 {
			t.Errorf("%d entries are left, %v", n, err)
		}
	})
}
