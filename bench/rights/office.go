package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/blob"
	"prasan/internal/cases"
	"prasan/internal/clock"
	"prasan/internal/db"
	"prasan/internal/db/migrations"
	"prasan/internal/jobs"
	"prasan/internal/letters"
	"prasan/internal/limits"
	"prasan/internal/mail"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/retention"
	"prasan/internal/rights"
	"prasan/internal/ropa"
	"prasan/internal/vault"
)

// office is the part of the program that is timed, on real stores.
type office struct {
	db        *db.DB
	keys      *db.DB
	vault     *vault.Vault
	cases     *cases.Service
	rights    *rights.Service
	retention *retention.Service
	files     *blob.Files
	record    *policy.Snapshot
	now       func() time.Time
}

const (
	site   = "rayong.industry.localhost"
	agency = "rayong"
)

var (
	officer = policy.Actor{Account: "officer", Agency: agency, Roles: []string{"officer"}}
	head    = policy.Actor{Account: "head", Agency: agency, Roles: []string{"head"}, IsHead: true}
	dpo     = policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}
)

func open(ctx context.Context, database, dir string) (*office, error) {
	o := &office{now: clock.System{}.Now}
	var err error
	if o.db, err = db.Open(ctx, database, db.Options{}); err != nil {
		return nil, err
	}
	if _, err := o.db.Migrate(ctx, migrations.Files); err != nil {
		return nil, err
	}
	if o.keys, err = db.Open(ctx, "sqlite:"+filepath.Join(dir, "keyring.db"), db.Options{}); err != nil {
		return nil, err
	}
	master, err := vault.NewMaster(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	v, minter, err := vault.Open(ctx, o.keys, master)
	if err != nil {
		return nil, err
	}
	v.KeepTombstones(filepath.Join(dir, "tombstones"))
	revision, err := ropa.Parse(ropa.SeedText(cases.Activity, 2))
	if err != nil {
		return nil, err
	}
	if o.record, err = policy.Compile(revision); err != nil {
		return nil, err
	}
	if err := o.db.InTx(ctx, func(tx *db.Tx) error { return org.Put(tx, org.Bodies("industry.localhost")) }); err != nil {
		return nil, err
	}
	agencies, err := org.NewDirectory(ctx, o.db)
	if err != nil {
		return nil, err
	}
	folder, err := blob.NewFolder(filepath.Join(dir, "blobs"))
	if err != nil {
		return nil, err
	}
	o.vault, o.files = v, blob.New(folder, o.now)
	snapshot := func(string) *policy.Snapshot { return o.record }
	log, queue, limiter := audit.New("bench"), jobs.New(o.db, o.now), limits.New(v.Derive("limits"), true)
	guard := processing.New(o.db, v, minter, log, snapshot)
	link := func(host string) string { return "http://" + host }
	post := mail.New(mail.Deps{DB: o.db, Vault: v, Audit: log, Jobs: queue, Limits: limiter, Now: o.now, Processing: guard, Config: mail.Config{Domain: "industry.localhost", SiteURL: link, Sender: func(string, string) mail.Sender { return mail.Sender{} }}})
	o.cases = cases.New(cases.Deps{DB: o.db, Vault: v, Processing: guard, Audit: log, Jobs: queue, Mail: post, Limits: limiter, Record: snapshot, Files: o.files, Now: o.now,
		Notice: func(string) (string, error) { return "n1", nil }, Site: func(host string) (string, bool) { return agency, host == site }, Agency: func(string) (policy.Text, string, bool) { return policy.Text{}, "ops", true }, SameController: func(string) bool { return true },
		Config: cases.Config{ReplyWithin: 15 * 24 * time.Hour, ReopenWithin: 30 * 24 * time.Hour, LinkLifetime: time.Hour, PerHour: 1 << 30, SiteURL: link}})
	paper := letters.New(letters.Deps{DB: o.db, Vault: v, Processing: guard, Audit: log, Jobs: queue, Agencies: agencies, Record: snapshot, Now: o.now})
	o.rights = rights.New(rights.Deps{DB: o.db, Vault: v, Processing: guard, Audit: log, Record: snapshot, Data: cases.OfPerson{Service: o.cases}, NewReference: cases.NewReference, NewCode: cases.NewCode, CleanCode: cases.CleanCode, Now: o.now, TargetDays: 30,
		Limits: limiter, Letters: paper, Agencies: agencies, Recipients: func(*db.Tx, string) ([]string, error) { return nil, nil }, Central: "ops", Held: retention.Held})
	o.retention = retention.New(retention.Deps{DB: o.db, Vault: v, Audit: log, Jobs: queue, Record: snapshot, Within: agencies.Within, Now: o.now, Letters: paper, Agencies: agencies, Holders: []retention.Holder{cases.EndOfLife{Service: o.cases}}, Terms: retention.Terms{SurveyDays: 60, ArchivesDays: 60, ExtendYears: 1, KeyDays: 14}})
	return o, nil
}

// message is one that the form of the record would send.
func (o *office) message(nonce string) cases.Submission {
	return cases.Submission{Site: site, Topic: "problem", Channel: "web", Lang: "th", Message: "โรงงานข้างบ้านส่งเสียงดังในเวลากลางคืน ขอให้ตรวจสอบ " + nonce, NoticeID: "n1", Nonce: []byte("nonce-of-16-bytes-" + nonce), FormAge: time.Minute,
		Sender: map[string]string{"given_name": "มานี", "mobile_phone": "0812345678", "email": "somebody@example.com"}}
}

// fill makes cases by bulk SQL: most with sealed columns that nobody opens, every second
// one with an event, an index entry and a line of the log; and one person with fifty real
// ones, with attachments.
func (o *office) fill(ctx context.Context, n, due int) error {
	const page = 1000
	now := o.now()
	lastYear := time.Date(now.Year()-1, 6, 1, 0, 0, 0, 0, time.UTC)
	for from := 0; from < n; from += page {
		count := min(page, n-from)
		if err := o.db.InTx(ctx, func(tx *db.Tx) error { return o.bulk(tx, from, count, due, now, lastYear) }); err != nil {
			return err
		}
		if from < due {
			if err := o.keysOf(ctx, from, min(count, due-from)); err != nil {
				return err
			}
		}
	}
	for i := range 50 {
		staged, err := o.files.Stage(ctx, "photo.txt", strings.NewReader(strings.Repeat("ภาพถ่ายของโรงงาน ", 4000)))
		if err != nil {
			return err
		}
		m := o.message(fmt.Sprintf("mine-%d", i))
		m.Sender["email"], m.Attachments = "mine@example.com", []cases.Staged{cases.Staged(staged)}
		if _, err := o.cases.Submit(ctx, m); err != nil {
			return err
		}
	}
	if o.db.Dialect == db.PostgreSQL {
		return o.db.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(`ANALYZE`); return err })
	}
	return nil
}

