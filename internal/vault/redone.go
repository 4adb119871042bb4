package vault

import (
	"context"
	"database/sql"
	"time"

	"prasan/internal/db"
)

// Redone is what took the place of a version of something when a part of it was erased or
// put right. It lies in the keyring, which is restored as of its newest copy: what was
// erased does not come back with an older copy of the data.
type Redone struct {
	Object  string // such as the id of a case
	Version int64  // the version that it took the place of
	Subject string // with whose key it is sealed
	Body    []byte // as the one who wrote it reads it
}

// Redo keeps r; it comes before the data itself is changed.
func (v *Vault) Redo(ctx context.Context, r Redone) error {
	return v.keys.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO redone (object, version, subject, body, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (object, version) DO UPDATE SET body = excluded.body, at = excluded.at`, r.Object, r.Version, r.Subject, r.Body, db.Micros(tx.Now()))
		return err
	})
}

// Unredo forgets one whose change did not come about.
func (v *Vault) Unredo(ctx context.Context, r Redone) error {
	return v.keys.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM redone WHERE object = $1 AND version = $2`, r.Object, r.Version)
		return err
	})
}

// ForgetRedone forgets those of one kind of object that were kept before a moment.
func (v *Vault) ForgetRedone(ctx context.Context, prefix string, before time.Time) error {
	return v.keys.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM redone WHERE object LIKE $1 AND at < $2`, prefix+"%", db.Micros(before))
		return err
	})
}

// AllRedone are those of a keyring, the oldest version of each object first.
func AllRedone(ctx context.Context, keys *db.DB) (out []Redone, err error) {
	err = keys.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT object, version, subject, body FROM redone ORDER BY object, version`, nil, func(rows *sql.Rows) error {
			var r Redone
			err := rows.Scan(&r.Object, &r.Version, &r.Subject, &r.Body)
			out = append(out, r)
			return err
		})
	})
	return out, err
}
