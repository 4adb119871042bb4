package app

import (
	"context"

	"prasan/internal/backup"
	"prasan/internal/db"
	"prasan/internal/web/api"
)

// wireKeys has keys replaced while the program serves.
func wireKeys(_ context.Context, a *App) error {
	a.Keys = &backup.Rotator{DB: a.DB, Vault: a.Vault, Audit: a.Audit, Jobs: a.Jobs}
	a.Keys.Register()
	a.Operations = append(a.Operations, api.KeyOperations(a.Keys)...)
	return nil
}

// RotateKeys asks for new keys in the caller's transaction, such as that of a breach that
// is being contained; the queue makes them.
func (a *App) RotateKeys(tx *db.Tx, account, reason string) error {
	_, err := a.Keys.Ask(tx, account, reason)
	return err
}
