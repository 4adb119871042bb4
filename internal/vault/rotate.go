package vault

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"prasan/internal/db"
	"prasan/internal/durable"
	"prasan/internal/errs"
)

// Endings of the files beside the master key while it is changed.
const (
	nextEnding = ".next" // the new key, until the keyring is wrapped by it and it has taken the old one's place
	oldEnding  = ".old"  // the old key, until a copy of everything has been made under the new one
)

// OpenFile opens the keyring with the master key of a file. A change of the key that was
// interrupted is brought to its end, or is as if it had not begun.
func OpenFile(ctx context.Context, keys *db.DB, path string, create bool) (*Vault, *Minter, error) {
	master, err := ReadMaster(path, create)
	if err != nil {
		return nil, nil, err
	}
	v, minter, err := Open(ctx, keys, master)
	if err != nil && errs.As(err).Key == "error.master-key-wrong" {
		next, missing := ReadMaster(path+nextEnding, false)
		if missing != nil {
			return nil, nil, err
		}
		if v, minter, err = Open(ctx, keys, next); err != nil {
			return nil, nil, err
		}
		if err := settleMaster(path); err != nil {
			return nil, nil, err
		}
	}
	if err == nil {
		v.master = path
	}
	return v, minter, err
}

// reread takes the master key from its file again. While it looks, the new key may take
// the old one's place: the file is looked at before and after.
func (v *Vault) reread() error {
	if v.master == "" {
		return errs.New(errs.Unavailable, "error.master-key-wrong")
	}
	for _, path := range []string{v.master, v.master + nextEnding, v.master} {
		m, err := ReadMaster(path, false)
		if err == nil && v.fits(m) {
			v.wrapper = m
			return nil
		}
	}
	return errs.New(errs.Unavailable, "error.master-key-wrong")
}

// fits tells whether a master key is the one of the keyring.
func (v *Vault) fits(w KeyWrapper) bool {
	var root []byte
	err := v.keys.Read(context.Background(), func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT wrapped FROM secrets WHERE name = 'root'`, nil, &root)
	})
	if err != nil {
		return false
	}
	_, err = w.Unwrap("secret:root", root)
	return err == nil
}

// Wrapper is the present master key.
func (v *Vault) Wrapper() KeyWrapper {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.master != "" && !v.fits(v.wrapper) {
		_ = v.reread() // what is wrapped with a key that has gone could not be opened; the caller's use of it says so
	}
	return v.wrapper
}

// RotateMaster makes a new master key and wraps with it all that the old one wrapped, in
// one transaction of the keyring; serving goes on. The old key stays beside it (ending
// .old) until ForgetMaster: copies that were made before open with it only.
func (v *Vault) RotateMaster(ctx context.Context) error {
	if v.master == "" {
		return errs.New(errs.Conflict, "error.master-key-elsewhere")
	}
	next := v.master + nextEnding
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a change that was given up
		return errs.Wrap(err, errs.Unavailable, "error.master-key-write", "path", next)
	}
	_, err := createMaster(next)
	if err == nil {
		err = durable.SyncDir(filepath.Dir(next))
	}
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.master-key-write", "path", next)
	}
	master, err := ReadMaster(next, false)
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.rewrapAll(ctx, master); err != nil {
		return err
	}
	v.wrapper = master
	return settleMaster(v.master)
}

// rewrapAll wraps what the master key wraps with another one, all or nothing.
func (v *Vault) rewrapAll(ctx context.Context, next KeyWrapper) error {
	return v.keys.InTx(ctx, func(tx *db.Tx) error {
		for _, x := range []struct{ read, write string }{
			{`SELECT 'secret:' || name, name, wrapped FROM secrets ORDER BY name` + tx.ForUpdate(), `UPDATE secrets SET wrapped = $1 WHERE name = $2`},
			{`SELECT 'cohort:' || CAST(year AS TEXT), CAST(year AS TEXT), wrapped FROM cohorts WHERE wrapped IS NOT NULL ORDER BY year` + tx.ForUpdate(), `UPDATE cohorts SET wrapped = $1 WHERE CAST(year AS TEXT) = $2`},
		} {
			rows, err := wrappedRows(tx, x.read)
			if err != nil {
				return err
			}
			for _, r := range rows {
				key, err := v.wrapper.Unwrap(r.label, r.wrapped)
				if err != nil {
					return errs.Wrap(err, errs.Unavailable, "error.master-key-wrong")
				}
				fresh, err := next.Wrap(r.label, key)
				if err != nil {
					return err
				}
				if _, err := tx.Exec(x.write, fresh, r.id); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

type wrappedRow struct {
	label, id string
	wrapped   []byte
}

func wrappedRows(tx *db.Tx, query string, args ...any) (list []wrappedRow, err error) {
	err = tx.Each(query, args, func(rows *sql.Rows) error {
		var r wrappedRow
		err := rows.Scan(&r.label, &r.id, &r.wrapped)
		list = append(list, r)
		return err
	})
	return list, err
}

// settleMaster puts the new key into the place of the old one, which is kept beside it.
func settleMaster(path string) error {
	next, err := os.ReadFile(path + nextEnding)
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.master-key-missing", "path", path+nextEnding)
	}
	old, err := os.ReadFile(path)
	if err == nil && !bytes.Equal(old, next) {
		err = writeSynced(path+oldEnding, old)
	}
	if err == nil {
		err = os.Rename(path+nextEnding, path)
	}
	if err == nil {
		err = durable.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.master-key-write", "path", path)
	}
	return nil
}

// ForgetMaster destroys the file of the old master key: copies made under it are closed
// for ever, save to who has kept that key elsewhere.
func (v *Vault) ForgetMaster() error {
	path := v.master + oldEnding
	info, err := os.Stat(path)
	if v.master == "" || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = writeSynced(path, bytes.Repeat([]byte{0}, int(info.Size())))
	}
	if err == nil {
		err = os.Remove(path)
	}
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.master-key-write", "path", path)
	}
	return nil
}

func writeSynced(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(text); err != nil {
		return err
	}
	return f.Sync()
}

// RenewCohorts makes a new key for each year that has one, and retires the old ones:
// from the commit on they wrap nothing new. Rewrap does the rest.
func (v *Vault) RenewCohorts(ctx context.Context) (retired int, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.master != "" && !v.fits(v.wrapper) {
		if err := v.reread(); err != nil {
			return 0, err
		}
	}
	err = v.keys.InTx(ctx, func(tx *db.Tx) error {
		var numbers []int
		err := tx.Each(`SELECT year FROM cohorts WHERE retired_at = 0 AND wrapped IS NOT NULL ORDER BY year`+tx.ForUpdate(), nil, func(rows *sql.Rows) error {
			var n int
			err := rows.Scan(&n)
			numbers = append(numbers, n)
			return err
		})
		if err != nil {
			return err
		}
		for _, n := range numbers {
			fresh, err := v.wrapper.Wrap(cohortLabel(following(n)), random(32))
			if err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO cohorts (year, wrapped, created_at) VALUES ($1, $2, $3)`, following(n), fresh, db.Micros(tx.Now())); err != nil {
				return err
			}
			if _, err := tx.Exec(`UPDATE cohorts SET retired_at = $1 WHERE year = $2`, db.Micros(tx.Now()), n); err != nil {
				return err
			}
		}
		retired = len(numbers)
		return nil
	})
	clear(v.current)
	return retired, err
}

