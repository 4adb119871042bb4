package truth

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// memory holds what several probes of one report ask for.
type memory struct {
	mu   sync.Mutex
	seen map[string]any
}

// Once looks once in a report, whoever asks: what is under the name for all activities.
func Once[T any](s Subject, name string, look func() (T, error)) (T, error) {
	if s.once == nil {
		return look()
	}
	s.once.mu.Lock()
	defer s.once.mu.Unlock()
	if v, ok := s.once.seen[name]; ok {
		return v.(T), nil
	}
	v, err := look()
	if err == nil {
		if s.once.seen == nil {
			s.once.seen = map[string]any{}
		}
		s.once.seen[name] = v
	}
	return v, err
}

// BeforeKeep has f run before a report is made to be kept: what takes long, and what
// brings sums up to now.
func (s *Service) BeforeKeep(f func(ctx context.Context) error) { s.before = append(s.before, f) }

// Observe keeps what a look has found that takes long, or needs what is not always
// there, such as a browser.
func Observe(ctx context.Context, d *db.DB, name string, found any) error {
	text, err := json.Marshal(found)
	if err != nil {
		return err
	}
	return d.InTx(ctx, func(tx *db.Tx) error { return tx.Observe(name, string(text)) })
}

// Observed returns what was kept, and when; the zero time where nothing was.
func Observed[T any](ctx context.Context, d *db.DB, name string) (found T, at time.Time, err error) {
	var text string
	var us int64
	err = d.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT body, at FROM observations WHERE name = $1`, []any{name}, &text, &us)
	})
	if errs.KindOf(err) == errs.NotFound {
		return found, time.Time{}, nil
	}
	if err != nil {
		return found, time.Time{}, err
	}
	return found, db.Time(us), json.Unmarshal([]byte(text), &found)
}
