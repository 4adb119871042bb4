package retention

import (
	"context"
	"time"

	"prasan/internal/db"
)

// Holder has records of value with due dates; a feature satisfies it. Its values are
// plain, so that a feature need not know this package.
type Holder interface {
	// Kind names what it holds: "case", "letter".
	Kind() string
	// Matter names the rounds in which it goes; "" is what people have written.
	Matter() string
	// Count tells how many are due at a moment, by agency.
	Count(tx *db.Tx, at time.Time) (map[string]int, error)
	// Due lists what an agency has that is due before a moment, in an order of its own,
	// after the one of that date and id.
	Due(tx *db.Tx, agency string, before, afterDue time.Time, after string, limit int, each func(id, label string, closed, due time.Time)) error
	// Extend moves the due date of one.
	Extend(tx *db.Tx, id string, until time.Time) error
	// Erase destroys, keys first. Doing it again does nothing more.
	Erase(ctx context.Context, actor string, ids []string) error
	// Gone tells whether nothing of it can be read any more.
	Gone(ctx context.Context, id string) (bool, error)
}

func (s *Service) holder(kind string) (Holder, bool) {
	for _, h := range s.Holders {
		if h.Kind() == kind {
			return h, true
		}
	}
	return nil, false
}
