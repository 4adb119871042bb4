package breach_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/audit"
	"prasan/internal/breach"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/limits"
	"prasan/internal/mail"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

var ctx = context.Background()

var (
	officer = policy.Actor{Account: "officer", Agency: "rayong", Roles: []string{"officer"}}
	dpo     = policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}
	head    = policy.Actor{Account: "head", Agency: "rayong", Roles: []string{"head"}, IsHead: true}
	trat    = policy.Actor{Account: "trat", Agency: "trat", Roles: []string{"head"}, IsHead: true}
)

type house struct {
	t     *testing.T
	e     *dbtest.Engine
	s     *breach.Service
	guard *processing.Service
	told  []string
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, err error, kind errs.Kind) {
	t.Helper()
	if err == nil || errs.KindOf(err) != kind {
		t.Errorf("want %s, got %v", kind, err)
	}
}

func newHouse(t *testing.T, e *dbtest.Engine) *house {
	t.Helper()
	h := &house{t: t, e: e}
	ring, err := db.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "keyring.db"), db.Options{Clock: e.Clock})
	must(t, err)
	t.Cleanup(func() { ring.Close() })
	master, err := vault.NewMaster(make([]byte, 32))
	must(t, err)
	v, minter, err := vault.Open(ctx, ring, master)
	must(t, err)
	snap := &policy.Snapshot{Activity: "contact-us", RevisionID: "r2", Access: []policy.Principal{{Kind: policy.HeadOrDelegate}, {Kind: policy.DPO}}, Purposes: []policy.Purpose{{Code: "receive_and_forward"}}, Liaison: []policy.Principal{{Kind: policy.DPO}}}
	record := func(string) *policy.Snapshot { return snap }
	log := audit.New("test")
	h.guard = processing.New(e.DB, v, minter, log, record)
	queue := jobs.New(e.DB, e.Clock.Now)
	post := mail.New(mail.Deps{DB: e.DB, Vault: v, Audit: log, Jobs: queue, Limits: limits.New(v.Derive("limits"), true), Now: e.Clock.Now, Processing: h.guard, Config: mail.Config{Domain: "industry.test", SiteURL: func(s string) string { return s }, Sender: func(string, string) mail.Sender { return mail.Sender{} }}})
	h.s = breach.New(breach.Deps{DB: e.DB, Vault: v, Processing: h.guard, Audit: log, Jobs: queue, Mail: post, Record: record, Now: e.Clock.Now, Terms: breach.DefaultTerms,
		Named: func(*db.Tx, []policy.Principal) (map[string]string, error) {
			return map[string]string{"dpo": "dpo@industry.test"}, nil
		},
		Tell: func(_ context.Context, _ policy.Actor, subjects []string, _ string) (int, error) {
			h.told = append(h.told, subjects...)
			return len(subjects), nil
		}})
	h.s.Register()
	return h
}

func (h *house) report(drill bool) breach.Breach {
	h.t.Helper()
	now := h.e.Clock.Now()
	b, err := h.s.Report(ctx, officer, breach.Report{Agency: "rayong", Activity: "contact-us", Kinds: []string{"confidentiality"}, Channel: "province", Description: "ส่งอีเมลผิดคนถึงนางสาวมานี", OccurredFrom: now.Add(-2 * time.Hour), OccurredTo: now, Drill: drill})
	must(h.t, err)
	return b
}

func weighed(risk string) breach.Assessment {
	f := map[string]string{}
	for _, name := range breach.Factors {
		f[name] = "ประเมินแล้ว"
	}
	return breach.Assessment{Risk: risk, Factors: f, Reasons: "เหตุผล", Effects: "ผลกระทบ", Measures: "มาตรการ"}
}

