package cases_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"prasan/internal/audit"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/processing"
)

// secrets are what a person gave and what was written, as they would lie on a disk.
var secrets = []string{"มานี", "สมมติวงศ์", "0812345678", "08 1234 5678", "+66812345678", "๐๘ ๑๒๓๔", "Manee.S@example.com", "manee.s@example.com", "กลิ่นเหม็น", "โรงงานใด", "ตรวจสอบแล้ว", "ลับมากภายใน", "บันทึก.txt"}

// live goes the way of a case from its receipt to its end.
func (h *house) live() cases.Receipt {
	h.t.Helper()
	sub := h.whole()
	sub.Attachments = []cases.Staged{h.attach("หลักฐาน")}
	r, err := h.cases.Submit(ctx, sub)
	must(h.t, err)
	do := func(_ cases.Case, err error) { h.t.Helper(); must(h.t, err) }
	do(h.cases.Endorse(ctx, officer, r.Reference, "propose", "head", "เห็นควรรับ ลับมากภายใน"))
	do(h.cases.Triage(ctx, officer, r.Reference, cases.Relevant, "ลับมากภายใน"))
	do(h.cases.Note(ctx, officer, r.Reference, "ลับมากภายใน"))
	do(h.cases.Ask(ctx, officer, r.Reference, "โรงงานใด"))
	must(h.t, h.cases.Write(ctx, r.CaseID, "มีกลิ่นเหม็น โทร 0812345678", []cases.Staged{h.attach("เพิ่มเติม")}))
	do(h.cases.Answer(ctx, officer, r.Reference, "email", "ตรวจสอบแล้ว"))
	must(h.t, h.cases.Rate(ctx, r.CaseID, 5, "มานี ขอบคุณ"))
	must(h.t, h.cases.Accept(ctx, r.CaseID))
	h.newCodeFor(r)
	return r
}

func (h *house) newCodeFor(r cases.Receipt) {
	must(h.t, h.cases.RequestNewCode(ctx, r.Reference, "manee.s@example.com", "192.0.2.1"))
}

func TestNothingPersonalLiesInPlainInTheDatabase(t *testing.T) {
	e := dbtest.SQLite(t)
	h := newHouse(t, e)
	h.live()
	path := strings.TrimPrefix(e.URL, "sqlite:")
	look := func(when string) {
		t.Helper()
		for _, end := range []string{"", "-wal"} {
			raw, err := os.ReadFile(path + end)
			if err != nil {
				continue
			}
			for _, s := range secrets {
				if bytes.Contains(bytes.ToLower(raw), bytes.ToLower([]byte(s))) {
					t.Errorf("%s: %q lies in %s%s", when, s, "prasan.db", end)
				}
			}
			if end == "" && !bytes.Contains(raw, []byte("contact-us")) && when != "while it runs" {
				t.Error("the test looks into the wrong file")
			}
		}
	}
	look("while it runs")
	must(t, e.DB.Close())
	look("after a clean stop")
}

func TestNothingPersonalLiesInPlainInAnyColumn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		h.live()
		for _, table := range []string{"cases", "case_events", "case_index", "attachments", "outbox", "jobs", "links", "limits", "audit", "processing_log"} {
			for _, row := range h.dump(table) {
				for _, s := range secrets {
					if strings.Contains(strings.ToLower(row), strings.ToLower(s)) {
						t.Errorf("%s holds %q", table, s)
					}
				}
			}
		}
	})
}

// dump reads a table as text.
func (h *house) dump(table string) (out []string) {
	h.t.Helper()
	must(h.t, h.e.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(`SELECT * FROM ` + table)
		if err != nil {
			return err
		}
		defer rows.Close()
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			values, into := make([]any, len(names)), make([]any, len(names))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			line := ""
			for _, v := range values {
				if b, ok := v.([]byte); ok {
					v = string(b)
				}
				line += fmt.Sprint(v) + "\n"
			}
			out = append(out, line)
		}
		return rows.Err()
	}))
	if len(out) == 0 {
		h.t.Errorf("%s is empty: nothing was looked at", table)
	}
	return out
}

