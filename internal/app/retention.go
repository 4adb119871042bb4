package app

import (
	"context"

	"prasan/internal/cases"
	"prasan/internal/letters"
	"prasan/internal/retention"
	"prasan/internal/saraban"
	"prasan/internal/web/api"
)

// holders are all that have something with a due date.
func (a *App) holders() []retention.Holder {
	return append([]retention.Holder{cases.EndOfLife{Service: a.Cases}}, a.Holders...)
}

func wireRetention(_ context.Context, a *App) error {
	t := a.Config.Terms
	a.Retention = retention.New(retention.Deps{DB: a.DB, Vault: a.Vault, Audit: a.Audit, Jobs: a.Jobs, Record: a.Register.Snapshot, Within: a.Agencies.Within, Now: a.Now, Letters: a.Letters, Agencies: a.Agencies,
		Holders: a.holders(),
		Terms:   retention.Terms{SurveyDays: t.SurveyDays, ArchivesDays: t.ArchivesDays, ExtendYears: 1, KeyDays: t.KeyDays}})
	a.Retention.Register(cases.Activity)
	a.Saraban.OnAttach(func(ctx context.Context, l *letters.Letter) ([]saraban.Attachment, error) {
		name, body, err := a.Retention.Enclosure(ctx, l)
		if err != nil || name == "" {
			return nil, err
		}
		return []saraban.Attachment{{Name: name, Type: "application/pdf", Data: body}}, nil
	})
	a.Operations = append(a.Operations, api.RetentionOperations(a.Retention)...)
	return nil
}
