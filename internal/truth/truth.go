// Package truth puts what the record declares beside what the program observes. Each row
// of the form gets one of five statuses with its evidence; what differs is drift, with a
// class, a severity and the duty that owns it. Nothing that a person merely says is ever
// called verified.
package truth

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/jobs"
	"prasan/internal/policy"
	"prasan/internal/ropa"
	"prasan/internal/thai"
)

// Status is what the program can say about a row.
type Status string

const (
	Enforced Status = "enforced" // the program obeys it and refuses what contradicts it
	Verified Status = "verified" // a probe has compared it with what is so, and it was so
	Attested Status = "attested" // a person says so; the program cannot know
	External Status = "external" // left to another party by the record itself
	Unknown  Status = "unknown"  // nothing enforces it, and no probe could look
)

// Statuses lists them, the surest first.
var Statuses = []Status{Enforced, Verified, Attested, External, Unknown}

// Class is a kind of drift.
type Class struct {
	Code     string
	Severity string // error | warning
	Duty     policy.Duty
	Text     ropa.Text
}

// Classes are the kinds of drift that probes report. The duty is the row of the form
// that owns the mending.
var Classes = []Class{
	{"D1", "error", policy.DutyTerminate, ropa.Text{TH: "ข้อมูลพ้นกำหนดเก็บแล้วยังไม่ได้ทำลาย", EN: "data kept past its time"}},
	{"D2", "error", policy.DutyGrant, ropa.Text{TH: "สิทธิเข้าถึงไม่ตรงกับที่บันทึกไว้", EN: "access differs from the record"}},
	{"D3", "error", policy.DutyDisclose, ropa.Text{TH: "ส่งข้อมูลไปยังผู้รับที่ไม่ได้บันทึกไว้", EN: "a recipient that is not listed"}},
	{"D4", "error", policy.DutyCollect, ropa.Text{TH: "เก็บข้อมูลที่ไม่ได้บันทึกไว้", EN: "data collected that is not declared"}},
	{"D5", "warning", policy.DutyReview, ropa.Text{TH: "ปริมาณข้อมูลต่างจากที่บันทึกไว้มาก", EN: "volume far from what is declared"}},
	{"D6", "warning", policy.DutyReview, ropa.Text{TH: "มีระบบหรือการเชื่อมต่อที่ไม่ได้บันทึกไว้", EN: "a system or connection that is not listed"}},
	{"D7", "error", policy.DutyCollect, ropa.Text{TH: "เว็บไซต์ใช้คุกกี้หรือสคริปต์ที่ไม่ได้บันทึกไว้", EN: "a cookie or script that is not declared"}},
	{"D8", "warning", policy.DutyReview, ropa.Text{TH: "พ้นกำหนดทบทวนหรือตรวจติดตาม", EN: "review or monitoring overdue"}},
	{"D9", "warning", policy.DutyStore, ropa.Text{TH: "ไม่ได้สำรองข้อมูลหรือซ้อมกู้คืนตามรอบ", EN: "backup or restore drill stale"}},
	{"D10", "error", policy.DutyReview, ropa.Text{TH: "คำประกาศที่แสดงไม่ตรงกับบันทึกที่ใช้อยู่", EN: "the notice shown is not that of the record in force"}},
	{"D11", "error", policy.DutyDisclose, ropa.Text{TH: "มีการส่งข้อมูลไปต่างประเทศที่ไม่ได้บันทึกไว้", EN: "a transfer abroad that is not listed"}},
	{"D12", "warning", policy.DutyClassify, ropa.Text{TH: "พบข้อมูลอ่อนไหวในข้อความ", EN: "sensitive data in free text"}},
	{"D13", "warning", policy.DutyReview, ropa.Text{TH: "ข้อความในบันทึกขัดแย้งกันเอง", EN: "the record contradicts itself"}},
	{"D14", "warning", policy.DutyInspect, ropa.Text{TH: "มีการดำเนินงานนอกขั้นตอนที่บันทึกไว้", EN: "work outside the declared flow"}},
	{"D15", "warning", policy.DutyReview, ropa.Text{TH: "เอกสารที่อ้างถึงไม่มีในคลังหรือสิ้นผลแล้ว", EN: "a document that is cited is not in the library, or no longer holds"}},
}

// ClassOf returns a class by its code.
func ClassOf(code string) (Class, bool) {
	i := slices.IndexFunc(Classes, func(c Class) bool { return c.Code == code })
	if i < 0 {
		return Class{}, false
	}
	return Classes[i], true
}

// Subject is what a probe looks at: an activity as it is in force.
type Subject struct {
	Snapshot *policy.Snapshot
	Record   *ropa.Revision
	Now      time.Time

	once *memory // of the report that is being made
}

