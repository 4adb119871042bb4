package app

import (
	"context"

	"prasan/internal/cases"
	"prasan/internal/retention"
	"prasan/internal/web/api"
)

func wireRetention(_ context.Context, a *App) error {
	t := a.Config.Terms
	a.Retention = retention.New(retention.Deps{DB: a.DB, Vault: a.Vault, Audit: a.Audit, Jobs: a.Jobs, Record: a.Register.Snapshot, Within: a.Agencies.Within, Now: a.Now,
		Holders: append([]retention.Holder{cases.EndOfLife{Service: a.Cases}}, a.Holders...),
		Terms:   retention.Terms{SurveyDays: t.SurveyDays, ArchivesDays: t.ArchivesDays, ExtendYears: 1, KeyDays: t.KeyDays}})
	a.Retention.Register(cases.Activity)
	a.Operations = append(a.Operations, api.RetentionOperations(a.Retention)...)
	return nil
}
