package analytics

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"prasan/internal/db"
	"prasan/internal/processing"
)

// Where many hits come at once, an entry waits a moment for company: a commit costs as
// much for one as for fifty. Where few come, nobody is kept.
const (
	few    = 8
	linger = 1500 * time.Microsecond
)

// run is the writer: all that is queued goes into one entry of the journal, and all who
// wait for it are answered by its one commit.
func (s *Service) run() {
	defer close(s.written)
	for {
		select {
		case p := <-s.queue:
			s.flush(p)
		case <-s.quit:
			for {
				select {
				case p := <-s.queue:
					s.flush(p)
				default:
					return
				}
			}
		}
	}
}

func (s *Service) flush(first *pending) {
	if s.crowd > few {
		time.Sleep(linger)
	}
	batch := append(make([]*pending, 0, s.crowd+few), first)
	for len(batch) < maxBatch {
		select {
		case p := <-s.queue:
			batch = append(batch, p)
			continue
		default:
		}
		break
	}
	s.crowd = len(batch)
	// Moments are given here, each later than the one before, so that the order of the
	// rows is the order of counting.
	for _, p := range batch {
		s.lastAt = max(db.Micros(s.Now()), s.lastAt+1)
		p.at = s.lastAt
	}
	err := s.append(batch)
	if err == nil {
		s.Stats.Stored.Add(int64(len(batch)))
		s.Stats.Commits.Add(1)
	}
	for _, p := range batch {
		if p.done != nil {
			p.done <- err
		}
	}
}

// store writes a batch: terms, raw rows, states, totals.
func (s *Service) store(tx *db.Tx, batch []*pending) (err error) {
	u := s.terms.within(tx, dayOf(batch[0].at))
	rows := make([]row, len(batch))
	for i, p := range batch {
		if rows[i], err = resolve(u, &p.cleaned); err != nil {
			return err
		}
	}
	t := &tally{known: s.known, deltas: map[cell]*sums{}}
	if t.states, err = loadStates(tx, rows); err != nil {
		return err
	}
	for i := range rows {
		t.count(&rows[i])
	}
	if err := insertRows(tx, s.node, rows); err != nil {
		return err
	}
	if err := saveStates(tx, t.states); err != nil {
		return err
	}
	if err := addDeltas(tx, t.deltas); err != nil {
		return err
	}
	if err := s.bridge(tx, batch); err != nil {
		return err
	}
	tx.AfterCommit(func() { s.Stats.Others.Add(u.others) })
	return s.log(tx, batch)
}

// resolve turns texts into numbers.
func resolve(u *use, c *cleaned) (r row, err error) {
	r = row{at: c.at, visitor: c.visitor, level: int64(c.scope.Level), value: c.value, cookie: c.cookie}
	for _, x := range []struct {
		into       *int64
		site, text string
	}{{&r.site, "", c.site}, {&r.name, c.site, c.name}, {&r.page, c.site, c.page}, {&r.source, c.site, c.source}, {&r.campaign, c.site, c.campaign}, {&r.profile, "", c.profile.term()}, {&r.label, c.site, c.label}, {&r.bot, "", c.bot}, {&r.place, "", c.place}} {
		if *x.into, err = u.id(x.site, x.text); err != nil {
			return r, err
		}
	}
	return r, nil
}

func loadStates(tx *db.Tx, rows []row) (map[int64]*state, error) {
	out := make(map[int64]*state, len(rows))
	ids := make([]int64, 0, len(rows))
	for i := range rows {
		if v := rows[i].visitor; v != 0 {
			ids = append(ids, v)
		}
	}
	slices.Sort(ids) // in the order of the tree
	err := inChunks(tx.Dialect, slices.Compact(ids), func(in string, args []any) error {
		return tx.Each(`SELECT visitor, day, state FROM usage_visitors WHERE visitor IN `+in, args, func(r rowScanner) error {
			var id, day int64
			var body []byte
			if err := r.Scan(&id, &day, &body); err != nil {
				return err
			}
			x, err := unpackState(day, body)
			out[id] = x
			return err
		})
	})
	return out, err
}

const rowHead = `INSERT INTO usage_hits (site, at, n, visitor, level, name, page, source, campaign, profile, label, value, bot, cookie) VALUES `

// insertRows writes rows, which it puts into the order of their key: that of the tree.
func insertRows(tx *db.Tx, node int64, rows []row) error {
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.site, b.site), cmp.Compare(a.at, b.at)) })
	n := any(node)
	err := bulk(tx, rowHead, "", rows, func(args []any, r *row) []any {
		return append(args, r.site, r.at, n, r.visitor, r.level, r.name, r.page, r.source, r.campaign, r.profile, r.label, r.value, r.bot, r.cookie)
	})
	if err != nil {
		return err
	}
	return insertPlaces(tx, node, rows)
}

const (
	stateHead = `INSERT INTO usage_visitors (visitor, day, state) VALUES `
	stateTail = ` ON CONFLICT (visitor) DO UPDATE SET day = excluded.day, state = excluded.state`
)

func saveStates(tx *db.Tx, states map[int64]*state) error {
	ids := make([]int64, 0, len(states))
	for id, s := range states {
		if s.changed {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return bulk(tx, stateHead, stateTail, ids, func(args []any, id *int64) []any {
		s := states[*id]
		return append(args, *id, s.day, s.pack())
	})
}

// pack is a state as it is stored, short: a day has many visitors.
func (s *state) pack() []byte {
	b := make([]byte, 0, 20+len(s.seen))
	for _, n := range []int64{s.lastAt - (s.day*dayLength - bangkok), s.views, s.entry, s.page, s.source} {
		b = binary.AppendVarint(b, n)
	}
	return append(b, s.seen...)
}

func unpackState(day int64, b []byte) (*state, error) {
	s, r := &state{day: day}, entryReader{rest: b}
	for _, into := range []*int64{&s.lastAt, &s.views, &s.entry, &s.page, &s.source} {
		*into = r.number()
	}
	if r.bad {
		return nil, errPacked
	}
	s.lastAt += day*dayLength - bangkok
	s.seen = r.rest
	return s, nil
}

type logKey struct {
	site, revision string
	day            int64
}

// log writes one processing line a day, site and revision: that usage was collected,
// and under which. A line for each hit would itself tell more than is collected.
func (s *Service) log(tx *db.Tx, batch []*pending) error {
	for _, p := range batch {
		key := logKey{p.site, p.scope.Revision, dayOf(p.at)}
		if _, done := s.logged.Load(key); done {
			continue
		}
		n, err := tx.Exec(`INSERT INTO usage_logged (site, day, revision_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, key.site, key.day, key.revision)
		if err != nil {
			return err
		}
		tx.AfterCommit(func() { s.logged.Store(key, true) })
		if n == 0 {
			continue
		}
		line := processing.Line{Activity: Activity, Revision: key.revision, Act: "collect", Actor: "system", Ground: "public-task", Purpose: "improve_service", Subjects: []string{"usage:" + key.site}, Elements: p.scope.Elements, Detail: "usage"}
		if err := s.Processing.Record(tx, line); err != nil {
			return err
		}
	}
	return nil
}
