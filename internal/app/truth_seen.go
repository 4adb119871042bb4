package app

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/policy"
	"prasan/internal/ropa"
	"prasan/internal/truth"
)

// seeSources: what is counted of visits comes from the visitor and nobody else.
func (a *App) seeSources(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.processed(ctx, s)
	out := truth.Seen{Known: o.Lines > 0, Checked: o.Lines}
	if !slices.ContainsFunc(s.Record.Sources, func(x ropa.Source) bool { return x.Kind == "data_subject" }) {
		out.Wrong = o.Lines
	}
	return out, err
}

// seeViews compares the declared volume of usage with that of the last year.
func (a *App) seeViews(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.views(ctx, s)
	out := truth.Seen{Known: s.Record.Volume.Declared > 0 && o.Views > 0, Checked: o.Views}
	if farFrom(s.Record, o.Views) {
		out.Wrong = 1
	}
	return out, err
}

// seeCounted: counts of visits are made, kept and used here, in a database.
func (a *App) seeCounted(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.views(ctx, s)
	out := truth.Seen{Known: o.Views > 0, Checked: o.Views, Wrong: denied(s.Record)}
	if !slices.ContainsFunc(s.Record.Stores, func(x ropa.Store) bool { return x.Medium == "database" }) {
		out.Wrong++
		out.Names = append(out.Names, "database")
	}
	return out, err
}

// expiryGrace is how late the daily job may be.
const expiryGrace = 2 * 24 * time.Hour

// seeExpired looks for rows of single visits that are kept past the shortest period that
// the record gives to what a visit leaves.
func (a *App) seeExpired(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.views(ctx, s)
	out := truth.Seen{Known: o.Sites > 0, Checked: int64(o.Sites), At: s.Now}
	kept := s.Snapshot.KeptFor("page_path")
	if !o.Oldest.IsZero() && kept.DueAt(o.Oldest).Add(expiryGrace).Before(s.Now) {
		out.Wrong = 1
		out.Names = []string{o.Oldest.UTC().Format(time.DateOnly)}
	}
	return out, err
}

// way is a passage from step to step that cases went, and whether the flow has it.
type way struct {
	From, To, Cases int
	Declared        bool
}

// waysLive is up to how many cases the ways are looked at in every report; beyond that it
// is done at night.
const waysLive = 20000

func (a *App) ways(ctx context.Context, now time.Time, rev *ropa.Revision) ([]way, error) {
	list, _, err := a.Cases.Passages(ctx, now.Add(-year), now)
	var out []way
	for _, p := range list {
		out = append(out, way{p.From, p.To, p.Cases, slices.ContainsFunc(rev.Flow.Edges, func(e ropa.Edge) bool { return e.From == p.From && e.To == p.To })})
	}
	return out, err
}

// observeFlow walks all cases of the last year, which takes long where they are many.
func (a *App) observeFlow(ctx context.Context) error {
	snap := a.Register.Snapshot(cases.Activity)
	if snap == nil {
		return nil
	}
	rev, err := a.Truth.Body(ctx, snap.Activity, snap.Revision)
	if err != nil {
		return err
	}
	list, err := a.ways(ctx, a.Now(), rev)
	if err != nil {
		return err
	}
	return truth.Observe(ctx, a.DB, "flow "+snap.RevisionID, list)
}

// seeWays looks whether cases went from step to step as the flow has it.
func (a *App) seeWays(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.worked(ctx, s)
	if err != nil || o.Cases == 0 || len(s.Record.Flow.Edges) == 0 {
		return truth.Seen{}, err
	}
	var list []way
	var at time.Time
	if o.Cases <= waysLive {
		list, err = a.ways(ctx, s.Now, s.Record)
	} else {
		list, at, err = truth.Observed[[]way](ctx, a.DB, "flow "+s.Snapshot.RevisionID)
		if at.IsZero() {
			return truth.Seen{}, err
		}
	}
	out := truth.Seen{Known: len(list) > 0, At: at}
	for _, w := range list {
		out.Checked += int64(w.Cases)
		if !w.Declared {
			out.Wrong += int64(w.Cases)
			out.Names = append(out.Names, fmt.Sprintf("%d→%d: %d", w.From, w.To, w.Cases))
		}
	}
	return out, err
}

// seeTexts looks at what people wrote into free text in the last year. Data that makes it
// restricted contradicts a record that says it is not; a phone number does not.
func (a *App) seeTexts(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.worked(ctx, s)
	if err != nil {
		return truth.Seen{}, err
	}
	out := truth.Seen{Known: o.Cases > 0, Checked: o.Cases}
	err = a.DB.Read(ctx, func(tx *db.Tx) error {
		found, err := truth.Texts(tx, s.Now.Add(-year))
		out.Wrong, out.Names = 0, nil
		for field, kinds := range found {
			for kind, n := range kinds {
				out.Names = append(out.Names, fmt.Sprintf("%s %s: %d", field, kind, n))
				if slices.Contains(truth.Sensitive, kind) && !s.Snapshot.Class.Restricted {
					out.Wrong += n
				}
			}
		}
		slices.Sort(out.Names)
		return err
	})
	return out, err
}

