package main

import (
	"context"
	"fmt"
	"time"

	"prasan/internal/app"
	"prasan/internal/audit"
	"prasan/internal/db"
)

// dialect is what the two engines write differently.
type dialect struct{ numbers, id, bytes, when string }

// dialects: numbers are rows i from $1 to $2; id is that of row i at its time; bytes are
// eight of it; when is its moment, spread over the last 300 days.
func dialects(d db.Dialect, spread string) dialect {
	if d == db.PostgreSQL {
		return dialect{`SELECT i::bigint FROM generate_series($1::bigint, $2::bigint) AS i`,
			`lpad(to_hex((%[1]s / 1000) >> 16), 8, '0') || '-' || lpad(to_hex((%[1]s / 1000) & 65535), 4, '0') || '-7%[2]s00-8000-' || lpad(to_hex(i), 12, '0')`,
			`decode(lpad(to_hex(i), 16, '0'), 'hex')`, spread}
	}
	return dialect{`WITH RECURSIVE s(i) AS (SELECT $1 UNION ALL SELECT i + 1 FROM s WHERE i < $2) SELECT i FROM s`,
		`printf('%%08x-%%04x-7%[2]s00-8000-%%012x', (%[1]s / 1000) >> 16, (%[1]s / 1000) & 65535, i)`,
		`CAST(printf('%%016x', i) AS BLOB)`, spread}
}

const page = 50000

// seed fills the tables that grow with cases: each case with three events, a line of its
// collection and one of its reading; and chains of the audit.
func seed(ctx context.Context, a *app.App, o options) error {
	var revision, notice string
	if snap := a.Register.Snapshot("contact-us"); snap != nil {
		revision = snap.RevisionID
	}
	n, err := a.Notices.Current(ctx, "contact-us", "rayong")
	if err != nil {
		return err
	}
	notice = n.ID
	began := db.Micros(time.Now().AddDate(0, 0, -300))
	step := (300*24*time.Hour - time.Hour).Microseconds() / int64(max(1, o.cases))
	when := fmt.Sprintf("(%d + i * %d)", began, step)
	d := dialects(a.DB.Dialect, when)
	id := func(kind string) string { return fmt.Sprintf(d.id, d.when, kind) }
	blob := d.bytes
	if a.DB.Dialect == db.SQLite {
		blob = `CAST(printf('%016x', i) AS BLOB)`
	}
	agency := `CASE i % 4 WHEN 0 THEN 'rayong' WHEN 1 THEN 'trat' WHEN 2 THEN 'chonburi' ELSE 'ops' END`
	state := `CASE WHEN i % 100 = 0 THEN 'quarantined' WHEN i % 10 = 1 THEN 'received' ELSE 'closed' END`
	statements := []string{
		`INSERT INTO cases (id, reference, site, agency, origin_agency, topic, channel, lang, state, withhold_name, about_staff, revision_id, notice_id, subject_key, sender, message, tracking_hash, nonce_hash, received_at, due_at, closed_at, destroy_at, events, row_hash)
		SELECT ` + id("0") + `, 'B' || i, 'rayong.industry.localhost', ` + agency + `, 'rayong', 'question', 'web', 'th', ` + state + `, FALSE, FALSE, '` + revision + `', '` + notice + `', ` + id("1") + `, '{"given_name":"c2VhbGVk","email":"c2VhbGVk"}', ` + blob + `, ` + blob + `, ` + blob + `, ` + when + `, ` + when + ` + 1296000000000, ` + when + ` + 864000000000, CASE WHEN i % 10 > 1 THEN ` + when + ` + 315360000000000 ELSE 0 END, 3, ` + blob + ` FROM (` + d.numbers + `) n`,
	}
	for k, e := range []struct {
		kind, from, to string
		step           int
	}{{"receive", "", "received", 3}, {"triage", "received", "considering", 4}, {"answer", "considering", "answered", 6}} {
		statements = append(statements, `INSERT INTO case_events (id, case_id, seq, at, kind, actor, from_state, to_state, step, public, body, meta) SELECT `+id(fmt.Sprint(k+2))+`, `+id("0")+`, `+fmt.Sprint(k+1)+`, `+when+`, '`+e.kind+`', 'officer', '`+e.from+`', '`+e.to+`', `+fmt.Sprint(e.step)+`, TRUE, NULL, '{}' FROM (`+d.numbers+`) n`)
	}
	for k, act := range []string{"collect", "read"} {
		statements = append(statements, `INSERT INTO processing_log (id, at, activity, revision_id, act, actor, ground, purpose, subject, elements, detail) SELECT `+id(fmt.Sprint(k+6))+`, `+when+`, 'contact-us', '`+revision+`', '`+act+`', 'officer', 'head:rayong', 'receive_and_forward', `+id("1")+`, 'given_name,email', 'case' FROM (`+d.numbers+`) n`)
	}
	for first := 1; first <= o.cases; first += page {
		last := min(o.cases, first+page-1)
		if err := a.DB.InTx(ctx, func(tx *db.Tx) error {
			for _, text := range statements {
				if _, err := tx.Exec(text, first, last); err != nil {
					return fmt.Errorf("%.60s: %w", text, err)
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return lines(ctx, a, o.lines)
}

// lines are written by the audit itself: each carries the hash of the one before.
func lines(ctx context.Context, a *app.App, n int) error {
	for done := 0; done < n; done += page {
		if err := a.DB.InTx(ctx, func(tx *db.Tx) error {
			for i := range min(page, n-done) {
				if err := a.Audit.Append(tx, audit.Event{Actor: "officer", Action: "data.read", Object: "subject:bench", Body: map[string]any{"n": i, "purpose": "receive_and_forward"}}); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	if a.DB.Dialect == db.PostgreSQL {
		return a.DB.InTx(ctx, func(tx *db.Tx) error { // as autovacuum would
			for _, table := range []string{"cases", "case_events", "processing_log", "audit"} {
				if _, err := tx.Exec(`ANALYZE ` + table); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return nil
}
