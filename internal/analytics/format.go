package analytics

import (
	"context"
	"slices"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/mail"
	"prasan/internal/policy"
)

// Format is the form of a report (รูปแบบของรายงาน): what is in it, of which sites, over which
// span. Each change is a version.
type Format struct {
	Name    string   `json:"name"`
	Widgets []string `json:"widgets"`
	Hosts   []string `json:"hosts,omitempty"`
	Filters []Filter `json:"filters,omitempty"`
	Span    string   `json:"span"` // one of Spans: the last whole one
	Compare string   `json:"compare,omitempty"`
}

// Spans are the periods of reports.
var Spans = []string{"day", "week", "month", "quarter", "year"}

// Period is the last whole span before a day: weeks from Monday, years of the calendar.
func Period(span string, today int64) (from, to int64) {
	t := dayTime(today)
	begin := func(year int, month time.Month) int64 {
		return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC).Unix() / 86400
	}
	switch span {
	case "week":
		monday := today - int64(t.Weekday()+6)%7
		return monday - 7, monday - 1
	case "month":
		return begin(t.Year(), t.Month()-1), begin(t.Year(), t.Month()) - 1
	case "quarter":
		first := (t.Month()-1)/3*3 + 1
		return begin(t.Year(), first-3), begin(t.Year(), first) - 1
	case "year":
		return begin(t.Year()-1, 1), begin(t.Year(), 1) - 1
	}
	return today - 1, today - 1
}

func (s *Service) checkFormat(actor policy.Actor, f *Format) (agency string, err error) {
	q := Query{Filters: f.Filters, Compare: f.Compare}
	if err := named(&f.Name, q.check()); err != nil {
		return "", err
	}
	if !slices.Contains(Spans, f.Span) {
		return "", errs.InvalidField("span", "analytics.error-span")
	}
	if len(f.Widgets) == 0 || len(f.Widgets) > len(Widgets) {
		return "", errs.InvalidField("widgets", "error.required")
	}
	for _, w := range f.Widgets {
		x, ok := widgets[w]
		if !ok {
			return "", errs.InvalidField("widgets", "analytics.error-report", "known", w)
		}
		if len(f.Filters) > 0 && x.raw == "" {
			return "", errs.InvalidField("widgets", "analytics.error-unfiltered", "report", w)
		}
	}
	return s.owner(actor, f.Hosts)
}

// SaveFormat stores a new format, or a new version of the one with an id.
func (s *Service) SaveFormat(ctx context.Context, actor policy.Actor, id string, f Format) (out Of[Format], err error) {
	agency, err := s.checkFormat(actor, &f)
	if err != nil {
		return out, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if id == "" {
			out, err = create(tx, s, actor.Account, Thing{Kind: KindFormat, Agency: agency, State: "saved"}, f)
			return err
		}
		if out, err = work[Format](tx, s, actor, ActionWork, KindFormat, id); err != nil {
			return err
		}
		out.Body = f
		out, err = change(tx, s, actor.Account, out)
		return err
	})
	return out, err
}

// Formats lists them.
func (s *Service) Formats(ctx context.Context, actor policy.Actor) ([]Of[Format], error) {
	return list[Format](ctx, s, actor, KindFormat, "")
}

// Format returns one.
func (s *Service) Format(ctx context.Context, actor policy.Actor, id string) (out Of[Format], err error) {
	err = s.read(ctx, func(tx *db.Tx) error {
		out, err = work[Format](tx, s, actor, ActionRead, KindFormat, id)
		return err
	})
	return out, err
}

// Made is a report made by a format.
type Made struct {
	Format   Of[Format]
	Overview Overview
	Tables   []Table
}

// Make makes the report of a format for the last whole span.
func (s *Service) Make(ctx context.Context, actor policy.Actor, id string) (m Made, err error) {
	if m.Format, err = s.Format(ctx, actor, id); err != nil {
		return m, err
	}
	f := m.Format.Body
	q := Query{Hosts: f.Hosts, Filters: f.Filters, Compare: f.Compare, Limit: 20}
	q.From, q.To = Period(f.Span, dayOf(db.Micros(s.Now())))
	if m.Overview, err = s.Overview(ctx, actor, q); err != nil {
		return m, err
	}
	for _, w := range f.Widgets {
		t, err := s.Report(ctx, actor, w, q)
		if err != nil {
			return m, err
		}
		m.Tables = append(m.Tables, t)
	}
	return m, nil
}