// read has readings of two subjects in the log, one by another person.
func (h *house) read() {
	h.t.Helper()
	must(h.t, h.e.DB.InTx(ctx, func(tx *db.Tx) error {
		for _, l := range []processing.Line{
			{Activity: "contact-us", Revision: "r2", Act: "read", Actor: "thief", Purpose: "communicate", Subjects: []string{"s1", "s2"}, Elements: []string{"email", "mobile_phone"}, Detail: "sender"},
			{Activity: "contact-us", Revision: "r2", Act: "read", Actor: "thief", Purpose: "communicate", Subjects: []string{"s1"}, Elements: []string{"email"}, Detail: "sender"},
			{Activity: "contact-us", Revision: "r2", Act: "send", Actor: "system", Purpose: "communicate", Subjects: []string{"s2"}, Elements: []string{"email"}, Detail: "diw"},
			{Activity: "usage-analytics", Revision: "r2", Act: "read", Actor: "thief", Purpose: "x", Subjects: []string{"s9"}, Elements: []string{"page"}, Detail: ""},
		} {
			if err := h.guard.Record(tx, l); err != nil {
				return err
			}
		}
		return nil
	}))
}

func TestABreachGoesFromReportToItsEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		h.read()
		b := h.report(false)
		_, err := h.s.Get(ctx, trat, b.ID)
		wants(t, err, errs.NotFound)
		_, err = h.s.Assess(ctx, dpo, b.ID, weighed(breach.HighRisk), breach.Window{})
		wants(t, err, errs.Conflict) // nobody is aware yet
		b, err = h.s.BeAware(ctx, dpo, b.ID)
		must(t, err)
		if got := b.Deadline(breach.DefaultTerms).Sub(e.Clock.Now()); got != 72*time.Hour {
			t.Errorf("%s are left", got)
		}
		_, err = h.s.BeAware(ctx, dpo, b.ID)
		wants(t, err, errs.Conflict) // the clock is set once
		bad := weighed(breach.HighRisk)
		delete(bad.Factors, "breadth")
		_, err = h.s.Assess(ctx, dpo, b.ID, bad, breach.Window{})
		wants(t, err, errs.Invalid)
		b, err = h.s.Assess(ctx, dpo, b.ID, weighed(breach.HighRisk), breach.Window{})
		must(t, err)
		if i := b.Impact; i.Subjects != 2 || i.Elements["email"] != 2 || i.Elements["mobile_phone"] != 2 || i.Actors["thief"] != 3 || i.Recipients["diw"] != 1 {
			t.Errorf("%+v", i)
		}
		_, err = h.s.Close(ctx, dpo, b.ID, "บทเรียน")
		wants(t, err, errs.Conflict)
		e.Clock.Advance(73 * time.Hour)
		_, err = h.s.Notify(ctx, dpo, b.ID, "รย 0033/7", "")
		wants(t, err, errs.Invalid) // late without reasons
		b, err = h.s.Notify(ctx, dpo, b.ID, "รย 0033/7", "อยู่ระหว่างตรวจสอบขอบเขตของเหตุ")
		must(t, err)
		_, err = h.s.Close(ctx, dpo, b.ID, "บทเรียน")
		wants(t, err, errs.Conflict) // high risk: the persons first
		_, err = h.s.NotifySubjects(ctx, dpo, b.ID, "เรียนท่านเจ้าของข้อมูล")
		must(t, err)
		if len(h.told) != 2 {
			t.Errorf("%v were told", h.told)
		}
		b, err = h.s.Close(ctx, dpo, b.ID, "บทเรียน")
		must(t, err)
		text := ""
		for _, s := range breach.Notice(b, breach.DefaultTerms, policy.Contact{DPO: "เจ้าหน้าที่ DPO"}, map[string]string{"email": "อีเมล"}) {
			text += s.Heading + strings.Join(s.Lines, " ")
		}
		for _, want := range []string{"2 ราย", "อีเมล (2 ราย)", "เจ้าหน้าที่ DPO", "ผลกระทบ", "มาตรการ", "อยู่ระหว่างตรวจสอบ"} {
			if !strings.Contains(text, want) {
				t.Errorf("the notice lacks %q: %s", want, text)
			}
		}
		history, err := h.s.History(ctx, dpo, b.ID)
		must(t, err)
		if len(history) != 6 {
			t.Errorf("%d events: %+v", len(history), history)
		}
	})
}

