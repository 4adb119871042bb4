package app

import (
	"context"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/cases"
	"prasan/internal/jobs"
	"prasan/internal/letters"
	"prasan/internal/retention"
	"prasan/internal/saraban"
	"prasan/internal/thai"
	"prasan/internal/web/api"
)

// holders are all that have something with a due date.
func (a *App) holders() []retention.Holder {
	return append([]retention.Holder{cases.EndOfLife{Service: a.Cases}}, a.Holders...)
}

// visitsPast counts the days of which single visits are kept past their time.
func (a *App) visitsPast(ctx context.Context, at time.Time) (map[string]int, error) {
	snap := a.Register.Snapshot(analytics.Activity)
	if snap == nil {
		return nil, nil
	}
	o, err := a.Analytics.Observe(ctx, at)
	if err != nil || o.Oldest.IsZero() {
		return nil, err
	}
	days := int(at.Sub(analytics.Window(snap).DueAt(o.Oldest)).Hours()) / 24
	return map[string]int{"ops": max(days, 0)}, nil
}

func wireRetention(_ context.Context, a *App) error {
	t := a.Config.Terms
	a.Retention = retention.New(retention.Deps{DB: a.DB, Vault: a.Vault, Audit: a.Audit, Jobs: a.Jobs, Record: a.Register.Snapshot, Within: a.Agencies.Within, Now: a.Now, Letters: a.Letters, Agencies: a.Agencies,
		Holders: a.holders(), Passing: []retention.Passing{{Activity: analytics.Activity, Kind: "usage", Count: a.visitsPast}},
		Terms: retention.Terms{SurveyDays: t.SurveyDays, ArchivesDays: t.ArchivesDays, ExtendYears: 1, KeyDays: t.KeyDays}})
	a.Retention.Register(cases.Activity, analytics.Activity)
	a.Saraban.OnAttach(func(ctx context.Context, l *letters.Letter) ([]saraban.Attachment, error) {
		name, body, err := a.Retention.Enclosure(ctx, l)
		if err != nil || name == "" {
			return nil, err
		}
		return []saraban.Attachment{{Name: name, Type: "application/pdf", Data: body}}, nil
	})
	a.Jobs.Every("processing.expire", jobs.Monthly(thai.Bangkok, 3, 10), func(ctx context.Context, _ jobs.Job) error { return a.Processing.Expire(ctx, a.Now()) })
	a.Operations = append(a.Operations, api.RetentionOperations(a.Retention)...)
	return nil
}