func TestEachActOnPersonalDataNamesARevisionOfTheRecord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.live()
		_, err := h.cases.Get(ctx, officer, r.Reference)
		must(t, err)
		_, err = h.cases.Sender(ctx, officer, r.Reference, "communicate")
		must(t, err)
		revision := h.register.Snapshot(cases.Activity).RevisionID
		list, err := h.cases.Readings(ctx, officer, r.Reference)
		must(t, err)
		seen := map[string]processing.Reading{}
		for _, x := range list {
			seen[x.Act+" "+x.Detail] = x
			if x.Revision != revision || x.Actor == "" {
				t.Errorf("%+v", x)
			}
		}
		for act, want := range map[string]string{"collect web": "email,family_name,given_name,mobile_phone", "read case": "content", "read sender": "email,family_name,given_name,mobile_phone", "read ask": "email", "read answer": "email"} {
			if got := strings.Join(seen[act].Elements, ","); got != want {
				t.Errorf("%s: %q, want %q", act, got, want)
			}
		}
		if x := seen["read sender"]; x.Purpose != "communicate" || x.Ground != "order:12/2569" || x.Actor != "somchai" {
			t.Errorf("%+v", x)
		}
	})
}

func TestWhomTheRecordDoesNotNameReadsNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		sub := h.whole()
		f := h.attach("หลักฐาน")
		sub.Attachments = []cases.Staged{f}
		r, err := h.cases.Submit(ctx, sub)
		must(t, err)
		for _, a := range []policy.Actor{novice, auditor, ict} {
			before := h.count(`SELECT COUNT(*) FROM processing_log`)
			d, err := h.cases.Get(ctx, a, r.Reference)
			must(t, err)
			if !d.Masked || d.Message != "" || d.Reason != "error.purpose-not-declared" || len(d.Files) != 0 || d.MayRead["communicate"] {
				t.Errorf("%s is shown %q", a.Account, d.Message)
			}
			for _, x := range d.Events {
				if x.Text != "" {
					t.Errorf("%s is shown %q", a.Account, x.Text)
				}
			}
			_, err = h.cases.Sender(ctx, a, r.Reference, "communicate")
			wantKey(t, err, "error.purpose-not-declared")
			_, err = h.cases.OfficeFile(ctx, a, r.Reference, f.ID)
			wantKind(t, err, errs.Forbidden)
			if n := h.count(`SELECT COUNT(*) FROM processing_log`); n != before {
				t.Errorf("%d acts of one who did none", n-before)
			}
			if n := h.count(`SELECT COUNT(*) FROM audit WHERE action = 'data.refused' AND actor = $1`, a.Account); n == 0 {
				t.Errorf("the refusal to %s is not in the audit", a.Account)
			}
		}
		_, err = h.cases.Sender(ctx, officer, r.Reference, "marketing")
		wantKey(t, err, "error.purpose-not-declared")
		// The purpose opens what it is declared for and no more.
		given, err := h.cases.Sender(ctx, officer, r.Reference, "improve_service")
		must(t, err)
		if len(given) != 0 {
			t.Errorf("%v", given)
		}
		if f, err := h.cases.OfficeFile(ctx, officer, r.Reference, f.ID); err != nil || f.Name != "บันทึก.txt" {
			t.Errorf("%+v %v", f, err)
		}
	})
}

func TestACaseIsFoundByWhatItsSenderGave(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.submit()
		sub := h.whole()
		sub.Sender = map[string]string{"given_name": "ปิติ", "email": "piti@example.com"}
		_, err := h.cases.Submit(ctx, sub)
		must(t, err)
		for text, want := range map[string]int{
			"08-1234-5678": 1, "+66 81 234 5678": 1, "๐๘๑๒๓๔๕๖๗๘": 1, "manee.s@example.com": 1, "MANEE.S@EXAMPLE.COM": 1, "มานี": 1, "สมมติวงศ์ มานี": 1, r.Reference: 1, strings.ToLower(strings.ReplaceAll(r.Reference, "-", " ")): 1,
			"มาน": 0, "มานี ปิติ": 0, "0899999999": 0, "": 2, "' OR 1=1 --": 0,
		} {
			p, err := h.cases.List(ctx, officer, cases.Filter{View: "all", Search: text})
			must(t, err)
			if len(p.Lines) != want {
				t.Errorf("%q found %d, want %d", text, len(p.Lines), want)
			}
		}
		p, err := h.cases.List(ctx, inTrat, cases.Filter{View: "all", Search: "มานี"})
		if err != nil || len(p.Lines) != 0 {
			t.Errorf("another agency finds it: %v", err)
		}
	})
}