// seeRestricted looks whether a restricted datum is counted of visits.
func (a *App) seeRestricted(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	return a.seeClass(ctx, s, func(e policy.Element) bool { return e.Class == "restricted" && !s.Snapshot.Class.Restricted })
}

// seeClasses looks whether each datum that was collected has a class, and one that the
// answers to rows 14, 15 and 18 allow.
func (a *App) seeClasses(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	return a.seeClass(ctx, s, func(e policy.Element) bool {
		allowed := map[string]bool{"restricted": s.Snapshot.Class.Restricted, "internal": s.Snapshot.Class.Internal, "public": s.Snapshot.Class.Public}
		return !allowed[e.Class]
	})
}

// seePublic says what nothing here can see: where the record holds that the data of cases
// may be shown to everybody, whether that is so is a judgement of theirs who made it, and
// the program shows none from which it could be seen. Where it may not be shown, that
// none is shown is enforced.
func (a *App) seePublic(_ context.Context, s truth.Subject) (truth.Seen, error) {
	if s.Snapshot.Class.Public {
		return truth.Seen{Why: "judged"}, nil
	}
	return truth.Seen{}, nil
}

// seePublicData compares row 18 with the classes of the data that was collected: where it
// says no, none is public; where it says yes, one at least is, or there is nothing of which
// it would be true. That they agree does not make the data public.
func (a *App) seePublicData(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	public := 0
	out, err := a.seeClass(ctx, s, func(e policy.Element) bool {
		if e.Class == "public" {
			public++
		}
		return e.Class == "public" && !s.Snapshot.Class.Public
	})
	if s.Snapshot.Class.Public && public == 0 {
		out.Wrong = out.Checked
	}
	return out, err
}

func (a *App) seeClass(ctx context.Context, s truth.Subject, wrong func(policy.Element) bool) (truth.Seen, error) {
	o, err := a.processed(ctx, s)
	out := truth.Seen{Known: o.Lines > 0}
	for _, e := range s.Snapshot.Elements {
		if o.Collected[e.Code] == 0 {
			continue
		}
		out.Checked++
		if wrong(e) {
			out.Wrong++
			out.Names = append(out.Names, e.Code)
		}
	}
	return out, err
}

// seeConnections looks for ways by which data of other bodies comes in as their own: the
// program has none but letters, whose content is the answer to a case. Where the record
// says that nothing is collected from others, that is so.
func (a *App) seeConnections(_ context.Context, s truth.Subject) (truth.Seen, error) {
	state := s.Record.Form.Row("duty.collect").State
	if state != ropa.None && state != ropa.No && state != ropa.NotApplicable {
		return truth.Seen{}, nil // somebody is named: the probe of the duty looks for him
	}
	return truth.Seen{Known: true, Checked: int64(len(cases.Channels))}, nil
}

// seeLeavers looks for accounts and tokens that nobody should have any more.
func (a *App) seeLeavers(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	all, err := a.everyone(ctx, s)
	if err != nil {
		return truth.Seen{}, err
	}
	out, err := truth.Once(s, "leavers", func() (truth.Seen, error) {
		var out truth.Seen
		list, err := a.Review.Leavers(ctx)
		for _, l := range list {
			out.Wrong++
			if !slices.Contains(out.Names, l.Account) {
				out.Names = append(out.Names, l.Account)
			}
		}
		return out, err
	})
	out.Known, out.Checked = true, int64(len(all))
	return out, err
}

// seeAccessReview looks whether the last review was attested in time.
func (a *App) seeAccessReview(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	list, err := a.Review.List(ctx)
	for _, r := range list {
		if r.Activity != s.Snapshot.Activity {
			continue
		}
		out := truth.Seen{Known: true, Checked: 1, At: r.AttestedAt}
		if r.AttestedAt.IsZero() {
			out.At = s.Now
			if r.DueAt.Before(s.Now) {
				out.Wrong, out.Names = 1, []string{r.Period}
			} else {
				out.Known = false // it is on its way
			}
		} else if !a.Review.Verify(r) {
			out.Wrong, out.Names = 1, []string{r.Period}
		}
		return out, err
	}
	return truth.Seen{}, err
}

// seeAuthenticators counts who could sign in with a password alone.
func (a *App) seeAuthenticators(ctx context.Context, _ truth.Subject) (truth.Seen, error) {
	out := truth.Seen{Known: true}
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		out.Names = nil
		if err := tx.QueryRow(`SELECT COUNT(*), COUNT(CASE WHEN totp_sealed IS NULL AND must_change = FALSE THEN 1 END) FROM accounts WHERE disabled = FALSE`, nil, &out.Checked, &out.Wrong); err != nil || out.Wrong == 0 {
			return err
		}
		return tx.Each(`SELECT name FROM accounts WHERE disabled = FALSE AND totp_sealed IS NULL AND must_change = FALSE ORDER BY name LIMIT 50`, nil, func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			out.Names = append(out.Names, name)
			return err
		})
	})
	return out, err
}
