package retention

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/json"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// Monitoring is one check of what is past its time (row 50): made every month or year
// as the record says, also when nothing is due, and signed by an inspector of row 30.
type Monitoring struct {
	ID         string
	Activity   string
	Period     string // 2026-11, or 2026
	At         time.Time
	RevisionID string
	Body       Findings
	SignedBy   string
	SignedAt   time.Time
}

// Findings is what a check found.
type Findings struct {
	Activity string         `json:"activity"`
	Period   string         `json:"period"`
	Revision string         `json:"revision"`
	At       time.Time      `json:"at"`
	Due      map[string]int `json:"due"`     // by kind: past the due date
	Overdue  map[string]int `json:"overdue"` // by kind: past the round in which it should have gone
	Agencies map[string]int `json:"agencies"`
	Held     int            `json:"held"`
}

func (s *Service) registerTasks(activities []string) {
	s.Jobs.Every("retention.daily", jobs.Daily(thai.Bangkok, 1, 30), func(ctx context.Context, _ jobs.Job) error {
		for _, activity := range activities {
			if _, err := s.Monitor(ctx, activity); err != nil {
				return err
			}
			if _, err := s.OpenRounds(ctx, activity); err != nil {
				return err
			}
		}
		return nil
	})
}

// period names the span of a cycle in which t lies.
func period(t time.Time, c policy.Cycle) string {
	l := t.In(thai.Bangkok)
	if c.Years > 0 {
		return l.Format("2006")
	}
	return l.Format("2006-01")
}

// Monitor makes the check of the present period if it is not made yet; made tells.
func (s *Service) Monitor(ctx context.Context, activity string) (made bool, err error) {
	snap := s.Record(activity)
	if snap == nil || snap.Monitoring.IsZero() {
		return false, nil
	}
	at := period(s.Now(), snap.Monitoring)
	var f Findings
	// Counting takes a while over very many; nobody who writes waits for it.
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		f = Findings{Activity: activity, Period: at, Revision: snap.RevisionID, At: tx.Now(), Due: map[string]int{}, Overdue: map[string]int{}, Agencies: map[string]int{}}
		if made, err = isMade(tx, activity, at); err != nil || made {
			return err
		}
		return s.count(tx, snap, &f)
	})
	if err == nil && !made {
		err = s.countPassing(ctx, snap, &f)
	}
	if err != nil || made {
		return false, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		before, err := isMade(tx, activity, at)
		if made = err == nil && !before; !made {
			return err
		}
		return s.keep(tx, f)
	})
	return made, err
}

func isMade(tx *db.Tx, activity, period string) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM monitorings WHERE activity = $1 AND period = $2`, []any{activity, period}, &n)
	return n > 0, err
}

func (s *Service) count(tx *db.Tx, snap *policy.Snapshot, f *Findings) error {
	// What was due at the end of the year before last should have gone in last year's round.
	late := snap.Retention.YearEnd(snap.Retention.YearOver(tx.Now()) - 1)
	for _, h := range s.of(f.Activity) {
		due, err := h.Count(tx, tx.Now())
		if err != nil {
			return err
		}
		for agency, n := range due {
			f.Due[h.Kind()] += n
			f.Agencies[agency] += n
		}
		overdue, err := h.Count(tx, late)
		if err != nil {
			return err
		}
		for _, n := range overdue {
			f.Overdue[h.Kind()] += n
		}
	}
	return tx.QueryRow(`SELECT COUNT(*) FROM holds WHERE released_at = 0`, nil, &f.Held)
}

func (s *Service) countPassing(ctx context.Context, snap *policy.Snapshot, f *Findings) error {
	late := snap.Retention.YearEnd(snap.Retention.YearOver(f.At) - 1)
	for _, p := range s.Passing {
		if p.Activity != f.Activity {
			continue
		}
		due, err := p.Count(ctx, f.At)
		if err != nil {
			return err
		}
		overdue, err := p.Count(ctx, late)
		if err != nil {
			return err
		}
		for agency, n := range due {
			f.Due[p.Kind] += n
			f.Agencies[agency] += n
		}
		for _, n := range overdue {
			f.Overdue[p.Kind] += n
		}
	}
	return nil
}

func (s *Service) keep(tx *db.Tx, f Findings) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	id := db.NewID()
	if _, err := tx.Exec(`INSERT INTO monitorings (id, activity, period, at, revision_id, body, signature) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		id, f.Activity, f.Period, db.Micros(f.At), f.Revision, string(text), ed25519.Sign(s.key(), text)); err != nil {
		return err
	}
	return s.Audit.Append(tx, audit.Event{Actor: "system", Action: "monitoring.make", Object: "monitoring:" + f.Activity, Body: map[string]any{"period": f.Period, "due": f.Due, "overdue": f.Overdue}})
}

// Monitorings lists the checks of an activity, newest first.
func (s *Service) Monitorings(ctx context.Context, activity string, limit int) ([]Monitoring, error) {
	var out []Monitoring
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT id, activity, period, at, revision_id, body, signed_by, signed_at FROM monitorings WHERE activity = $1 ORDER BY at DESC LIMIT $2`, []any{activity, limit}, func(rows *sql.Rows) error {
			var m Monitoring
			var at, signed int64
			var body string
			if err := rows.Scan(&m.ID, &m.Activity, &m.Period, &at, &m.RevisionID, &body, &m.SignedBy, &signed); err != nil {
				return err
			}
			m.At, m.SignedAt = db.Time(at), db.Time(signed)
			out = append(out, m)
			return json.Unmarshal([]byte(body), &out[len(out)-1].Body)
		})
	})
	return out, err
}

// Sign is an inspector's word that he has seen a check (row 30).
func (s *Service) Sign(ctx context.Context, a policy.Actor, id string) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		var activity, signed string
		if err := tx.QueryRow(`SELECT activity, signed_by FROM monitorings WHERE id = $1`+tx.ForUpdate(), []any{id}, &activity, &signed); err != nil {
			return err
		}
		snap := s.Record(activity)
		if snap == nil || !snap.MayDo(a, policy.DutyInspect).Allowed {
			return errs.New(errs.Forbidden, "error.not-inspector")
		}
		if signed != "" {
			return errs.New(errs.Conflict, "error.conflict")
		}
		if _, err := tx.Exec(`UPDATE monitorings SET signed_by = $1, signed_at = $2 WHERE id = $3`, a.Account, db.Micros(tx.Now()), id); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "monitoring.sign", Object: "monitoring:" + activity})
	})
}
