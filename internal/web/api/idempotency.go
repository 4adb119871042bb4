package api

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// How long an answer is kept for being given again, and how long a request may be
// under way before another takes its place.
const (
	keepAnswers = 24 * time.Hour
	underWay    = time.Minute
)

// idempotent runs a creating operation at most once for an account and key. The key is
// reserved before the act, so that of two requests at once only one acts; the answer
// is kept sealed, since it may hold a code that is told once.
func (a *API) idempotent(w http.ResponseWriter, o Operation, c *Call) error {
	key := c.Request.Header.Get("Idempotency-Key")
	if key == "" {
		res, err := a.run(o, c)
		if err != nil {
			return err
		}
		return res.write(w)
	}
	if len(key) > 200 {
		return errs.InvalidField("Idempotency-Key", "error.idempotency-key")
	}
	c.Nonce = a.digest("nonce", c.Account.Name, o.ID, key)[:16]
	hash := a.digest("request", c.Request.Method, c.Request.URL.Path, string(c.body))
	old, err := a.reserve(c, key, hash)
	if err != nil {
		return err
	}
	if old != nil {
		w.Header().Set("Idempotent-Replayed", "true")
		return old.write(w)
	}
	res, err := a.run(o, c)
	if err != nil {
		return errors.Join(err, a.release(c, key))
	}
	if err := a.keep(c, key, res); err != nil {
		return err
	}
	return res.write(w)
}

func (a *API) digest(parts ...string) []byte {
	mac := hmac.New(sha256.New, a.key)
	text, _ := json.Marshal(parts) // strings are always JSON
	mac.Write(text)
	return mac.Sum(nil)
}

func (a *API) place(c *Call, key string) string { return "idempotency:" + c.Account.Name + ":" + key }

// reserve takes the key, or returns the answer that was given under it.
func (a *API) reserve(c *Call, key string, hash []byte) (*answer, error) {
	var old *answer
	err := a.DB.InTx(c.Request.Context(), func(tx *db.Tx) error {
		old = nil
		now := db.Micros(tx.Now())
		if _, err := tx.Exec(`DELETE FROM idempotency WHERE account = $1 AND key = $2 AND (created_at < $3 OR (status = 0 AND created_at < $4))`,
			c.Account.Name, key, now-keepAnswers.Microseconds(), now-underWay.Microseconds()); err != nil {
			return err
		}
		n, err := tx.Exec(`INSERT INTO idempotency (account, key, request_hash, status, location, body_sealed, created_at) VALUES ($1, $2, $3, 0, '', $4, $5) ON CONFLICT (account, key) DO NOTHING`,
			c.Account.Name, key, hash, []byte{}, now)
		if err != nil || n == 1 {
			return err
		}
		old, err = a.earlier(tx, c, key, hash)
		return err
	})
	return old, err
}

func (a *API) earlier(tx *db.Tx, c *Call, key string, hash []byte) (*answer, error) {
	var x answer
	var before, sealed []byte
	err := tx.Each(`SELECT request_hash, status, location, body_sealed FROM idempotency WHERE account = $1 AND key = $2`, []any{c.Account.Name, key}, func(rows *sql.Rows) error {
		return rows.Scan(&before, &x.Status, &x.Location, &sealed)
	})
	switch {
	case err != nil:
		return nil, err
	case !bytes.Equal(before, hash):
		return nil, errs.New(errs.Invalid, "error.idempotency-key-reused")
	case x.Status == 0:
		return nil, errs.New(errs.Conflict, "error.idempotency-under-way")
	}
	x.Body, err = a.Vault.OpenSystem(a.place(c, key), sealed)
	return &x, err
}

func (a *API) keep(c *Call, key string, x answer) error {
	sealed := a.Vault.SealSystem(a.place(c, key), x.Body)
	return a.DB.InTx(c.Request.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE idempotency SET status = $1, location = $2, body_sealed = $3 WHERE account = $4 AND key = $5`, x.Status, x.Location, sealed, c.Account.Name, key)
		return err
	})
}

// release gives the key back after a refusal, so that the request may be put right.
func (a *API) release(c *Call, key string) error {
	return a.DB.InTx(c.Request.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM idempotency WHERE account = $1 AND key = $2 AND status = 0`, c.Account.Name, key)
		return err
	})
}

// Sweep removes answers whose time is over; the daily job of the program calls it.
func Sweep(tx *db.Tx) error {
	_, err := tx.Exec(`DELETE FROM idempotency WHERE created_at < $1`, db.Micros(tx.Now().Add(-keepAnswers)))
	return err
}
