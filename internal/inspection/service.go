package inspection

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"strconv"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Failed is a check of the truth that did not come out well.
type Failed struct {
	Row    string
	Wrong  int64
	Detail string
}

// Deps are the parts a Service works with.
type Deps struct {
	DB     *db.DB
	Vault  *vault.Vault
	Audit  *audit.Log
	Record func(activity string) *policy.Snapshot
	Failed func(ctx context.Context, activity string) ([]Failed, error)
	Now    func() time.Time
}

// Service is what inspectors do.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

// State is where an inspection stands.
type State string

const (
	Open     State = "open"
	Reported State = "reported"
	Signed   State = "signed" // nothing of the report changes any more
)

// Report is what an inspector found.
type Report struct {
	Looked     string `json:"looked"` // what he has looked at
	Found      string `json:"found"`
	Conclusion string `json:"conclusion"` // good, minor, major
}

// Conclusions from the best to the worst.
var Conclusions = []string{"good", "minor", "major"}

// Point is something that has to be done, by somebody, until a day.
type Point struct {
	No     int
	Text   string
	Owner  string // account
	DueAt  time.Time
	DoneAt time.Time
	DoneBy string
	Done   string // what was done
}

// Inspection is one looking over of an activity of the record.
type Inspection struct {
	ID         string
	Activity   string
	Agency     string
	State      State
	From, To   time.Time
	Inspector  string
	Ground     string
	RevisionID string
	WorkList   WorkList
	Report     Report
	Points     []Point
	OpenedAt   time.Time
	ReportedAt time.Time
	SignedAt   time.Time
	Signature  []byte
	Version    int64
}

// inspector tells whether the record names somebody for this, and on which ground.
func (s *Service) inspector(a policy.Actor, activity string) (ground, revision string, err error) {
	snap := s.Record(activity)
	if snap == nil {
		return "", "", errs.New(errs.Unavailable, "error.no-record")
	}
	d := snap.MayDo(a, policy.DutyInspect)
	if !d.Allowed {
		return "", "", errs.New(errs.Forbidden, "error.not-inspector")
	}
	return d.Ground, snap.RevisionID, nil
}

// MayInspect tells whether the record names somebody as an inspector.
func (s *Service) MayInspect(a policy.Actor, activity string) bool {
	_, _, err := s.inspector(a, activity)
	return err == nil
}

// maxPeriod is how far back an inspection looks when there was none before.
const maxPeriod = 366 * 24 * time.Hour

// Begin opens an inspection with its work-list, over the time since the last one.
func (s *Service) Begin(ctx context.Context, a policy.Actor, activity string) (Inspection, error) {
	if s.Record(activity) == nil {
		return Inspection{}, errs.InvalidField("activity", "error.no-record")
	}
	ground, revision, err := s.inspector(a, activity)
	if err != nil {
		return Inspection{}, err
	}
	i := Inspection{ID: db.NewID(), Activity: activity, Agency: a.Agency, State: Open, To: s.Now(), Inspector: a.Account, Ground: ground, RevisionID: revision, Version: 1}
	i.From = i.To.Add(-maxPeriod)
	last, err := s.Last(ctx, activity)
	if err != nil {
		return i, err
	}
	if last.After(i.From) {
		i.From = last
	}
	if i.WorkList, err = s.workList(ctx, activity, i.From, i.To); err != nil {
		return i, err
	}
	text, err := json.Marshal(i.WorkList)
	if err != nil {
		return i, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		i.OpenedAt = tx.Now()
		if _, err := tx.Exec(`INSERT INTO inspections (id, activity, agency, state, period_from, period_to, inspector, ground, revision_id, worklist, opened_at) VALUES ($1, $2, $3, 'open', $4, $5, $6, $7, $8, $9, $10)`,
			i.ID, i.Activity, i.Agency, db.Micros(i.From), db.Micros(i.To), i.Inspector, i.Ground, i.RevisionID, string(text), db.Micros(i.OpenedAt)); err != nil {
			return err
		}
		return s.note(tx, a, "begin", i.ID, map[string]any{"activity": activity, "looks": len(i.WorkList.Looks)})
	})
	return i, err
}

func (s *Service) note(tx *db.Tx, a policy.Actor, action, id string, body map[string]any) error {
	return s.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "inspection." + action, Object: "inspection:" + id, Body: body})
}

