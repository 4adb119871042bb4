package app

import (
	"context"
	"time"

	"prasan/internal/accounts"
	"prasan/internal/breach"
	"prasan/internal/i18n"
	"prasan/internal/org"
	"prasan/internal/processing"
	"prasan/internal/web/api"
)

func wireBreach(_ context.Context, a *App) error {
	t := breach.DefaultTerms
	t.Notify = time.Duration(a.Config.Terms.BreachHours) * time.Hour
	a.Breach = breach.New(breach.Deps{DB: a.DB, Vault: a.Vault, Processing: a.Processing, Audit: a.Audit, Jobs: a.Jobs, Mail: a.Mail, Record: a.Register.Snapshot, Named: org.Named, Tell: a.Cases.Tell, Now: a.Now, Terms: t,
		Letters: a.Letters, Contact: a.contact, Labels: a.labels, Measures: breach.Measures{EndSessions: accounts.EndSessions, RotateKeys: a.RotateKeys}})
	a.Breach.Register()
	end := breach.EndOfLife{Service: a.Breach}
	a.Holders, a.Retention.Holders = append(a.Holders, end), append(a.Retention.Holders, end)
	a.Operations = append(a.Operations, api.BreachOperations(a.Breach, a.contact, a.labels)...)
	return nil
}

// labels are the names of the elements of an activity.
func (a *App) labels(activity string) map[string]string { return a.labelsIn(activity, "th") }

// labelsIn are the names of the elements of a record, in a language.
func (a *App) labelsIn(activity, lang string) map[string]string {
	out := map[string]string{processing.Content: i18n.T(lang, "breach.element-"+processing.Content)}
	if snap := a.Register.Snapshot(activity); snap != nil {
		for _, e := range snap.Elements {
			out[e.Code] = e.Label.In(lang)
		}
	}
	return out
}

// gate is asked at every connection of a way out: a breach may have closed it.
func (a *App) gate(name string) func(ctx context.Context) error {
	return func(ctx context.Context) error { return a.Breach.IsOpen(ctx, name) }
}
