package mail

import (
	"context"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
)

// pausedName is the installation's note that nothing may leave. A restored installation
// has it: what it would send may have been sent already by the one that was lost.
const pausedName = "post.paused"

// Pause keeps everything queued until Unpause; in the caller's transaction.
func Pause(tx *db.Tx) error { return setPaused(tx, "1") }

func setPaused(tx *db.Tx, value string) error {
	_, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, pausedName, value)
	return err
}

// Paused tells whether the post is held back: by an administrator, or because a breach
// has closed the way out.
func Paused(tx *db.Tx) (bool, error) {
	var closed int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM gates WHERE name = 'smtp'`, nil, &closed); err != nil || closed > 0 {
		return closed > 0, err
	}
	var value string
	err := tx.QueryRow(`SELECT value FROM settings WHERE name = $1`, []any{pausedName}, &value)
	if errs.KindOf(err) == errs.NotFound {
		return false, nil
	}
	return value == "1", err
}

// SetPaused holds the post back or lets it go, and has what waits sent.
func (s *Service) SetPaused(ctx context.Context, actor string, paused bool) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		value, action := "0", "post.resume"
		if paused {
			value, action = "1", "post.pause"
		}
		if err := setPaused(tx, value); err != nil {
			return err
		}
		if err := s.Audit.Append(tx, audit.Event{Actor: actor, Action: action, Object: "post"}); err != nil {
			return err
		}
		if paused {
			return nil
		}
		return s.wake(tx)
	})
}