// Last is when an inspection of an activity was signed last; the zero time for never.
func (s *Service) Last(ctx context.Context, activity string) (time.Time, error) {
	var at int64
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COALESCE(MAX(period_to), 0) FROM inspections WHERE activity = $1 AND state = 'signed'`, []any{activity}, &at)
	})
	return db.Time(at), err
}

// change lets an inspector change an inspection that is not signed yet.
func (s *Service) change(ctx context.Context, a policy.Actor, id, action string, from []State, rule func(tx *db.Tx, i *Inspection) error) (Inspection, error) {
	var done Inspection
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		i, err := one(tx, id, tx.ForUpdate())
		if err != nil {
			return err
		}
		if _, _, err := s.inspector(a, i.Activity); err != nil {
			return err
		}
		ok := false
		for _, f := range from {
			ok = ok || i.State == f
		}
		if !ok {
			return errs.New(errs.Conflict, "error.inspection-state")
		}
		if err := rule(tx, &i); err != nil {
			return err
		}
		report, err := json.Marshal(i.Report)
		if err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE inspections SET state = $1, report = $2, reported_at = $3, signed_at = $4, signature = $5, version = version + 1 WHERE id = $6 AND version = $7`,
			string(i.State), string(report), db.Micros(i.ReportedAt), db.Micros(i.SignedAt), i.Signature, i.ID, i.Version)
		if err == nil && n == 0 {
			err = errs.New(errs.Conflict, "error.conflict")
		}
		if err != nil {
			return err
		}
		done = i
		return s.note(tx, a, action, id, map[string]any{"conclusion": i.Report.Conclusion, "points": len(i.Points)})
	})
	return done, err
}

// Write keeps the report and what has to be done; until it is signed it may be rewritten.
func (s *Service) Write(ctx context.Context, a policy.Actor, id string, r Report, points []Point) (Inspection, error) {
	if err := check(&r, points, s.Now()); err != nil {
		return Inspection{}, err
	}
	return s.change(ctx, a, id, "report", []State{Open, Reported}, func(tx *db.Tx, i *Inspection) error {
		if _, err := tx.Exec(`DELETE FROM inspection_points WHERE inspection_id = $1`, id); err != nil {
			return err
		}
		for n, p := range points {
			p.No = n + 1
			var known int
			if err := tx.QueryRow(`SELECT COUNT(*) FROM accounts WHERE name = $1`, []any{p.Owner}, &known); err != nil {
				return err
			}
			if known == 0 {
				return errs.InvalidField("owner-"+itoa(p.No), "error.account-unknown")
			}
			if _, err := tx.Exec(`INSERT INTO inspection_points (inspection_id, no, text, owner, due_at) VALUES ($1, $2, $3, $4, $5)`, id, p.No, p.Text, p.Owner, db.Micros(p.DueAt)); err != nil {
				return err
			}
			points[n] = p
		}
		i.State, i.Report, i.Points, i.ReportedAt = Reported, r, points, tx.Now()
		return nil
	})
}

func check(r *Report, points []Point, now time.Time) error {
	var bad []errs.Field
	text := func(name string, value *string) {
		clean, err := thai.CleanText(*value, 10_000)
		if err != nil || clean == "" {
			bad = append(bad, errs.Field{Name: name, Key: "error.required"})
		}
		*value = clean
	}
	text("looked", &r.Looked)
	text("found", &r.Found)
	ok := false
	for _, c := range Conclusions {
		ok = ok || c == r.Conclusion
	}
	if !ok {
		bad = append(bad, errs.Field{Name: "conclusion", Key: "error.inspection-conclusion"})
	}
	for i := range points {
		text("point-"+itoa(i+1), &points[i].Text)
		if !points[i].DueAt.After(now) {
			bad = append(bad, errs.Field{Name: "due-" + itoa(i+1), Key: "error.inspection-due"})
		}
	}
	if r.Conclusion == "major" && len(points) == 0 {
		bad = append(bad, errs.Field{Name: "point-1", Key: "error.inspection-points"})
	}
	return errs.InvalidFields(bad)
}

// signed is what the signature covers.
func (i *Inspection) signed() ([]byte, error) {
	return json.Marshal(struct {
		ID, Activity, Revision, Inspector, Ground string
		From, To, Reported                        time.Time
		WorkList                                  WorkList
		Report                                    Report
		Points                                    []Point
	}{i.ID, i.Activity, i.RevisionID, i.Inspector, i.Ground, i.From.UTC(), i.To.UTC(), i.ReportedAt.UTC(), i.WorkList, i.Report, bare(i.Points)})
}

// bare are points without what was done about them, which comes after the signature.
func bare(points []Point) []Point {
	out := []Point{}
	for _, p := range points {
		out = append(out, Point{No: p.No, Text: p.Text, Owner: p.Owner, DueAt: p.DueAt.UTC()})
	}
	return out
}

func (s *Service) key() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(s.Vault.Derive("inspection-signing"))
}

// Sign is the inspector's word under his report; nothing of it changes any more.
func (s *Service) Sign(ctx context.Context, a policy.Actor, id string) (Inspection, error) {
	return s.change(ctx, a, id, "sign", []State{Reported}, func(tx *db.Tx, i *Inspection) error {
		if a.Account != i.Inspector {
			return errs.New(errs.Forbidden, "error.inspection-own")
		}
		text, err := i.signed()
		if err != nil {
			return err
		}
		i.State, i.SignedAt, i.Signature = Signed, tx.Now(), ed25519.Sign(s.key(), text)
		return nil
	})
}

// Verify tells whether a signed report is as it was signed.
func (s *Service) Verify(i Inspection) bool {
	text, err := i.signed()
	return err == nil && i.State == Signed && ed25519.Verify(s.key().Public().(ed25519.PublicKey), text, i.Signature)
}

