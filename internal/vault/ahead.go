package vault

import (
	"context"
	"sync"
	"time"
)

const (
	// maxAhead bounds how many keys are made at once.
	maxAhead = 64
	// aheadFor is how long a key waits to be used: far less than the day after which
	// those that nothing uses are swept.
	aheadFor = time.Hour
	// haste is how soon the last keys must have been used up for more to be made.
	haste = 250 * time.Millisecond
)

// stock has the keys of a kind that are durable and not used yet.
type stock struct {
	mu    sync.Mutex // held while keys are made: who comes meanwhile takes of them
	keys  []*Subject
	size  int // how many were made last
	since time.Time
}

// NewKept is NewSubject whose key is durable already. A commit of the keyring costs as
// much for many keys as for one: while they are asked for in haste, they are made ahead,
// twice as many each time. Those that are left when the program ends are swept with the
// other orphans of their kind.
func (v *Vault) NewKept(ctx context.Context, kind string, at time.Time) (*Subject, error) {
	made, _ := v.ahead.LoadOrStore(kind, &stock{})
	st := made.(*stock)
	st.mu.Lock()
	defer st.mu.Unlock()
	if s := st.take(at); s != nil {
		return s, nil
	}
	st.grow(time.Now())
	fresh := make([]*Subject, st.size)
	for i := range fresh {
		s, err := v.NewSubject(ctx, at)
		if err != nil {
			return nil, err
		}
		s.Kind, fresh[i] = kind, s
	}
	if err := v.Keep(ctx, fresh...); err != nil {
		return nil, err
	}
	st.keys = fresh
	return st.take(at), nil
}

// take gives a key that was made at about a moment and in its year, whose key wraps it;
// others are left to the sweep.
func (st *stock) take(at time.Time) *Subject {
	for len(st.keys) > 0 {
		last := len(st.keys) - 1
		s := st.keys[last]
		st.keys = st.keys[:last]
		if at.Sub(s.at).Abs() < aheadFor && s.at.UTC().Year() == at.UTC().Year() {
			return s
		}
	}
	return nil
}

func (st *stock) grow(now time.Time) {
	if now.Sub(st.since) < haste {
		st.size = min(2*st.size, maxAhead)
	} else {
		st.size = 1
	}
	st.since = now
}
