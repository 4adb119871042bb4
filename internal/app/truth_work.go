package app

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/breach"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/ropa"
	"prasan/internal/truth"
)

const contentElement = processing.Content

// processed is the log of an activity, read once a report: what was collected under the
// revision in force, and what was done in the last year.
func (a *App) processed(ctx context.Context, s truth.Subject) (processing.Observed, error) {
	return truth.Once(s, "processed "+s.Snapshot.RevisionID, func() (processing.Observed, error) {
		return a.Processing.Observe(ctx, s.Snapshot.Activity, s.Snapshot.RevisionID, s.Now.Add(-year))
	})
}

// worked is what cases show of the last year.
func (a *App) worked(ctx context.Context, s truth.Subject) (cases.Observed, error) {
	return truth.Once(s, "worked", func() (cases.Observed, error) { return a.Cases.Observe(ctx, s.Now.Add(-year)) })
}

// views are what the counters of usage show of the last year.
func (a *App) views(ctx context.Context, s truth.Subject) (analytics.Observed, error) {
	return truth.Once(s, "counted", func() (analytics.Observed, error) { return a.Analytics.Observe(ctx, s.Now.Add(-year)) })
}

func (a *App) seeStewards(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	all, err := a.everyone(ctx, s)
	out := truth.Seen{Known: len(s.Record.Controller.Stewards) > 0}
	for _, code := range s.Record.Controller.Stewards {
		out.Checked++
		if !slices.ContainsFunc(all, func(x policy.Actor) bool { return x.Person == code || slices.Contains(x.Positions, code) }) {
			out.Wrong++
			out.Names = append(out.Names, code)
		}
	}
	return out, err
}

func (a *App) seeCollected(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.processed(ctx, s)
	out := truth.Seen{Known: len(o.Collected) > 0}
	for e, n := range o.Collected {
		out.Checked += n
		if e != contentElement && !slices.ContainsFunc(s.Snapshot.Elements, func(x policy.Element) bool { return x.Code == e }) {
			out.Wrong += n
			out.Names = append(out.Names, e)
		}
	}
	slices.Sort(out.Names)
	return out, err
}

// seePurposes looks at what data was opened for in the last year.
func (a *App) seePurposes(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.processed(ctx, s)
	uses := o.Purposes
	if len(uses) == 0 { // nobody opens what is counted of visits; it is collected for a purpose
		uses = o.For
	}
	out := truth.Seen{Known: len(uses) > 0}
	for p, n := range uses {
		out.Checked += n
		if !s.Snapshot.HasPurpose(p) {
			out.Wrong += n
			out.Names = append(out.Names, p)
		}
	}
	slices.Sort(out.Names)
	return out, err
}

// seeAccess looks whether those whom the record names are somebody, and how many read.
func (a *App) seeAccess(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	all, err := a.everyone(ctx, s)
	out := truth.Seen{Known: len(s.Snapshot.Access) > 0}
	for _, x := range all {
		if slices.ContainsFunc(s.Snapshot.Purposes, func(p policy.Purpose) bool { return s.Snapshot.MayRead(x, p.Code).Allowed }) {
			out.Checked++
		}
	}
	if out.Checked == 0 {
		out.Wrong = 1 // nobody could do the work
	}
	return out, err
}

// seeRoles looks for accounts that both administer and do, or watch, the work.
func (a *App) seeRoles(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	all, err := a.everyone(ctx, s)
	out := truth.Seen{Known: true, Checked: int64(len(all))}
	for _, x := range all {
		apart := slices.Contains(x.Roles, "admin") && slices.ContainsFunc(x.Roles, func(r string) bool { return r == "dpo" || r == "auditor" })
		if apart || slices.Contains(x.Roles, "auditor") && slices.Contains(x.Roles, "officer") {
			out.Wrong++
			out.Names = append(out.Names, x.Account)
		}
	}
	return out, err
}

// farFrom tells whether what was seen is less than half of the declared volume, or more
// than double.
func farFrom(r *ropa.Revision, seen int64) bool {
	declared := int64(r.Volume.Declared)
	return seen*2 < declared || seen > declared*2
}

// denied counts the answers of a record that data is not made, kept or used here.
func denied(r *ropa.Revision) (n int64) {
	for _, x := range []ropa.Answer{r.CSU.Create, r.CSU.Store, r.CSU.Use} {
		if x == ropa.NoWay {
			n++
		}
	}
	return n
}

// seeVolume compares the declared volume with that of the last year.
func (a *App) seeVolume(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.worked(ctx, s)
	out := truth.Seen{Known: s.Record.Volume.Declared > 0 && o.Volume > 0, Checked: o.Volume}
	if farFrom(s.Record, o.Volume) {
		out.Wrong = 1
	}
	return out, err
}

// seeKept: data of the activity is made, kept and used here.
func (a *App) seeKept(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.worked(ctx, s)
	return truth.Seen{Known: o.Volume > 0, Checked: o.Volume, Wrong: denied(s.Record)}, err
}

