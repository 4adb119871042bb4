package analytics

import (
	"cmp"
	"context"
	"slices"
	"time"

	"prasan/internal/analytics/ga"
	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// Dimensions of Google's figures, as they are stored.
var googleDims = map[string]string{"day": ga.ByDay, "page": ga.ByPage, "channel": ga.ByChannel}

const (
	// fetchBack is how far back reports are fetched again each time: Google's figures
	// of a day change for up to three days.
	fetchBack  = 5
	fetchFirst = 90 // days, the first time
)

// FetchGoogle fetches Google's own figures of a site. Nothing of anybody goes there, but
// a record that lists no such recipient keeps the program from calling it at all.
func (s *Service) FetchGoogle(ctx context.Context, host string) error {
	g := s.googleSite(host)
	if s.Google == nil || len(g.account) == 0 {
		return nil
	}
	if _, d := s.transfer(); !d.Allowed {
		return nil
	}
	var last int64
	try := false
	err := s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		if try, err = s.mayTry(tx, host, TaskReport); !try {
			return err
		}
		if err := tx.QueryRow(`SELECT COALESCE(MAX(day), 0) FROM google_figures WHERE host = $1 AND dim = 'day' AND origin = 'report'`, []any{host}, &last); err != nil {
			return err
		}
		return hold(tx, host, TaskReport)
	})
	if err != nil || !try {
		return err
	}
	to := dayOf(db.Micros(s.Now()))
	from := to - fetchFirst
	if last > 0 {
		from = min(last, to) - fetchBack
	}
	p, err := s.property(g)
	if err != nil {
		return err
	}
	fetched := map[string][]ga.Row{}
	for dim, name := range googleDims {
		rows, err := s.Google.Report(ctx, p, dayTime(from), dayTime(to), name)
		if err != nil {
			return s.failed(ctx, host, TaskReport, ga.TroubleOf(err))
		}
		fetched[dim] = rows
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		for dim, rows := range fetched {
			if _, err := tx.Exec(`DELETE FROM google_figures WHERE host = $1 AND dim = $2 AND day >= $3 AND day <= $4`, host, dim, from, to); err != nil {
				return err
			}
			if err := putFigures(tx, host, dim, "report", rows); err != nil {
				return err
			}
		}
		return worked(tx, host, TaskReport, 1)
	})
}

// AskGoogle has the reports of a site fetched now.
func (s *Service) AskGoogle(ctx context.Context, actor policy.Actor, host string) error {
	g, err := s.GoogleOf(actor, host)
	if err != nil {
		return err
	}
	if agency, _ := s.agencyOf(g.Host); !s.may(actor, ActionAdmin, agency) {
		return errs.New(errs.Forbidden, "error.forbidden")
	}
	if len(g.account) == 0 {
		return errs.InvalidField("account", "analytics.error-google-account")
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		x, err := googleState(tx, g.Host, TaskReport)
		if err != nil {
			return err
		}
		x.NextAt = time.Time{}
		if err := putState(tx, g.Host, x); err != nil {
			return err
		}
		if err := s.Jobs.Enqueue(tx, jobGoogle(TaskReport), googleJob{g.Host}); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: actor.Account, Action: "google.fetch", Object: "site:" + g.Host})
	})
}

const (
	figureHead = `INSERT INTO google_figures (host, dim, day, term, origin, views, users, sessions) VALUES `
	figureTail = ` ON CONFLICT (host, dim, day, term) DO UPDATE SET origin = excluded.origin, views = excluded.views, users = excluded.users, sessions = excluded.sessions`
)

// maxFigureTerm bounds a page or a channel of theirs, in runes.
const maxFigureTerm = 300

func putFigures(tx *db.Tx, host, dim, origin string, rows []ga.Row) error {
	sum := map[figureKey]ga.Row{}
	for _, r := range rows {
		k := figureKey{r.Day.Unix() / 86400, line(r.Term, maxFigureTerm)}
		x := sum[k]
		x.Views, x.Users, x.Sessions = x.Views+r.Views, x.Users+r.Users, x.Sessions+r.Sessions
		sum[k] = x
	}
	args := make([][]any, 0, len(sum))
	for k, r := range sum {
		args = append(args, []any{host, dim, k.day, k.term, origin, r.Views, r.Users, r.Sessions})
	}
	slices.SortFunc(args, func(a, b []any) int {
		return cmp.Or(cmp.Compare(a[2].(int64), b[2].(int64)), cmp.Compare(a[3].(string), b[3].(string)))
	})
	return bulk(tx, figureHead, figureTail, args, func(all []any, one *[]any) []any { return append(all, *one...) })
}