func TestInternalWordsNeverReachTheSender(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.live()
		v, err := h.cases.ViewPublic(ctx, r.CaseID)
		must(t, err)
		told := map[string]bool{}
		for _, x := range v.Events {
			told[x.Kind] = true
			if strings.Contains(x.Text, "ลับมากภายใน") {
				t.Errorf("the sender reads the reason of %s", x.Kind)
			}
			if x.Kind == "note" || x.Kind == "endorse" || x.Kind == "assign" {
				t.Errorf("the sender sees %s: %q", x.Kind, x.Text)
			}
		}
		for _, kind := range []string{"receive", "triage-relevant", "ask", "reply", "answer", "accept"} {
			if !told[kind] {
				t.Errorf("the sender does not see %s", kind)
			}
		}
	})
}

func TestTheAuditOfALifeIsWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		h.live()
		rep, err := audit.Verify(ctx, e.DB, nil)
		must(t, err)
		if len(rep.Faults) != 0 || rep.Lines < 12 {
			t.Errorf("%+v", rep)
		}
		h.exec(`UPDATE audit SET actor = 'nobody' WHERE action = 'case.answer'`)
		if rep, err = audit.Verify(ctx, e.DB, nil); err != nil || len(rep.Faults) == 0 {
			t.Errorf("a changed line is not found: %v", err)
		}
	})
}

func TestAListOpensNothingUnlessAsked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		h.submit()
		h.submit()
		before := h.count(`SELECT COUNT(*) FROM processing_log`)
		p, err := h.cases.List(ctx, officer, cases.Filter{})
		must(t, err)
		if h.count(`SELECT COUNT(*) FROM processing_log`) != before || p.Lines[0].Excerpt != "" {
			t.Error("the list has opened messages")
		}
		p, err = h.cases.List(ctx, officer, cases.Filter{Excerpts: true})
		must(t, err)
		if !strings.Contains(p.Lines[0].Excerpt, "กลิ่น") || h.count(`SELECT COUNT(*) FROM processing_log WHERE act = 'read' AND detail = 'inbox'`) != 2 {
			t.Errorf("%+v", p.Lines[0].Excerpt)
		}
		if n := h.count(`SELECT COUNT(*) FROM audit WHERE action = 'data.read'`); n != 1 {
			t.Errorf("%d lines in the audit for one page", n)
		}
		if p, err = h.cases.List(ctx, novice, cases.Filter{Excerpts: true}); err != nil || p.Lines[0].Excerpt != "" {
			t.Errorf("%v", err)
		}
	})
}

func TestPagesOfAListFollowEachOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		for i := range 11 {
			h.submit()
			if i%3 == 0 {
				e.Clock.Advance(time.Hour) // several in one moment
			}
		}
		for _, view := range []string{"open", "all"} {
			seen, cursor := map[string]bool{}, ""
			for range 10 {
				p, err := h.cases.List(ctx, officer, cases.Filter{View: view, Limit: 3, Cursor: cursor})
				must(t, err)
				for _, l := range p.Lines {
					if seen[l.ID] {
						t.Errorf("%s comes twice", l.Reference)
					}
					seen[l.ID] = true
				}
				if cursor = p.Next; cursor == "" {
					break
				}
			}
			if len(seen) != 11 {
				t.Errorf("%s: %d of 11", view, len(seen))
			}
		}
		_, err := h.cases.List(ctx, officer, cases.Filter{Cursor: "nonsense"})
		wantKind(t, err, errs.Invalid)
	})
}
