package vault

import (
	"context"
	"crypto/cipher"
	"strconv"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// versions is how many keys a year can have had: the n-th after the first has the
// number year*versions+n.
const versions = 1000

// yearOf is the year of a cohort key's number.
func yearOf(number int) int {
	if number >= versions*versions {
		return number / versions
	}
	return number
}

// following is the number of the key that replaces another.
func following(number int) int {
	if number < versions*versions {
		return number*versions + 1
	}
	return number + 1
}

func cohortLabel(number int) string { return "cohort:" + strconv.Itoa(number) }

// present is the cohort key that wraps a year's new keys, made at the first call.
func (v *Vault) present(ctx context.Context, year int) (int, cipher.AEAD, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if number, ok := v.current[year]; ok {
		aead, err := v.opened(ctx, number)
		return number, aead, err
	}
	number, err := v.newest(ctx, year)
	if err != nil {
		return 0, nil, err
	}
	aead, err := v.opened(ctx, number)
	if err == nil {
		v.current[year] = number
	}
	return number, aead, err
}

// newest is the number of a year's present key. A key is made under the master key that
// wraps the others: another node may have changed it.
func (v *Vault) newest(ctx context.Context, year int) (number int, err error) {
	for range 2 {
		var fresh []byte
		if fresh, err = v.wrapper.Wrap(cohortLabel(year), random(32)); err != nil {
			return 0, err
		}
		stale := false
		err = v.keys.InTx(ctx, func(tx *db.Tx) error {
			number, stale = 0, false
			var root []byte
			err := tx.QueryRow(`SELECT year FROM cohorts WHERE (year = $1 OR year BETWEEN $2 AND $3) AND retired_at = 0 ORDER BY year DESC LIMIT 1`, []any{year, year * versions, year*versions + versions - 1}, &number)
			if errs.KindOf(err) != errs.NotFound {
				return err
			}
			if err := tx.QueryRow(`SELECT wrapped FROM secrets WHERE name = 'root'`+tx.ForShare(), nil, &root); err != nil {
				return err
			}
			if _, wrong := v.wrapper.Unwrap("secret:root", root); wrong != nil {
				stale = true
				return nil
			}
			number = year
			_, err = tx.Exec(`INSERT INTO cohorts (year, wrapped, created_at) VALUES ($1, $2, $3) ON CONFLICT (year) DO NOTHING`, year, fresh, db.Micros(tx.Now()))
			return err
		})
		if err != nil || !stale {
			return number, err
		}
		if err = v.reread(); err != nil {
			return 0, err
		}
	}
	return 0, errs.New(errs.Unavailable, "error.master-key-wrong")
}

// forgetPresent has the next key of a year ask the keyring which key wraps it.
func (v *Vault) forgetPresent(year int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for number := range v.cohorts {
		if yearOf(number) == year {
			delete(v.cohorts, number)
		}
	}
	delete(v.current, year)
}

// cohort is a cohort key by its number.
func (v *Vault) cohort(ctx context.Context, number int) (cipher.AEAD, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.opened(ctx, number)
}

// opened unwraps a cohort key, once. Where the master key does not fit, it was changed by
// another process, and is read again.
func (v *Vault) opened(ctx context.Context, number int) (cipher.AEAD, error) {
	if aead, ok := v.cohorts[number]; ok {
		return aead, nil
	}
	key, err := v.unwrapped(ctx, number)
	if errs.KindOf(err) == errs.Unavailable && v.reread() == nil {
		key, err = v.unwrapped(ctx, number)
	}
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(key)
	if err == nil {
		v.cohorts[number] = aead
	}
	return aead, err
}

func (v *Vault) unwrapped(ctx context.Context, number int) ([]byte, error) {
	var wrapped []byte
	err := v.keys.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT wrapped FROM cohorts WHERE year = $1`, []any{number}, &wrapped)
	})
	if err == nil && wrapped == nil || errs.KindOf(err) == errs.NotFound {
		return nil, errs.New(errs.NotFound, "error.key-destroyed")
	}
	if err != nil {
		return nil, err
	}
	key, err := v.wrapper.Unwrap(cohortLabel(number), wrapped)
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.master-key-wrong")
	}
	return key, nil
}