func TestThatNothingIsNotifiedNeedsTwoSignatures(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	b := h.report(false)
	_, err := h.s.BeAware(ctx, head, b.ID)
	must(t, err)
	_, err = h.s.Assess(ctx, head, b.ID, weighed(breach.NoRisk), breach.Window{})
	must(t, err)
	_, err = h.s.Close(ctx, head, b.ID, "บทเรียน")
	wants(t, err, errs.Conflict)
	_, err = h.s.Confirm(ctx, head, b.ID)
	wants(t, err, errs.Forbidden)
	_, err = h.s.Confirm(ctx, dpo, b.ID)
	must(t, err)
	_, err = h.s.Close(ctx, head, b.ID, "บทเรียน")
	must(t, err)
}

func TestADrillMailsNobodyOutside(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	h.read()
	b := h.report(true)
	_, err := h.s.BeAware(ctx, dpo, b.ID)
	must(t, err)
	_, err = h.s.Assess(ctx, dpo, b.ID, weighed(breach.HighRisk), breach.Window{})
	must(t, err)
	b, err = h.s.NotifySubjects(ctx, dpo, b.ID, "เรียนท่านเจ้าของข้อมูล")
	must(t, err)
	if len(h.told) != 0 || b.SubjectsN != 2 {
		t.Errorf("%v were told, %d counted", h.told, b.SubjectsN)
	}
}

func TestAlarmsGoToTheLiaisonPersonsUntilTheOfficeIsTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		b := h.report(false)
		_, err := h.s.BeAware(ctx, dpo, b.ID)
		must(t, err)
		var times []int64
		must(t, e.DB.Read(ctx, func(tx *db.Tx) error {
			rows, err := tx.Query(`SELECT run_at FROM jobs WHERE kind = 'breach.alarm' ORDER BY run_at`)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var at int64
				if err := rows.Scan(&at); err != nil {
					return err
				}
				times = append(times, at)
			}
			return rows.Err()
		}))
		if len(times) != 4 || db.Time(times[3]).Sub(e.Clock.Now()) != 70*time.Hour {
			t.Fatalf("%v", times)
		}
		mails := func() (n int) {
			must(t, e.DB.Read(ctx, func(tx *db.Tx) error {
				return tx.QueryRow(`SELECT COUNT(*) FROM outbox WHERE kind = 'breach-alarm'`, nil, &n)
			}))
			return n
		}
		payload, _ := json.Marshal(map[string]any{"id": b.ID, "hours": 24})
		must(t, h.s.Alarm(ctx, jobs.Job{Payload: payload}))
		if mails() != 1 {
			t.Errorf("%d alarms", mails())
		}
		_, err = h.s.Notify(ctx, dpo, b.ID, "รย 0033/7", "")
		must(t, err)
		must(t, h.s.Alarm(ctx, jobs.Job{Payload: payload}))
		if mails() != 1 {
			t.Error("an alarm after the Office was told")
		}
	})
}

func TestWhatWasReportedIsSealedAndItsReadingLogged(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	b := h.report(false)
	var raw []byte
	must(t, h.e.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT description FROM breaches WHERE id = $1`, []any{b.ID}, &raw)
	}))
	if strings.Contains(string(raw), "มานี") {
		t.Error("the report lies open")
	}
	text, err := h.s.Describe(ctx, dpo, b.ID)
	if err != nil || !strings.Contains(text, "มานี") {
		t.Errorf("%q %v", text, err)
	}
	_, err = h.s.Describe(ctx, policy.Actor{Account: "ict", Agency: "ops", Roles: []string{"ict"}}, b.ID)
	wants(t, err, errs.Forbidden) // the record does not admit him
	var n int
	must(t, h.e.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM processing_log WHERE detail = 'breach'`, nil, &n)
	}))
	if n != 1 {
		t.Errorf("%d readings are logged", n)
	}
}
