// Package idempotency lets a request that creates something be sent again without
// creating it twice: the first answer is kept, sealed, and given again.
package idempotency

import (
	"bytes"
	"context"
	"database/sql"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/vault"
)

// How long an answer is kept for being given again, and how long a request may be
// under way before another takes its place.
const (
	keepAnswers = 24 * time.Hour
	underWay    = time.Minute
)

// Answer is what was answered to a request.
type Answer struct {
	Status   int
	Location string
	Body     []byte
}

// Store keeps answers by account and key.
type Store struct {
	DB    *db.DB
	Vault *vault.Vault
}

func place(account, key string) string { return "idempotency:" + account + ":" + key }

// Reserve takes the key before the act, so that of two requests at once only one acts;
// it returns the answer that was given under the key to the same request before.
func (s Store) Reserve(ctx context.Context, account, key string, request []byte) (*Answer, error) {
	var old *Answer
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		old = nil
		now := db.Micros(tx.Now())
		if _, err := tx.Exec(`DELETE FROM idempotency WHERE account = $1 AND key = $2 AND (created_at < $3 OR (status = 0 AND created_at < $4))`,
			account, key, now-keepAnswers.Microseconds(), now-underWay.Microseconds()); err != nil {
			return err
		}
		n, err := tx.Exec(`INSERT INTO idempotency (account, key, request_hash, status, location, body_sealed, created_at) VALUES ($1, $2, $3, 0, '', $4, $5) ON CONFLICT (account, key) DO NOTHING`,
			account, key, request, []byte{}, now)
		if err != nil || n == 1 {
			return err
		}
		old, err = s.earlier(tx, account, key, request)
		return err
	})
	return old, err
}

func (s Store) earlier(tx *db.Tx, account, key string, request []byte) (*Answer, error) {
	var x Answer
	var before, sealed []byte
	err := tx.Each(`SELECT request_hash, status, location, body_sealed FROM idempotency WHERE account = $1 AND key = $2`, []any{account, key}, func(rows *sql.Rows) error {
		return rows.Scan(&before, &x.Status, &x.Location, &sealed)
	})
	switch {
	case err != nil:
		return nil, err
	case !bytes.Equal(before, request):
		return nil, errs.New(errs.Invalid, "error.idempotency-key-reused")
	case x.Status == 0:
		return nil, errs.New(errs.Conflict, "error.idempotency-under-way")
	}
	x.Body, err = s.Vault.OpenSystem(place(account, key), sealed)
	return &x, err
}

// Keep stores the answer, sealed, since it may hold a code that is told once.
func (s Store) Keep(ctx context.Context, account, key string, x Answer) error {
	sealed := s.Vault.SealSystem(place(account, key), x.Body)
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE idempotency SET status = $1, location = $2, body_sealed = $3 WHERE account = $4 AND key = $5`, x.Status, x.Location, sealed, account, key)
		return err
	})
}

// Release gives the key back after a refusal, so that the request may be put right.
func (s Store) Release(ctx context.Context, account, key string) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM idempotency WHERE account = $1 AND key = $2 AND status = 0`, account, key)
		return err
	})
}

// Sweep removes answers whose time is over.
func Sweep(tx *db.Tx) error {
	_, err := tx.Exec(`DELETE FROM idempotency WHERE created_at < $1`, db.Micros(tx.Now().Add(-keepAnswers)))
	return err
}