// Schedule sends a report, or the alerts, to somebody of the office.
type Schedule struct {
	Every   string `json:"every"` // day, week, month, or alert: when something is unusual
	Account string `json:"account"`
	Lang    string `json:"lang"`
	Next    int64  `json:"next"` // day on which it is sent next
}

// Frequencies of schedules.
var Frequencies = []string{"day", "week", "month", "alert"}

// next is the day after a day on which a schedule is due: tomorrow, the next Monday, the
// first of the next month.
func (x *Schedule) next(today int64) int64 {
	switch x.Every {
	case "week":
		return today + 7 - int64(dayTime(today).Weekday()+6)%7
	case "month":
		return monthStart(monthOf(today) + 1)
	}
	return today + 1
}

// Schedule has a format's report sent to an account, again and again.
func (s *Service) Schedule(ctx context.Context, actor policy.Actor, format string, x Schedule) (out Of[Schedule], err error) {
	if !slices.Contains(Frequencies, x.Every) {
		return out, errs.InvalidField("every", "analytics.error-every")
	}
	if x.Lang != "en" {
		x.Lang = "th"
	}
	if x.Account == "" {
		x.Account = actor.Account
	}
	if _, address, err := s.Reader(ctx, x.Account); err != nil || address == "" {
		return out, errs.InvalidField("account", "analytics.error-recipient")
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		f, err := work[Format](tx, s, actor, ActionWork, KindFormat, format)
		if err != nil {
			return err
		}
		x.Next = x.next(dayOf(db.Micros(tx.Now())))
		out, err = create(tx, s, actor.Account, Thing{Kind: KindSchedule, Agency: f.Agency, Parent: f.ID, State: "on"}, x)
		return err
	})
	return out, err
}

// Schedules lists those of a format; all when it is "".
func (s *Service) Schedules(ctx context.Context, actor policy.Actor, format string) ([]Of[Schedule], error) {
	return list[Schedule](ctx, s, actor, KindSchedule, format)
}

// Unschedule stops one.
func (s *Service) Unschedule(ctx context.Context, actor policy.Actor, id string) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		x, err := work[Schedule](tx, s, actor, ActionWork, KindSchedule, id)
		if err != nil || x.State == "off" {
			return err
		}
		x.State = "off"
		_, err = change(tx, s, actor.Account, x)
		return err
	})
}

// running are the schedules that are on, for the program itself.
func running(ctx context.Context, d *db.DB) (out []Of[Schedule], err error) {
	err = d.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT `+thingColumns+` FROM usage_things WHERE kind = $1 AND state = 'on' ORDER BY id`, []any{KindSchedule}, func(rows rowScanner) error {
			x, err := scanThing[Schedule](rows.Scan)
			out = append(out, x)
			return err
		})
	})
	return out, err
}

// SendReports mails what is due today. Each is made with the rights of him who gets it:
// who may no longer see a report gets none, and his schedule ends.
func (s *Service) SendReports(ctx context.Context) error {
	all, err := running(ctx, s.DB)
	if err != nil {
		return err
	}
	today := dayOf(db.Micros(s.Now()))
	for _, x := range all {
		if x.Body.Every == "alert" || x.Body.Next > today {
			continue
		}
		if err := s.sendReport(ctx, x, today); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) sendReport(ctx context.Context, x Of[Schedule], today int64) error {
	actor, address, err := s.Reader(ctx, x.Body.Account)
	var made Made
	if err == nil {
		made, err = s.Make(ctx, actor, x.Parent)
	}
	refused := errs.KindOf(err) == errs.Forbidden || errs.KindOf(err) == errs.NotFound
	if err != nil && !refused {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err != nil || address == "" {
			x.State = "off"
			_, err := change(tx, s, "system", x)
			return err
		}
		x.Body.Next = x.Body.next(today)
		if _, err := change(tx, s, "system", x); err != nil {
			return err
		}
		return s.post(tx, "usage-report", x, address, Letter(made, x.Body.Lang))
	})
}

// post queues a mail to somebody of the office.
func (s *Service) post(tx *db.Tx, kind string, x Of[Schedule], address, words string) error {
	return s.Mail.ToStaff(tx, address, mail.Message{Kind: kind, Lang: x.Body.Lang, Agency: x.Agency}, mail.Body{Text: words})
}