// Seen is what a probe saw. Checked is how much it looked at, Wrong how much of that was
// not as declared; Names say which, without personal data.
type Seen struct {
	Known   bool   // false: it could not look, or there was nothing yet
	Why     string // it cannot look and never will; the text is truth.reason-WHY
	Checked int64
	Wrong   int64
	Names   []string
	At      time.Time // of the observation, where it is older than the report
}

// Probe compares rows of the form with what is so. Its text is truth.probe-ID.
type Probe struct {
	ID         string
	Activities []string // none: all
	Rows       []string
	Class      string // of the drift when something is wrong
	Weak       bool   // what it sees goes with the row and does not prove it: no row is verified by it
	Look       func(ctx context.Context, s Subject) (Seen, error)
}

// Enforcement is a part of the program that obeys rows of an activity. A row of which no
// part says so is never shown as enforced. Its text is truth.by-ID.
type Enforcement struct {
	ID         string
	Activities []string // none: all
	Rows       []string
	When       func(*policy.Snapshot) bool // it obeys only what the record says then; nil: whatever it says
}

// Evidence is what a status rests on.
type Evidence struct {
	ID      string    `json:"id"` // of the probe or the enforcement
	Kind    string    `json:"kind"`
	At      time.Time `json:"at"`
	Checked int64     `json:"checked"`
	Wrong   int64     `json:"wrong"`
	Names   []string  `json:"names,omitempty"`
}

// Drift is a difference between the record and what is so.
type Drift struct {
	Activity  string     `json:"activity"`
	Field     string     `json:"field"`
	Class     string     `json:"class"`
	Severity  string     `json:"severity"`
	Owner     string     `json:"owner"` // duty of the record
	Probe     string     `json:"probe"`
	Wrong     int64      `json:"wrong"`
	Names     []string   `json:"names,omitempty"`
	Exception *Exception `json:"exception,omitempty"`
}

// Exception accepts a drift for a time, by a person and for a reason.
type Exception struct {
	ID        string    `json:"id"`
	Activity  string    `json:"activity"`
	Field     string    `json:"field"`
	Class     string    `json:"class"`
	Reason    string    `json:"reason"`
	Until     time.Time `json:"until"`
	GrantedBy string    `json:"granted_by"`
	GrantedAt time.Time `json:"granted_at"`
}

// Row is the truth of one row of the form.
type Row struct {
	No       int        `json:"no"`
	Field    string     `json:"field"`
	Title    ropa.Text  `json:"-"`
	Status   Status     `json:"status"`
	Drifting bool       `json:"drifting"`
	Reason   string     `json:"reason,omitempty"` // of what is unknown: no-probe | nothing-yet | what a probe says that cannot look
	Evidence []Evidence `json:"evidence"`
}

// Activity is the truth of one record.
type Activity struct {
	Code     string         `json:"activity"`
	Revision int            `json:"revision"`
	SHA256   string         `json:"sha256"`
	Rows     []Row          `json:"rows"`
	Counts   map[Status]int `json:"counts"`
	Drifting int            `json:"drifting"`
}

// Report is the truth of the register at a moment.
type Report struct {
	At         time.Time      `json:"at"`
	Percent    int            `json:"percent"`
	Counts     map[Status]int `json:"counts"`
	Drifting   int            `json:"drifting"`
	Activities []Activity     `json:"activities"`
	Drift      []Drift        `json:"drift"`
	Claims     []Claim        `json:"claims"`
	Took       time.Duration  `json:"-"`
}

// Deps are the parts a Service works with.
type Deps struct {
	DB     *db.DB
	Audit  *audit.Log
	Jobs   *jobs.Queue
	Now    func() time.Time
	Record func(activity string) *policy.Snapshot
	// Body is the typed record of a revision.
	Body func(ctx context.Context, activity string, revision int) (*ropa.Revision, error)
}

// Service makes reports. Features add their probes and enforcements when they are wired.
type Service struct {
	Deps
	activities   []string
	probes       []Probe
	enforcements []Enforcement
	claims       []func(ctx context.Context, s Subject) ([]Claim, error)
	before       []func(ctx context.Context) error // each report that is kept
}

// New makes a service for some activities.
func New(d Deps, activities ...string) *Service { return &Service{Deps: d, activities: activities} }

// Add adds probes.
func (s *Service) Add(p ...Probe) { s.probes = append(s.probes, p...) }

// Enforces says what parts of the program obey.
func (s *Service) Enforces(e ...Enforcement) { s.enforcements = append(s.enforcements, e...) }

// Register has a report made and kept every night.
func (s *Service) Register() {
	s.Jobs.Every("truth.report", jobs.Daily(thai.Bangkok, 3, 20), func(ctx context.Context, _ jobs.Job) error { _, err := s.Keep(ctx); return err })
}

