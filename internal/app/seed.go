package app

import (
	"context"

	"prasan/internal/scenario"
)

// seed makes the demo's ministry.
func seed(ctx context.Context, a *App, progress func(done, all int)) (Scenario, error) {
	made, err := scenario.Seed(ctx, scenario.Env{DB: a.DB, Clock: a.Demo.Clock, Cases: a.Cases, Accounts: a.Accounts, Sites: a.Sites, Notice: a.noticeID, Flush: a.Mail.Flush, Base: a.Config.BaseDomain, Progress: progress})
	if err != nil {
		return Scenario{}, err
	}
	out := Scenario{Tokens: made.Tokens}
	for _, x := range made.Accounts {
		out.Accounts = append(out.Accounts, ScenarioAccount(x))
	}
	return out, nil
}
