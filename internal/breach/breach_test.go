package breach_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"prasan/internal/accounts"
	"prasan/internal/breach"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/jobs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/ropa"
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

	office  *housetest.House
	letters *letters.Service
	rotated int
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
	snap := housetest.ContactUs()
	snap.Liaison = []policy.Principal{{Kind: policy.DPO}}
	snap.Breaches = []policy.Responsible{{Principal: policy.Principal{Kind: policy.DPO}}, {Principal: policy.Principal{Kind: policy.HeadOrDelegate}, RiskLevel: breach.HighRisk}}
	o := housetest.New(t, e, snap)
	h := &house{t: t, e: e, guard: o.Processing, office: o}
	h.letters, _ = o.Correspond()
	h.s = breach.New(breach.Deps{DB: e.DB, Vault: o.Vault, Processing: h.guard, Audit: o.Audit, Jobs: o.Jobs, Mail: o.Mail, Record: func(string) *policy.Snapshot { return snap }, Now: e.Clock.Now, Terms: breach.DefaultTerms,
		Named: func(_ *db.Tx, _ *policy.Snapshot, list []policy.Principal, agency string) (map[string]string, error) {
			out := map[string]string{}
			for _, p := range list {
				out[string(p.Kind)] = string(p.Kind) + "@" + agency + ".test"
			}
			return out, nil
		},
		Tell: func(_ context.Context, _ policy.Actor, subjects []string, _ string) (int, error) {
			h.told = append(h.told, subjects...)
			return len(subjects), nil
		},
		Letters: h.letters, Contact: func(string) policy.Contact { return policy.Contact{DPO: "เจ้าหน้าที่ DPO"} }, Labels: func(string) map[string]string { return map[string]string{"email": "อีเมล"} },
		Measures: breach.Measures{EndSessions: accounts.EndSessions, RotateKeys: func(*db.Tx, string, string) error { h.rotated++; return nil }}})
	h.s.Register()
	return h
}

// send takes a letter to its end: signed, numbered, dispatched.
func (h *house) send(id string) (number string, err error) {
	h.t.Helper()
	l := h.office.Sign(h.letters, id, head)
	return l.NumberText, h.e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := h.letters.DispatchIn(tx, head, id, nil); return err })
}

func (h *house) count(query string) (n int) {
	h.t.Helper()
	must(h.t, h.e.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, nil, &n) }))
	return n
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
		_, err = h.s.Notify(ctx, dpo, b.ID, "")
		wants(t, err, errs.Invalid) // late without reasons
		_, err = h.s.Draft(ctx, dpo, b.ID, "", "")
		wants(t, err, errs.Invalid)
		_, err = h.s.Notify(ctx, dpo, b.ID, "มีเหตุผล")
		wants(t, err, errs.Conflict) // without a letter
		l, err := h.s.Draft(ctx, dpo, b.ID, "อยู่ระหว่างตรวจสอบขอบเขตของเหตุ", "")
		must(t, err)
		_, err = h.s.Draft(ctx, dpo, b.ID, "อยู่ระหว่างตรวจสอบขอบเขตของเหตุ", "")
		wants(t, err, errs.Conflict)
		if l.Urgency != letters.MostUrgent || !strings.Contains(l.ToName, "สำนักงานคณะกรรมการคุ้มครองข้อมูลส่วนบุคคล") {
			t.Errorf("%+v", l)
		}
		number, err := h.send(l.ID)
		must(t, err)
		if b, err = h.s.Get(ctx, dpo, b.ID); err != nil || b.State != breach.Notified || b.NotifiedAt.IsZero() {
			t.Errorf("the letter has left, and: %v %+v", err, b)
		}
		history, err := h.s.History(ctx, dpo, b.ID)
		if last := history[len(history)-1]; err != nil || last.Kind != "notify" || last.Body["letter"] != number || number == "" {
			t.Errorf("%v %+v", err, last)
		}
		_, err = h.s.Draft(ctx, dpo, b.ID, "", "")
		wants(t, err, errs.Invalid) // a supplement says what is new
		l, err = h.s.Draft(ctx, dpo, b.ID, "", "พบผู้ได้รับผลกระทบเพิ่ม")
		must(t, err)
		_, err = h.send(l.ID)
		must(t, err)
		if n := h.count(`SELECT COUNT(*) FROM breach_events WHERE kind = 'supplement'`); n != 1 {
			t.Errorf("%d supplements", n)
		}
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
		history, err = h.s.History(ctx, dpo, b.ID)
		must(t, err)
		if len(history) != 9 {
			t.Errorf("%d events: %+v", len(history), history)
		}
	})
}

func TestWhoTheRecordNamesForARiskIsToldWhenItIsAssessed(t *testing.T) {
	if got := []string{breach.NoRisk, breach.Risk, breach.HighRisk}; !slices.Equal(got, ropa.RiskLevels) {
		t.Fatalf("%v are not the levels of the record, %v", got, ropa.RiskLevels)
	}
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		for _, drill := range []bool{false, true} {
			must(t, e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(`DELETE FROM outbox`); return err }))
			b := h.report(drill)
			_, err := h.s.BeAware(ctx, dpo, b.ID)
			must(t, err)
			for i, x := range []struct {
				risk  string
				mails int // so far
			}{{breach.Risk, 1}, {breach.Risk, 1}, {breach.HighRisk, 3}, {breach.NoRisk, 5}, {breach.NoRisk, 5}} {
				_, err := h.s.Assess(ctx, dpo, b.ID, weighed(x.risk), breach.Window{})
				must(t, err)
				if n := h.count(`SELECT COUNT(*) FROM outbox WHERE kind = 'breach-assessed'`); n != x.mails {
					t.Errorf("%d. %s: %d mails, not %d", i, x.risk, n, x.mails)
				}
			}
			marked := h.count(`SELECT COUNT(*) FROM outbox WHERE meta LIKE '%การซ้อม%'`)
			if marked != map[bool]int{false: 0, true: 5}[drill] {
				t.Errorf("drill %v: %d mails say that it is one", drill, marked)
			}
			history, err := h.s.History(ctx, dpo, b.ID)
			must(t, err)
			if people := history[4].Body["people"]; people != "2" {
				t.Errorf("the history says %q people: %+v", people, history)
			}
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
		l, err := h.s.Draft(ctx, dpo, b.ID, "", "")
		must(t, err)
		_, err = h.send(l.ID)
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