func concerns(list []string, activity string) bool {
	return len(list) == 0 || slices.Contains(list, activity)
}

// Report looks at everything now.
func (s *Service) Report(ctx context.Context) (Report, error) {
	began := time.Now()
	out := Report{At: s.Now(), Counts: map[Status]int{}, Activities: []Activity{}, Drift: []Drift{}, Claims: []Claim{}}
	exceptions, err := s.Exceptions(ctx)
	if err != nil {
		return out, err
	}
	good, speakable, once := 0, 0, &memory{}
	for _, code := range s.activities {
		snap := s.Record(code)
		if snap == nil {
			continue
		}
		rev, err := s.Body(ctx, code, snap.Revision)
		if err != nil {
			return out, err
		}
		sub := Subject{snap, rev, out.At, once}
		a, drift, err := s.activity(ctx, sub, exceptions)
		if err != nil {
			return out, err
		}
		for _, r := range a.Rows {
			out.Counts[r.Status]++
			if r.Status == External || r.Status == Attested {
				continue
			}
			speakable++
			if !r.Drifting && r.Status != Unknown {
				good++
			}
		}
		out.Drifting += a.Drifting
		out.Activities = append(out.Activities, a)
		out.Drift = append(out.Drift, drift...)
	}
	if speakable > 0 {
		out.Percent = good * 100 / speakable
	}
	out.Claims, err = s.impossible(ctx, out.At)
	out.Took = time.Since(began)
	return out, err
}

func (s *Service) activity(ctx context.Context, sub Subject, exceptions []Exception) (Activity, []Drift, error) {
	a := Activity{Code: sub.Snapshot.Activity, Revision: sub.Snapshot.Revision, SHA256: sub.Snapshot.SHA256, Counts: map[Status]int{}}
	seen := map[string][]Evidence{}
	unseen, proven, why := map[string]bool{}, map[string]bool{}, map[string]string{}
	var drift []Drift
	for _, p := range s.probes {
		if !concerns(p.Activities, a.Code) {
			continue
		}
		got, err := p.Look(ctx, sub)
		if err != nil {
			return a, nil, err
		}
		if got.At.IsZero() {
			got.At = sub.Now
		}
		for _, field := range p.Rows {
			if !got.Known {
				unseen[field] = unseen[field] || !p.Weak
				why[field] = cmp.Or(why[field], got.Why)
				continue
			}
			proven[field] = proven[field] || !p.Weak
			seen[field] = append(seen[field], Evidence{p.ID, "probe", got.At, got.Checked, got.Wrong, got.Names})
			if got.Wrong == 0 {
				continue
			}
			class, _ := ClassOf(p.Class)
			d := Drift{Activity: a.Code, Field: field, Class: p.Class, Severity: class.Severity, Owner: string(class.Duty), Probe: p.ID, Wrong: got.Wrong, Names: got.Names}
			for i, e := range exceptions {
				if e.Activity == a.Code && e.Field == field && e.Class == p.Class && e.Until.After(sub.Now) {
					d.Exception = &exceptions[i]
				}
			}
			drift = append(drift, d)
		}
	}
	for _, def := range ropa.Rows {
		r := Row{No: def.No, Field: def.ID, Title: def.Title, Evidence: seen[def.ID]}
		if r.Evidence == nil {
			r.Evidence = []Evidence{}
		}
		wrong, excused := false, true
		for _, d := range drift {
			if d.Field == def.ID {
				wrong = true
				excused = excused && d.Exception != nil
			}
		}
		r.Drifting = wrong && !excused
		var by []Evidence
		for _, e := range s.enforcements {
			if concerns(e.Activities, a.Code) && slices.Contains(e.Rows, def.ID) && (e.When == nil || e.When(sub.Snapshot)) {
				by = append(by, Evidence{ID: e.ID, Kind: "enforcement", At: sub.Now})
			}
		}
		r.Status = status(def, sub.Record.Form.Row(def.ID).State, len(by) > 0, proven[def.ID], unseen[def.ID], wrong)
		if r.Status == Enforced {
			r.Evidence = append(by, r.Evidence...)
		}
		if r.Status == Unknown {
			r.Reason = cmp.Or(why[def.ID], map[bool]string{false: "no-probe", true: "nothing-yet"}[unseen[def.ID]])
		}
		a.Counts[r.Status]++
		if r.Drifting {
			a.Drifting++
		}
		a.Rows = append(a.Rows, r)
	}
	return a, drift, nil
}

