package app

import (
	"context"

	"prasan/internal/cases"
	"prasan/internal/referral"
	"prasan/internal/retention"
	"prasan/internal/rights"
	"prasan/internal/web/api"
)

func wireRights(_ context.Context, a *App) error {
	a.Rights = rights.New(rights.Deps{DB: a.DB, Vault: a.Vault, Processing: a.Processing, Audit: a.Audit, Record: a.Register.Snapshot, Data: cases.OfPerson{Service: a.Cases}, Holders: a.PersonHolders,
		NewReference: cases.NewReference, NewCode: cases.NewCode, CleanCode: cases.CleanCode, Now: a.Now, TargetDays: a.Config.Terms.RightsDays,
		Limits: a.Limits, Letters: a.Letters, Agencies: a.Agencies, Recipients: referral.Recipients, Held: retention.Held, Central: "ops"})
	end := rights.EndOfLife{Service: a.Rights}
	a.Holders, a.Retention.Holders = append(a.Holders, end), append(a.Retention.Holders, end)
	a.Operations = append(a.Operations, api.RightsOperations(a.Rights)...)
	return nil
}