type figureKey struct {
	day  int64
	term string
}

// GoogleFigures are what Google says of a period, beside what is counted here.
type GoogleFigures struct {
	Sites           int // of those that were asked for, how many have any
	First, Last     int64
	Imported        bool // some of it comes from a file
	Views           int64
	Users, Sessions int64
	Days            []GoogleDay
	Pages, Channels []Line // views, users, sessions
}

// GoogleDay is a day of both.
type GoogleDay struct{ Day, Views, Users, Sessions int64 }

// GoogleReport sums Google's figures of a period; ok is false where there are none.
// Theirs cannot be filtered, so with filters there are none.
func (s *Service) GoogleReport(ctx context.Context, actor policy.Actor, q Query) (out GoogleFigures, ok bool, err error) {
	if err := q.check(); err != nil || len(q.Filters) > 0 {
		return out, false, err
	}
	hosts := q.Hosts
	readable := s.Readable(actor)
	if len(hosts) == 0 {
		hosts = readable
	}
	days := map[int64]*GoogleDay{}
	lines := map[string]map[string]*GoogleDay{"page": {}, "channel": {}}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out = GoogleFigures{}
		clear(days)
		for _, l := range lines {
			clear(l)
		}
		for _, h := range hosts {
			if !slices.Contains(readable, h) {
				return errs.InvalidField("site", "analytics.error-site", "host", h)
			}
			found := false
			err := tx.Each(`SELECT dim, day, term, origin, views, users, sessions FROM google_figures WHERE host = $1 AND day >= $2 AND day <= $3`, []any{h, q.From, q.To}, func(rows rowScanner) error {
				var dim, term, origin string
				var d GoogleDay
				if err := rows.Scan(&dim, &d.Day, &term, &origin, &d.Views, &d.Users, &d.Sessions); err != nil {
					return err
				}
				found = true
				out.Imported = out.Imported || origin == "import"
				if dim == "day" {
					addDay(days, d.Day, d)
				} else if l := lines[dim]; l != nil {
					addDay(l, term, d)
				}
				return nil
			})
			if err != nil {
				return err
			}
			if found {
				out.Sites++
			}
		}
		return nil
	})
	if err != nil || out.Sites == 0 {
		return out, false, err
	}
	out.sum(days, lines, q.Limit)
	return out, true, nil
}

func addDay[K comparable](into map[K]*GoogleDay, k K, d GoogleDay) {
	x := into[k]
	if x == nil {
		x = &GoogleDay{Day: d.Day}
		into[k] = x
	}
	x.Views, x.Users, x.Sessions = x.Views+d.Views, x.Users+d.Users, x.Sessions+d.Sessions
}

func (g *GoogleFigures) sum(days map[int64]*GoogleDay, lines map[string]map[string]*GoogleDay, limit int) {
	for _, d := range days {
		g.Days = append(g.Days, *d)
		g.Views, g.Users, g.Sessions = g.Views+d.Views, g.Users+d.Users, g.Sessions+d.Sessions
	}
	slices.SortFunc(g.Days, func(a, b GoogleDay) int { return cmp.Compare(a.Day, b.Day) })
	if len(g.Days) > 0 {
		g.First, g.Last = g.Days[0].Day, g.Days[len(g.Days)-1].Day
	}
	for dim, into := range map[string]*[]Line{"page": &g.Pages, "channel": &g.Channels} {
		for term, d := range lines[dim] {
			*into = append(*into, Line{Label: term, Values: []float64{float64(d.Views), float64(d.Users), float64(d.Sessions)}})
		}
		slices.SortFunc(*into, func(a, b Line) int {
			return cmp.Or(cmp.Compare(b.Values[0], a.Values[0]), cmp.Compare(a.Label, b.Label))
		})
		if limit > 0 && len(*into) > limit {
			*into = (*into)[:limit]
		}
	}
}
