package app

import (
	"context"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/register"
)

// wirePlan lets the register see what a new revision would change, and the work follow
// the one that comes into force.
func wirePlan(_ context.Context, a *App) error {
	a.Register.Observe = a.observe
	a.Register.OnEnact(a.Cases.RecordChanged)
	a.Register.OnEnact(a.Letters.RecordChanged)
	return nil
}

func (a *App) observe(ctx context.Context, activity string) (register.World, error) {
	w := register.World{Now: a.Now(), Known: true, Sites: len(a.Sites.All())}
	if activity == cases.Activity {
		w.Begun = func(t time.Time) (int, error) { return a.Cases.Begun(ctx, t) }
	}
	err := a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		w.Actors, err = org.Everyone(tx)
		return err
	})
	return w, err
}

// Actor resolves an account as it may act now.
func (a *App) Actor(ctx context.Context, account string) (actor policy.Actor, err error) {
	err = a.DB.Read(ctx, func(tx *db.Tx) error {
		actor, err = org.Actor(tx, account)
		return err
	})
	return actor, err
}
