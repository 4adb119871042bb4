package analytics

import (
	"cmp"
	"slices"

	"prasan/internal/db"
	"prasan/internal/processing"
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
	batch := []*pending{first}
	for len(batch) < maxBatch {
		select {
		case p := <-s.queue:
			batch = append(batch, p)
			continue
		default:
		}
		break
	}
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
	}{{&r.site, "", c.site}, {&r.name, c.site, c.name}, {&r.page, c.site, c.page}, {&r.source, c.site, c.source}, {&r.campaign, c.site, c.campaign}, {&r.profile, "", c.profile.term()}, {&r.label, c.site, c.label}, {&r.bot, "", c.bot}} {
		if *x.into, err = u.id(x.site, x.text); err != nil {
			return r, err
		}
	}
	return r, nil
}

func loadStates(tx *db.Tx, rows []row) (map[int64]*state, error) {
	out := map[int64]*state{}
	var ids []int64
	for i := range rows {
		if v := rows[i].visitor; v != 0 && !slices.Contains(ids, v) {
			ids = append(ids, v)
		}
	}
	err := inChunks(ids, func(in string, args []any) error {
		return tx.Each(`SELECT visitor, day, last_at, views, entry, page, source, seen FROM usage_visitors WHERE visitor IN (`+in+`)`, args, func(r rowScanner) error {
			var id int64
			x := &state{}
			err := r.Scan(&id, &x.day, &x.lastAt, &x.views, &x.entry, &x.page, &x.source, &x.seen)
			out[id] = x
			return err
		})
	})
	return out, err
}

const rowHead = `INSERT INTO usage_hits (site, at, n, visitor, level, name, page, source, campaign, profile, label, value, bot, cookie) VALUES `

func insertRows(tx *db.Tx, node int64, rows []row) error {
	args := make([][]any, len(rows))
	for i, r := range rows {
		args[i] = []any{r.site, r.at, node, r.visitor, r.level, r.name, r.page, r.source, r.campaign, r.profile, r.label, r.value, r.bot, r.cookie}
	}
	return bulk(tx, rowHead, "", args)
}

const (
	stateHead = `INSERT INTO usage_visitors (visitor, day, last_at, views, entry, page, source, seen) VALUES `
	stateTail = ` ON CONFLICT (visitor) DO UPDATE SET day = excluded.day, last_at = excluded.last_at, views = excluded.views, entry = excluded.entry, page = excluded.page, source = excluded.source, seen = excluded.seen`
)

func saveStates(tx *db.Tx, states map[int64]*state) error {
	var args [][]any
	for id, s := range states {
		if s.changed {
			args = append(args, []any{id, s.day, s.lastAt, s.views, s.entry, s.page, s.source, s.seen})
		}
	}
	slices.SortFunc(args, func(a, b []any) int { return cmp.Compare(a[0].(int64), b[0].(int64)) })
	return bulk(tx, stateHead, stateTail, args)
}

const (
	deltaHead = `INSERT INTO usage_daily (site, dim, day, term, n, visitors, visits, bounces, exits, total) VALUES `
	deltaTail = ` ON CONFLICT (site, dim, day, term) DO UPDATE SET n = usage_daily.n + excluded.n, visitors = usage_daily.visitors + excluded.visitors, visits = usage_daily.visits + excluded.visits, bounces = usage_daily.bounces + excluded.bounces, exits = usage_daily.exits + excluded.exits, total = usage_daily.total + excluded.total`
)

// addDeltas adds to the totals, always in one order, so that writers of several nodes
// do not wait for each other in a circle.
func addDeltas(tx *db.Tx, deltas map[cell]*sums) error {
	cells := make([]cell, 0, len(deltas))
	for c, d := range deltas {
		if *d != (sums{}) {
			cells = append(cells, c)
		}
	}
	slices.SortFunc(cells, compareCells)
	args := make([][]any, len(cells))
	for i, c := range cells {
		d := deltas[c]
		args[i] = []any{c.site, c.dim, c.day, c.term, d.n, d.visitors, d.visits, d.bounces, d.exits, d.total}
	}
	return bulk(tx, deltaHead, deltaTail, args)
}

func compareCells(a, b cell) int {
	return cmp.Or(cmp.Compare(a.site, b.site), cmp.Compare(a.dim, b.dim), cmp.Compare(a.day, b.day), cmp.Compare(a.term, b.term))
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