func (a *App) seeOverdue(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	out := truth.Seen{Known: true}
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		out.Checked, out.Wrong, out.Names = 0, 0, nil
		for _, h := range a.holders() {
			// What is due waits for the round at the end of the year, and its survey.
			due, err := h.Count(tx, s.Now)
			if err != nil {
				return err
			}
			late, err := h.Count(tx, s.Now.Add(-year-time.Duration(a.Config.Terms.SurveyDays)*24*time.Hour))
			if err != nil {
				return err
			}
			for _, n := range due {
				out.Checked += int64(n)
			}
			for agency, n := range late {
				out.Wrong += int64(n)
				if n > 0 {
					out.Names = append(out.Names, agency)
				}
			}
		}
		slices.Sort(out.Names)
		return nil
	})
	return out, err
}

func (a *App) seeReview(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	tasks, err := a.Register.ReviewTasks(ctx)
	if err != nil {
		return truth.Seen{}, err
	}
	for _, t := range tasks {
		if t.Activity == s.Snapshot.Activity {
			out := truth.Seen{Known: true, Checked: 1, At: t.From}
			if t.Due.Before(s.Now) {
				out.Wrong = 1
			}
			return out, nil
		}
	}
	return truth.Seen{}, nil
}

func (a *App) seeMonitoring(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	if s.Snapshot.Monitoring.IsZero() {
		return truth.Seen{}, nil
	}
	list, err := a.Retention.Monitorings(ctx, s.Snapshot.Activity, 1)
	if err != nil || len(list) == 0 {
		return truth.Seen{}, err
	}
	out := truth.Seen{Known: true, Checked: 1, At: list[0].At}
	// A report is made when its period is over, so the next is due a period later.
	if s.Snapshot.Monitoring.Next(s.Snapshot.Monitoring.Next(list[0].At)).Before(s.Now) {
		out.Wrong = 1
	}
	return out, nil
}

// seeFlow looks whether each event of a case belongs to a step of the declared flow.
func (a *App) seeFlow(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.worked(ctx, s)
	out := truth.Seen{Known: len(o.Steps) > 0 && len(s.Record.Flow.Steps) > 0}
	for step, n := range o.Steps {
		out.Checked += n
		if !slices.ContainsFunc(s.Record.Flow.Steps, func(x ropa.Step) bool { return int64(x.No) == step }) {
			out.Wrong += n
		}
	}
	return out, err
}

// seeDisclosures looks whether each disclosure went to a body that the record in force
// lists.
func (a *App) seeDisclosures(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	out := truth.Seen{}
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		out = truth.Seen{}
		return tx.Each(`SELECT to_agency, COUNT(*) FROM disclosures GROUP BY to_agency ORDER BY to_agency`, nil, func(rows *sql.Rows) error {
			var to string
			var n int64
			if err := rows.Scan(&to, &n); err != nil {
				return err
			}
			out.Known = true
			out.Checked += n
			if !slices.ContainsFunc(s.Snapshot.Recipients, func(r policy.Recipient) bool { return r.Org == to || slices.Contains(r.Members, to) }) {
				out.Wrong += n
				out.Names = append(out.Names, to)
			}
			return nil
		})
	})
	return out, err
}

func (a *App) seeDuty(d policy.Duty) func(context.Context, truth.Subject) (truth.Seen, error) {
	return func(ctx context.Context, s truth.Subject) (truth.Seen, error) {
		if len(s.Snapshot.Duties[d]) == 0 {
			return truth.Seen{}, nil
		}
		if !slices.ContainsFunc(s.Snapshot.Duties[d], func(p policy.Principal) bool { return p.Kind != policy.Provider }) {
			return truth.Seen{}, nil // another party's people have no accounts here
		}
		all, err := a.everyone(ctx, s)
		out := truth.Seen{Known: true}
		for _, x := range all {
			if s.Snapshot.MayDo(x, d).Allowed {
				out.Checked++
			}
		}
		if out.Checked == 0 {
			out.Wrong = 1
		}
		return out, err
	}
}

func (a *App) seeLiaison(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	return a.seeNamed(ctx, s, s.Snapshot.Liaison)
}

// seeResponsible looks at those who act on a breach of the highest risk: all of them.
func (a *App) seeResponsible(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	return a.seeNamed(ctx, s, s.Snapshot.ResponsibleAt(breach.HighRisk))
}

// seeNamed counts whom a mail to principals of the record would reach now.
func (a *App) seeNamed(ctx context.Context, s truth.Subject, list []policy.Principal) (truth.Seen, error) {
	out := truth.Seen{Known: len(list) > 0}
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		named, err := org.Named(tx, s.Snapshot, list, s.Record.Controller.Department)
		out.Checked, out.Wrong = int64(len(named)), 0
		if len(named) == 0 {
			out.Wrong = 1
		}
		return err
	})
	return out, err
}
