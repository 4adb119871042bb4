package app

import (
	"context"
	"time"

	"prasan/internal/referral"
	"prasan/internal/web/api"
)

// maxRounds is how often a case may come back from one agency before who works across
// offices decides where it goes.
const maxRounds = 2

// wireReferral ties cases to letters.
func wireReferral(_ context.Context, a *App) error {
	a.Referral = referral.New(referral.Deps{DB: a.DB, Vault: a.Vault, Processing: a.Processing, Audit: a.Audit, Cases: a.Cases, Letters: a.Letters, Saraban: a.Saraban, Agencies: a.Agencies, Record: a.Register.Snapshot, Now: a.Now, Open: a.Blobs.Open,
		ReplyWithin: time.Duration(a.Config.Terms.ReplyDays) * day, FollowUpAfter: time.Duration(a.Config.Terms.FollowUpDays) * day, MaxRounds: maxRounds})
	a.Referral.Register()
	a.PersonHolders = append(a.PersonHolders, referral.Holder{Service: a.Referral})
	a.Operations = append(a.Operations, api.ReferralOperations(a.Referral, a.Saraban)...)
	a.Operations = append(a.Operations, api.FollowUpOperations(a.Referral)...)
	return nil
}
