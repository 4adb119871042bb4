package accounts

import (
	"context"
	"database/sql"
	"encoding/hex"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/org"
	"prasan/internal/policy"
)

// How long a session lives: without use, and at all.
const (
	idle     = 8 * time.Hour
	absolute = 12 * time.Hour
)

// Stages of a session. Only a full one may work; the others lead there.
const (
	StagePassword = "password" // the one-time password must be changed
	StageEnrol    = "enrol"    // an authenticator must be enrolled
	StageFull     = "full"
)

func nextStage(a Account) string {
	switch {
	case a.MustChange:
		return StagePassword
	case !a.HasTOTP:
		return StageEnrol
	}
	return StageFull
}

// Opened is a session that has just begun; Cookie is told to the browser and to nobody else.
type Opened struct {
	Cookie  string
	Stage   string
	Account string
	Expires time.Time
}

// Session is somebody at work. Actor is set in a full session only.
type Session struct {
	ID        string // for showing and ending it; no use as a cookie
	Account   Account
	Stage     string
	Lang      string
	Actor     policy.Actor
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time

	hash []byte
}

func (s *Service) openSession(tx *db.Tx, a Account, stage, lang string) (Opened, error) {
	o := Opened{Cookie: secret(), Stage: stage, Account: a.Name, Expires: tx.Now().Add(absolute)}
	now := db.Micros(tx.Now())
	_, err := tx.Exec(`INSERT INTO sessions (hash, account, stage, lang, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		keyed(s.sessionKey, o.Cookie), a.Name, stage, lang, now, now, db.Micros(o.Expires))
	return o, err
}

// Session returns whose cookie it is. It is errs.Unauthorized when there is no such
// session, when it is over, or when the account is disabled.
func (s *Service) Session(ctx context.Context, cookie string) (Session, error) {
	var out Session
	var stale bool
	if len(cookie) != 43 {
		return out, errs.New(errs.Unauthorized, "error.unauthorized")
	}
	hash := keyed(s.sessionKey, cookie)
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if out, err = readSession(tx, hash); err != nil {
			return err
		}
		stale = tx.Now().Sub(out.SeenAt) > time.Minute
		if out.Account, err = byName(tx, out.Account.Name); err != nil || out.Stage != StageFull {
			return err
		}
		out.Actor, err = org.Actor(tx, out.Account.Name)
		return err
	})
	if errs.KindOf(err) == errs.NotFound || err == nil && out.Account.Disabled {
		return Session{}, errs.Wrap(err, errs.Unauthorized, "error.unauthorized")
	}
	if err == nil && stale {
		err = s.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE sessions SET seen_at = $1 WHERE hash = $2`, db.Micros(tx.Now()), hash)
			return err
		})
	}
	return out, err
}

func readSession(tx *db.Tx, hash []byte) (Session, error) {
	now := db.Micros(tx.Now())
	var x Session
	err := tx.Each(`SELECT hash, account, stage, lang, created_at, seen_at, expires_at FROM sessions WHERE hash = $1 AND expires_at > $2 AND seen_at > $3`,
		[]any{hash, now, now - idle.Microseconds()}, func(rows *sql.Rows) (err error) {
			x, err = scanSession(rows)
			return err
		})
	if err == nil && x.hash == nil {
		err = errs.New(errs.NotFound, "error.not-found")
	}
	return x, err
}

func scanSession(rows *sql.Rows) (Session, error) {
	var x Session
	var created, seen, expires int64
	err := rows.Scan(&x.hash, &x.Account.Name, &x.Stage, &x.Lang, &created, &seen, &expires)
	x.CreatedAt, x.SeenAt, x.ExpiresAt = db.Time(created), db.Time(seen), db.Time(expires)
	x.ID = sessionID(x.hash)
	return x, err
}

// sessionID names a session without being of use as its cookie.
func sessionID(hash []byte) string {
	if len(hash) < 8 {
		return ""
	}
	return hex.EncodeToString(hash[:8])
}

// Sessions lists the sessions of an account that are alive, newest first.
func (s *Service) Sessions(ctx context.Context, account string) ([]Session, error) {
	var out []Session
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		now := db.Micros(tx.Now())
		return tx.Each(`SELECT hash, account, stage, lang, created_at, seen_at, expires_at FROM sessions WHERE account = $1 AND expires_at > $2 AND seen_at > $3 ORDER BY created_at DESC, hash`,
			[]any{account, now, now - idle.Microseconds()}, func(rows *sql.Rows) error {
				x, err := scanSession(rows)
				out = append(out, x)
				return err
			})
	})
	return out, err
}

// SignOut ends a session.
func (s *Service) SignOut(ctx context.Context, cookie string) error {
	hash := keyed(s.sessionKey, cookie)
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		x, err := readSession(tx, hash)
		if errs.KindOf(err) == errs.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM sessions WHERE hash = $1`, hash); err != nil {
			return err
		}
		return s.log(tx, x.Account.Name, "signout", x.Account.Name, nil)
	})
}

// EndSession ends one of the account's own sessions by its ID.
func (s *Service) EndSession(ctx context.Context, account, id string) error {
	all, err := s.Sessions(ctx, account)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.ID != id {
			continue
		}
		return s.DB.InTx(ctx, func(tx *db.Tx) error {
			if _, err := tx.Exec(`DELETE FROM sessions WHERE hash = $1`, x.hash); err != nil {
				return err
			}
			return s.log(tx, account, "session-end", account, nil)
		})
	}
	return errs.New(errs.NotFound, "error.not-found")
}

func endSessions(tx *db.Tx, account string) error {
	_, err := tx.Exec(`DELETE FROM sessions WHERE account = $1`, account)
	return err
}

// Sweep removes sessions that are over; the daily job of the program calls it.
func Sweep(tx *db.Tx) error {
	_, err := tx.Exec(`DELETE FROM sessions WHERE expires_at <= $1`, db.Micros(tx.Now()))
	return err
}
