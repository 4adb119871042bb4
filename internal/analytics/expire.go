package analytics

import (
	"context"
	"database/sql"
	"math"
	"slices"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/thai"
)

// Register tells the queue what this package's tasks do.
func (s *Service) Register() {
	s.Jobs.Every("usage.rotate", jobs.Daily(thai.Bangkok, 0, 1), func(ctx context.Context, _ jobs.Job) error { return s.Rotate(ctx) })
	s.Jobs.Every("usage.sheets", jobs.Hourly(5), func(ctx context.Context, _ jobs.Job) error { return s.PutAway(ctx) })
	s.Jobs.Every("usage.expire", jobs.Daily(thai.Bangkok, 2, 20), func(ctx context.Context, _ jobs.Job) error { return s.Expire(ctx) })
	s.Jobs.Every("usage.months", jobs.Daily(thai.Bangkok, 2, 50), func(ctx context.Context, _ jobs.Job) error { return s.CloseMonths(ctx) })
	s.Jobs.Every("usage.watch", jobs.Daily(thai.Bangkok, 7, 20), func(ctx context.Context, _ jobs.Job) error { return s.Watch(ctx) })
	s.Jobs.Every("usage.reports", jobs.Daily(thai.Bangkok, 7, 30), func(ctx context.Context, _ jobs.Job) error { return s.SendReports(ctx) })
	s.registerGoogle()
}

// Rotate destroys the salt of a day that is over, also where nobody comes after it, and
// the states of its visitors, once their last hits are counted.
func (s *Service) Rotate(ctx context.Context) error {
	today := dayOf(db.Micros(s.Now()))
	if _, err := s.salts.of(ctx, s.DB, today); err != nil {
		return err
	}
	s.settle(ctx)
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.foldAll(tx); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM usage_visitors WHERE day < $1`, today)
		return err
	})
}

// momentary are elements that are used and not kept; their period says nothing of rows.
var momentary = []string{"ip_address", "consent_choice", "usage_rollup"}

// Window is how long raw hits are kept: the shortest period of what they hold.
func Window(record *policy.Snapshot) policy.Retention {
	out, first := record.Retention, true
	now := time.Unix(0, 0)
	for _, l := range record.Levels {
		for _, e := range l.Elements {
			if slices.Contains(momentary, e) {
				continue
			}
			if kept := record.KeptFor(e); first || kept.DueAt(now).Before(out.DueAt(now)) {
				out, first = kept, false
			}
		}
	}
	return out
}

// Expire erases raw hits and totals that the record no longer keeps, site by site, and
// logs what it erased.
func (s *Service) Expire(ctx context.Context) error {
	record := s.Record(Activity)
	if record == nil {
		return nil
	}
	hits := db.Micros(Window(record).Before(s.Now()))
	days := dayOf(db.Micros(record.KeptFor("usage_rollup").Before(s.Now())))
	var ids []int64
	var hosts map[int64]string
	err := s.read(ctx, func(tx *db.Tx) (err error) {
		if ids, err = storedSites(tx, siteTables...); err == nil {
			hosts, err = texts(tx, ids)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.expire(tx, record, hosts[id], id, hits, days) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) expire(tx *db.Tx, record *policy.Snapshot, host string, id, hits, days int64) error {
	raw, err := tx.Exec(`DELETE FROM usage_hits WHERE site = $1 AND at < $2`, id, hits)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`DELETE FROM usage_places WHERE site = $1 AND at < $2`, id, hits); err != nil {
		return err
	}
	put, err := expireSheets(tx, id, hits)
	if err != nil {
		return err
	}
	raw += put
	totals := int64(0)
	for dim := range int64(dims) {
		n, err := tx.Exec(`DELETE FROM usage_daily WHERE site = $1 AND dim = $2 AND day < $3`, id, dim, days)
		if err != nil {
			return err
		}
		m, err := tx.Exec(`DELETE FROM usage_monthly WHERE site = $1 AND dim = $2 AND month < $3`, id, dim, monthOf(days))
		if err != nil {
			return err
		}
		totals += n + m
	}
	if raw+totals == 0 {
		return nil
	}
	body := map[string]any{"hits": raw, "totals": totals, "hits_before": db.Time(hits), "revision": record.RevisionID}
	if err := s.Audit.Append(tx, audit.Event{Actor: "system", Action: "usage.expire", Object: "usage:" + host, Body: body}); err != nil {
		return err
	}
	return s.Processing.Record(tx, processing.Line{Activity: Activity, Revision: record.RevisionID, Act: "erase", Actor: "system", Ground: "retention", Purpose: "improve_service", Subjects: []string{"usage:" + host}, Elements: []string{"page_path", "visitor_day_id"}, Detail: "expired"})
}

// siteIDs are the numbers of the sites that have been counted, by host.
func (s *Service) siteIDs(ctx context.Context) (map[string]int64, error) {
	out := map[string]int64{}
	err := s.read(ctx, func(tx *db.Tx) error {
		for _, host := range s.allHosts() {
			id, err := termID(tx, host)
			if errs.KindOf(err) == errs.NotFound {
				continue
			}
			if err != nil {
				return err
			}
			out[host] = id
		}
		return nil
	})
	return out, err
}

func (s *Service) allHosts() []string {
	out := slices.Clone(s.Sites())
	s.hosts.mu.RLock()
	defer s.hosts.mu.RUnlock()
	for h := range s.hosts.table {
		out = append(out, h)
	}
	slices.Sort(out)
	return out
}

// monthOf is the number of the month of a day: years since 0 times 12, plus the month.
func monthOf(day int64) int64 {
	t := dayTime(day)
	return int64(t.Year())*12 + int64(t.Month()) - 1
}

// monthStart is the first day of a month.
func monthStart(month int64) int64 {
	return time.Date(int(month/12), time.Month(month%12+1), 1, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// dayTime is the beginning of a day, as a date without a zone.
func dayTime(day int64) time.Time { return time.Unix(day*86400, 0).UTC() }

// CloseMonths adds up the months that are over, so that a report of a year reads twelve
// rows instead of 365. Sums of sums are the same sums.
func (s *Service) CloseMonths(ctx context.Context) error {
	now := monthOf(dayOf(db.Micros(s.Now())))
	var first sql.NullInt64
	err := s.read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT MIN(day) FROM usage_daily WHERE site = 0 AND dim = 0`, nil, &first)
	})
	if err != nil || !first.Valid {
		return err
	}
	for month := monthOf(first.Int64); month < now; month++ {
		if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return closeMonth(tx, month) }); err != nil {
			return err
		}
	}
	return nil
}

