// Package limits counts attempts in the database, so that a limit holds on every node
// and after a restart. Keys are keyed hashes that change daily: no address is stored.
package limits

import (
	"crypto/hmac"
	"crypto/sha256"
	"time"

	"prasan/internal/db"
)

// Limiter counts attempts.
type Limiter struct {
	key []byte
	off bool
}

// New returns a limiter with a secret key; off lets everything pass, for load tests.
func New(key []byte, off bool) *Limiter { return &Limiter{key, off} }

// Off tells whether limits are switched off.
func (l *Limiter) Off() bool { return l.off }

// Allow counts one attempt of value under rule within a window that begins at the
// first attempt, and tells whether it is within n.
func (l *Limiter) Allow(tx *db.Tx, rule, value string, n int, window time.Duration) (bool, error) {
	if l.off {
		return true, nil
	}
	now, until := db.Micros(tx.Now()), db.Micros(tx.Now().Add(window))
	var count int
	err := tx.QueryRow(`INSERT INTO limits (key, until_at, n) VALUES ($1, $2, 1) ON CONFLICT (key) DO UPDATE SET n = CASE WHEN limits.until_at <= $3 THEN 1 ELSE limits.n + 1 END, until_at = CASE WHEN limits.until_at <= $4 THEN excluded.until_at ELSE limits.until_at END RETURNING n`,
		[]any{l.digest(tx.Now(), rule, value), until, now, now}, &count)
	return count <= n, err
}

// Clear forgets the attempts of value under rule.
func (l *Limiter) Clear(tx *db.Tx, rule, value string) error {
	_, err := tx.Exec(`DELETE FROM limits WHERE key = $1`, l.digest(tx.Now(), rule, value))
	return err
}

// Sweep removes windows that are over.
func Sweep(tx *db.Tx) error {
	_, err := tx.Exec(`DELETE FROM limits WHERE until_at <= $1`, db.Micros(tx.Now()))
	return err
}

func (l *Limiter) digest(at time.Time, rule, value string) []byte {
	mac := hmac.New(sha256.New, l.key)
	mac.Write([]byte(at.UTC().Format(time.DateOnly) + "\x00" + rule + "\x00" + value))
	return mac.Sum(nil)[:16]
}
