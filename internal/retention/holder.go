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
	// Activity is the code of the record by which it is kept.
	Activity() string
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

// Passing is what goes by itself, day by day, once its time is over: it is in the checks
// of its activity, and in no round.
type Passing struct {
	Activity, Kind string
	// Count tells how much is past its time at a moment, by agency.
	Count func(ctx context.Context, at time.Time) (map[string]int, error)
}

// of are the holders of an activity.
func (s *Service) of(activity string) []Holder {
	var out []Holder
	for _, h := range s.Holders {
		if h.Activity() == activity {
			out = append(out, h)
		}
	}
	return out
}

func (s *Service) holder(kind string) (Holder, bool) {
	for _, h := range s.Holders {
		if h.Kind() == kind {
			return h, true
		}
	}
	return nil, false
}