// Settle notes what was done about a point, by who was to do it, or by an inspector.
func (s *Service) Settle(ctx context.Context, a policy.Actor, id string, no int, what string) error {
	what, err := thai.CleanText(what, 5000)
	if err != nil || what == "" {
		return errs.InvalidField("done", "error.required")
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		i, err := one(tx, id, tx.ForUpdate())
		if err != nil {
			return err
		}
		if no < 1 || no > len(i.Points) || i.State != Signed {
			return errs.New(errs.NotFound, "error.not-found")
		}
		if i.Points[no-1].Owner != a.Account && !s.MayInspect(a, i.Activity) {
			return errs.New(errs.Forbidden, "error.forbidden")
		}
		n, err := tx.Exec(`UPDATE inspection_points SET done_at = $1, done_by = $2, done_text = $3 WHERE inspection_id = $4 AND no = $5 AND done_at = 0`, db.Micros(tx.Now()), a.Account, what, id, no)
		if err == nil && n == 0 {
			err = errs.New(errs.Conflict, "error.conflict")
		}
		if err != nil {
			return err
		}
		return s.note(tx, a, "settle", id, map[string]any{"no": no})
	})
}

// maySee: inspectors of the record, who watches over the installation, and who has a point to settle.
func (s *Service) maySee(a policy.Actor, i *Inspection) bool {
	for _, p := range i.Points {
		if p.Owner == a.Account {
			return true
		}
	}
	all, _ := policy.Reach(a, "log.read")
	return all || s.MayInspect(a, i.Activity)
}

// Get returns an inspection that the actor may know of.
func (s *Service) Get(ctx context.Context, a policy.Actor, id string) (Inspection, error) {
	var i Inspection
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { i, err = one(tx, id, ""); return err })
	if err == nil && !s.maySee(a, &i) {
		return Inspection{}, errs.New(errs.NotFound, "error.not-found")
	}
	return i, err
}

// List returns the inspections that the actor may know of, newest first.
func (s *Service) List(ctx context.Context, a policy.Actor) ([]Inspection, error) {
	var out []Inspection
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		all, err := query(tx, `1 = 1 ORDER BY id DESC LIMIT 200`)
		out = nil
		for k := range all {
			if s.maySee(a, &all[k]) {
				out = append(out, all[k])
			}
		}
		return err
	})
	return out, err
}

// Late counts the points of an activity whose day is over.
func (s *Service) Late(ctx context.Context, activity string, now time.Time) (n int, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM inspection_points WHERE done_at = 0 AND due_at < $1 AND inspection_id IN (SELECT id FROM inspections WHERE activity = $2 AND state = 'signed')`, []any{db.Micros(now), activity}, &n)
	})
	return n, err
}

func one(tx *db.Tx, id, lock string) (Inspection, error) {
	all, err := query(tx, `id = $1`+lock, id)
	if err == nil && len(all) == 0 {
		err = errs.New(errs.NotFound, "error.not-found")
	}
	if err != nil {
		return Inspection{}, err
	}
	return all[0], nil
}

func query(tx *db.Tx, where string, args ...any) ([]Inspection, error) {
	var out []Inspection
	err := tx.Each(`SELECT id, activity, agency, state, period_from, period_to, inspector, ground, revision_id, worklist, report, opened_at, reported_at, signed_at, signature, version FROM inspections WHERE `+where, args, func(rows *sql.Rows) error {
		var i Inspection
		var from, to, opened, reported, signed int64
		var list, report string
		if err := rows.Scan(&i.ID, &i.Activity, &i.Agency, &i.State, &from, &to, &i.Inspector, &i.Ground, &i.RevisionID, &list, &report, &opened, &reported, &signed, &i.Signature, &i.Version); err != nil {
			return err
		}
		i.From, i.To, i.OpenedAt, i.ReportedAt, i.SignedAt = db.Time(from), db.Time(to), db.Time(opened), db.Time(reported), db.Time(signed)
		if err := json.Unmarshal([]byte(list), &i.WorkList); err != nil {
			return err
		}
		out = append(out, i)
		return json.Unmarshal([]byte(report), &out[len(out)-1].Report)
	})
	for k := range out {
		if err != nil {
			return nil, err
		}
		out[k].Points, err = points(tx, out[k].ID)
	}
	return out, err
}

func points(tx *db.Tx, id string) ([]Point, error) {
	out := []Point{}
	err := tx.Each(`SELECT no, text, owner, due_at, done_at, done_by, done_text FROM inspection_points WHERE inspection_id = $1 ORDER BY no`, []any{id}, func(rows *sql.Rows) error {
		var p Point
		var due, done int64
		err := rows.Scan(&p.No, &p.Text, &p.Owner, &due, &done, &p.DoneBy, &p.Done)
		p.DueAt, p.DoneAt = db.Time(due), db.Time(done)
		out = append(out, p)
		return err
	})
	return out, err
}

func itoa(n int) string { return strconv.Itoa(n) }