// status decides. A row that the form leaves to another is that other's. What is
// enforced is so because a part of this installation says that it obeys the row, never
// because the form's map says that it could be. What a probe has found wrong is at best
// attested: a person has said it, and the evidence is against it.
func status(def ropa.RowDef, state ropa.State, enforced, looked, unseen, wrong bool) Status {
	switch {
	case state == ropa.DelegatedToProvider || state == ropa.RecipientConditions:
		return External
	case enforced:
		return Enforced
	case looked && wrong:
		return Attested
	case looked:
		return Verified
	case def.Target == ropa.Attested || def.Target == ropa.External:
		if def.Target == ropa.External {
			return External
		}
		return Attested
	case unseen:
		return Unknown
	}
	return Unknown
}

// Keep makes a report and keeps it.
func (s *Service) Keep(ctx context.Context) (Report, error) {
	for _, f := range s.before {
		if err := f(ctx); err != nil {
			return Report{}, err
		}
	}
	r, err := s.Report(ctx)
	if err != nil {
		return r, err
	}
	text, err := json.Marshal(r)
	if err != nil {
		return r, err
	}
	return r, s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO truth_reports (id, at, percent, body) VALUES ($1, $2, $3, $4)`, db.NewID(), db.Micros(r.At), r.Percent, string(text)); err != nil {
			return err
		}
		// Two years of nights are enough to see where it goes.
		old := db.Micros(r.At.AddDate(-2, 0, 0))
		if _, err := tx.Exec(`DELETE FROM truth_reports WHERE at < $1`, old); err != nil {
			return err
		}
		for _, counts := range []string{"csp_counts", "text_counts"} {
			if _, err := tx.Exec(`DELETE FROM `+counts+` WHERE day < $1`, old/dayMicros); err != nil {
				return err
			}
		}
		return nil
	})
}

// Last is the report that was kept last; nil when there is none.
func (s *Service) Last(ctx context.Context) (*Report, error) {
	var text string
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT body FROM truth_reports ORDER BY at DESC LIMIT 1`, nil, &text)
	})
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var r Report
	return &r, json.Unmarshal([]byte(text), &r)
}

const maxException = 366 * 24 * time.Hour

// Except accepts a drift until a day, at most a year away; who may approve the review of
// the record (row 31) may.
func (s *Service) Except(ctx context.Context, by policy.Actor, e Exception) (Exception, error) {
	snap := s.Record(e.Activity)
	if snap == nil {
		return e, errs.InvalidField("activity", "error.no-record")
	}
	if d := snap.MayDo(by, policy.DutyReview); !d.Allowed {
		return e, errs.New(errs.Forbidden, "error.forbidden")
	}
	var bad []errs.Field
	if !slices.ContainsFunc(ropa.Rows, func(r ropa.RowDef) bool { return r.ID == e.Field }) {
		bad = append(bad, errs.Field{Name: "field", Key: "truth.error-field"})
	}
	if _, ok := ClassOf(e.Class); !ok {
		bad = append(bad, errs.Field{Name: "class", Key: "truth.error-class"})
	}
	if e.Reason = strings.TrimSpace(e.Reason); e.Reason == "" {
		bad = append(bad, errs.Field{Name: "reason", Key: "truth.error-reason"})
	}
	if now := s.Now(); !e.Until.After(now) || e.Until.Sub(now) > maxException {
		bad = append(bad, errs.Field{Name: "until", Key: "truth.error-until"})
	}
	if len(bad) > 0 {
		return e, errs.InvalidFields(bad)
	}
	e.ID, e.GrantedBy, e.GrantedAt = db.NewID(), by.Account, s.Now()
	return e, s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO truth_exceptions (id, activity, field, class, reason, until_at, granted_by, granted_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			e.ID, e.Activity, e.Field, e.Class, e.Reason, db.Micros(e.Until), e.GrantedBy, db.Micros(e.GrantedAt)); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: by.Account, Action: "truth.except", Object: "activity:" + e.Activity, Body: e})
	})
}

// Exceptions lists those that have not expired.
func (s *Service) Exceptions(ctx context.Context) ([]Exception, error) {
	out := []Exception{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = out[:0]
		rows, err := tx.Query(`SELECT id, activity, field, class, reason, until_at, granted_by, granted_at FROM truth_exceptions WHERE until_at > $1 ORDER BY id`, db.Micros(s.Now()))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var e Exception
			var until, granted int64
			if err := rows.Scan(&e.ID, &e.Activity, &e.Field, &e.Class, &e.Reason, &until, &e.GrantedBy, &granted); err != nil {
				return err
			}
			e.Until, e.GrantedAt = db.Time(until), db.Time(granted)
			out = append(out, e)
		}
		return rows.Err()
	})
	return out, err
}

// Say is evidence in words.
func (e Evidence) Say(lang string) string {
	if e.Kind == "enforcement" {
		return i18n.T(lang, "truth.by-"+e.ID)
	}
	return i18n.T(lang, "truth.probe-"+e.ID, "n", e.Checked, "wrong", e.Wrong)
}