func closeMonth(tx *db.Tx, month int64) error {
	n, err := tx.Exec(`INSERT INTO usage_closed (month, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, month, db.Micros(tx.Now()))
	if err != nil || n == 0 {
		return err
	}
	sites, err := storedSites(tx, "usage_daily")
	if err != nil {
		return err
	}
	for _, site := range sites {
		if err := closeSite(tx, site, month); err != nil {
			return err
		}
	}
	return nil
}

func closeSite(tx *db.Tx, site, month int64) error {
	out := map[block][]packed{}
	for dim := range int64(dims) {
		added := map[int64]*sums{}
		err := eachCell(tx, dayQuery, []any{site, dim, monthStart(month), monthStart(month+1) - 1}, func(_, term int64, x *sums) {
			if added[term] == nil {
				added[term] = &sums{}
			}
			added[term].add(*x)
		})
		if err != nil {
			return err
		}
		for term, x := range added {
			b := blockOf(cell{site, dim, month, term})
			out[b] = append(out[b], packed{term, *x})
		}
	}
	return saveBlocks(tx, monthTable, out, nil)
}

// siteTables are the tables whose rows end by the record; the site leads their keys.
var siteTables = []string{"usage_hits", "usage_places", "usage_sheets", "usage_daily", "usage_monthly"}

// storedSites are the numbers of the sites that have rows, the ministry's first, also of
// sites that are no more; the keys of the tables are jumped through.
func storedSites(tx *db.Tx, tables ...string) (ids []int64, err error) {
	for last := int64(-1); ; {
		found := int64(math.MaxInt64)
		for _, table := range tables {
			var next sql.NullInt64
			if err := tx.QueryRow(`SELECT MIN(site) FROM `+table+` WHERE site > $1`, []any{last}, &next); err != nil {
				return nil, err
			}
			if next.Valid {
				found = min(found, next.Int64)
			}
		}
		if found == math.MaxInt64 {
			return ids, nil
		}
		ids, last = append(ids, found), found
	}
}

// reopen takes a month's sums away, for hits that are added to it later.
func reopen(tx *db.Tx, month int64) error {
	if _, err := tx.Exec(`DELETE FROM usage_monthly WHERE month = $1`, month); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM usage_closed WHERE month = $1`, month)
	return err
}

// Forget takes a visitor's cookie out of the raw hits: what was counted stays, whose it
// was goes. It is called in the transaction of the withdrawal.
func (s *Service) Forget(tx *db.Tx, visitor string) error {
	if err := s.foldAll(tx); err != nil { // what waits to be counted has it too
		return err
	}
	return forgetCookies(tx, true, s.CookieKey(visitor))
}

// forgetCookies takes cookies out of all single hits, site by site, as their keys go.
func forgetCookies(tx *db.Tx, inSheets bool, cookies ...int64) error {
	tables := []string{"usage_hits"}
	if inSheets {
		tables = append(tables, "usage_sheets")
	}
	sites, err := storedSites(tx, tables...)
	if err != nil {
		return err
	}
	for _, id := range sites {
		for _, cookie := range cookies {
			if _, err := tx.Exec(`UPDATE usage_hits SET cookie = 0, visitor = 0, level = 0 WHERE site = $1 AND cookie = $2`, id, cookie); err != nil {
				return err
			}
		}
		if inSheets {
			if err := forgetInSheets(tx, id, cookies...); err != nil {
				return err
			}
		}
	}
	return nil
}