// rewrapBatch is how many keys are wrapped anew in one transaction: serving waits for
// one of them at most.
const rewrapBatch = 200

// Rewrap wraps anew what retired cohort keys have wrapped, a batch at a time, until
// nothing is left or ctx ends, and destroys each retired key that wraps nothing. It can
// be interrupted anywhere and called again. It returns how many keys it moved.
func (v *Vault) Rewrap(ctx context.Context) (moved int, err error) {
	retired, err := v.retired(ctx)
	if err != nil {
		return 0, err
	}
	for _, number := range retired {
		for after := ""; ; {
			if ctx.Err() != nil {
				return moved, errs.Wrap(ctx.Err(), errs.Unavailable, "error.unavailable")
			}
			n, last, err := v.rewrapSome(ctx, number, after)
			if err != nil {
				return moved, err
			}
			if moved += n; last == "" {
				break
			}
			after = last
		}
		if err := v.destroyCohort(ctx, number); err != nil {
			return moved, err
		}
	}
	return moved, nil
}

// Rewrapping tells how many cohort keys are retired and not destroyed yet.
func (v *Vault) Rewrapping(ctx context.Context) (int, error) {
	list, err := v.retired(ctx)
	return len(list), err
}

func (v *Vault) retired(ctx context.Context) (numbers []int, err error) {
	err = v.keys.Read(ctx, func(tx *db.Tx) error {
		numbers = nil
		return tx.Each(`SELECT year FROM cohorts WHERE retired_at > 0 AND wrapped IS NOT NULL ORDER BY year`, nil, func(rows *sql.Rows) error {
			var n int
			err := rows.Scan(&n)
			numbers = append(numbers, n)
			return err
		})
	})
	return numbers, err
}

// rewrapSome moves one batch; last is the id after which the next begins, "" at the end.
func (v *Vault) rewrapSome(ctx context.Context, number int, after string) (n int, last string, err error) {
	old, err := v.cohort(ctx, number)
	if err != nil {
		return 0, "", err
	}
	to, fresh, err := v.present(ctx, yearOf(number))
	if err != nil {
		return 0, "", err
	}
	err = v.keys.InTx(ctx, func(tx *db.Tx) error {
		n, last = 0, ""
		rows, err := wrappedRows(tx, `SELECT '', id, wrapped FROM subjects WHERE id > $1 AND cohort = $2 ORDER BY id LIMIT $3`+tx.ForUpdate(), after, number, rewrapBatch)
		if err != nil {
			return err
		}
		for _, r := range rows {
			key, err := open(old, "subject:"+r.id, r.wrapped)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(`UPDATE subjects SET cohort = $1, wrapped = $2 WHERE id = $3`, to, seal(fresh, "subject:"+r.id, key), r.id); err != nil {
				return err
			}
			n, last = n+1, r.id
		}
		return nil
	})
	return n, last, err
}

// destroyCohort destroys a retired key that wraps nothing.
func (v *Vault) destroyCohort(ctx context.Context, number int) error {
	err := v.keys.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`UPDATE cohorts SET wrapped = NULL, destroyed_at = $1 WHERE year = $2 AND NOT EXISTS (SELECT 1 FROM subjects WHERE cohort = $3)`, db.Micros(tx.Now()), number, number)
		if err == nil && n == 0 {
			err = errs.New(errs.Conflict, "error.key-in-use")
		}
		return err
	})
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.cohorts, number)
	return err
}
