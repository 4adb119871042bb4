package app

import (
	"context"

	"prasan/internal/ropa"
	"prasan/internal/scenario"
)

// hasScenario tells whether there will be people and cases, who have a past.
func (a *App) hasScenario() bool { return a.Demo != nil && !a.Demo.options.Empty }

// opening has what the installation begins with happen when the scenario's was made;
// back puts the clock where it was.
func (a *App) opening() (back func()) {
	if !a.hasScenario() {
		return func() {}
	}
	now := a.Now()
	a.Demo.Clock.Hold(scenario.Opening(now))
	return func() { a.Demo.Clock.Set(now) }
}

// revisions are those of the record with which the installation begins, and those that
// the scenario's people approve later.
func (a *App) revisions() (first, later [][]byte, err error) {
	all, err := firstRevisions(a.Config.Record)
	if err != nil || !a.hasScenario() {
		return all, nil, err
	}
	begun := map[string]bool{}
	for _, text := range all {
		parsed, err := ropa.Parse(text)
		if err != nil {
			return nil, nil, err
		}
		if begun[parsed.Code] {
			later = append(later, text)
			continue
		}
		begun[parsed.Code] = true
		first = append(first, text)
	}
	return first, later, nil
}

// seed makes the demo's ministry.
func seed(ctx context.Context, a *App, progress func(done, all int)) (Scenario, error) {
	_, later, err := a.revisions()
	if err != nil {
		return Scenario{}, err
	}
	made, err := scenario.Seed(ctx, scenario.Env{DB: a.DB, Now: a.Demo.options.Now, Clock: a.Demo.Clock, Cases: a.Cases, Accounts: a.Accounts, Sites: a.Sites.All(), Register: a.Register, Revisions: later, Notice: a.noticeID, Stage: a.stage, Flush: a.Mail.Flush, Base: a.Config.BaseDomain, Progress: progress})
	if err != nil {
		return Scenario{}, err
	}
	if err := scenario.Letters(ctx, scenario.LettersEnv{DB: a.DB, Now: a.Now(), Clock: a.Demo.Clock, Cases: a.Cases, Letters: a.Letters, Saraban: a.Saraban, Referral: a.Referral}); err != nil {
		return Scenario{}, err
	}
	if err := a.seedMail(ctx); err != nil {
		return Scenario{}, err
	}
	if err := a.seedLibrary(ctx); err != nil {
		return Scenario{}, err
	}
	if err := a.seedPresence(ctx); err != nil {
		return Scenario{}, err
	}
	if err := scenario.Rounds(ctx, scenario.RoundsEnv{DB: a.DB, Now: a.Now(), Clock: a.Demo.Clock, Retention: a.Retention, Letters: a.Letters, Saraban: a.Saraban}); err != nil {
		return Scenario{}, err
	}
	if err := scenario.Drill(ctx, scenario.DrillEnv{DB: a.DB, Now: a.Now(), Clock: a.Demo.Clock, Breach: a.Breach, Letters: a.Letters}); err != nil {
		return Scenario{}, err
	}
	out := Scenario{Tokens: made.Tokens}
	for _, x := range made.Accounts {
		out.Accounts = append(out.Accounts, ScenarioAccount(x))
	}
	return out, nil
}