// rows writes rows of a table, many in one statement.
func rows(tx *db.Tx, head string, all [][]any) error {
	for len(all) > 0 {
		part := all[:min(len(all), 100)]
		all = all[len(part):]
		var marks []string
		var args []any
		for _, row := range part {
			m := make([]string, len(row))
			for i := range row {
				m[i] = fmt.Sprintf("$%d", len(args)+i+1)
			}
			marks, args = append(marks, "("+strings.Join(m, ",")+")"), append(args, row...)
		}
		if _, err := tx.Exec(head+strings.Join(marks, ","), args...); err != nil {
			return err
		}
	}
	return nil
}

// idOf orders what is made like identifiers of that time.
func idOf(kind string, i int) string { return fmt.Sprintf("00000000-%s-7000-8000-%012d", kind, i) }

func (o *office) bulk(tx *db.Tx, from, count, due int, now, lastYear time.Time) error {
	var list, events, index, log [][]any
	sealed := []byte(strings.Repeat("x", 400))
	for i := from; i < from+count; i++ {
		id, subject := idOf("0001", i), idOf("0002", i)
		received, closed, destroy := now.AddDate(-1-i%9, 0, -i%365), int64(0), int64(0)
		if i < due {
			received = lastYear.AddDate(-10, 0, -i%100)
			closed, destroy = db.Micros(received), db.Micros(received.AddDate(10, 0, 0))
		} else {
			closed = db.Micros(received.AddDate(0, 0, 10))
			destroy = db.Micros(received.AddDate(10, 0, 10))
		}
		list = append(list, []any{id, fmt.Sprintf("B%08d", i), site, agency, agency, "problem", "web", "", "th", "closed", false, false, "r2", "n1", subject, `{"email":"eA=="}`, sealed, []byte(id), []byte(subject), "", db.Micros(received), db.Micros(received), closed, destroy, 1, []byte("h")})
		if i%2 == 0 || i < due {
			events = append(events, []any{idOf("0003", i), id, 1, db.Micros(received), "receive", "sender", "", "received", 3, true, nil, "{}"})
			index = append(index, []any{o.vault.Digest("email", fmt.Sprintf("p%d@example.com", i%(1+i/3))), id})
			log = append(log, []any{idOf("0004", i), db.Micros(received), cases.Activity, "r2", "collect", "sender", "n1", "receive_and_forward", subject, "email", "web"})
		}
	}
	for _, t := range []struct {
		head string
		all  [][]any
	}{
		{`INSERT INTO cases (id, reference, site, agency, origin_agency, topic, channel, outside_ref, lang, state, withhold_name, about_staff, revision_id, notice_id, subject_key, sender, message, tracking_hash, nonce_hash, quarantine_why, received_at, due_at, closed_at, destroy_at, events, row_hash) VALUES `, list},
		{`INSERT INTO case_events (id, case_id, seq, at, kind, actor, from_state, to_state, step, public, body, meta) VALUES `, events},
		{`INSERT INTO case_index (digest, case_id) VALUES `, index},
		{`INSERT INTO processing_log (id, at, activity, revision_id, act, actor, ground, purpose, subject, elements, detail) VALUES `, log},
	} {
		if err := rows(tx, t.head, t.all); err != nil {
			return err
		}
	}
	return nil
}

// keysOf gives the cases that will be destroyed keys to be destroyed.
func (o *office) keysOf(ctx context.Context, from, count int) error {
	s, err := o.vault.NewSubject(ctx, o.now())
	if err != nil {
		return err
	}
	if err := o.vault.Keep(ctx, s); err != nil {
		return err
	}
	return o.keys.InTx(ctx, func(tx *db.Tx) error {
		columns := columnsOf(tx)
		rest := strings.TrimPrefix(columns, "id")
		marks := make([]string, count)
		for i := range marks {
			marks[i] = "('" + idOf("0002", from+i) + "')"
		}
		_, err := tx.Exec(`INSERT INTO subjects (`+columns+`) WITH fresh(nid) AS (VALUES `+strings.Join(marks, ",")+`) SELECT nid`+rest+` FROM fresh, subjects WHERE id = $1`, s.ID)
		return err
	})
}

var subjectColumns string

// columnsOf are the columns of the table of keys, its id first.
func columnsOf(tx *db.Tx) string {
	if subjectColumns == "" {
		rows, err := tx.Query(`SELECT * FROM subjects LIMIT 1`)
		if err == nil {
			names, _ := rows.Columns()
			rows.Close()
			subjectColumns = strings.Join(names, ", ")
		}
	}
	return subjectColumns
}
