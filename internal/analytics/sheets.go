package analytics

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"prasan/internal/db"
)

const (
	// sheetAfter is how old hits are when they are put away: what looks at this hour looks
	// at their rows.
	sheetAfter = time.Hour
	// sheetStep is how many hits one transaction puts away.
	sheetStep = 20_000
)

// maxSheet is how many hits a sheet holds, so that it can be written again in memory;
// what a day has beyond stays in rows. Tests lower it.
var maxSheet = 200_000

// PutAway moves hits that are older than an hour from their rows into the sheets of their
// days. Each step is one transaction: a hit is in one of the two, whatever is killed.
func (s *Service) PutAway(ctx context.Context) error {
	until := db.Micros(s.Now().Add(-sheetAfter))
	var sites []int64
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { sites, err = storedSites(tx, "usage_hits"); return err })
	for _, site := range sites {
		if err == nil {
			err = s.putSiteAway(ctx, site, until)
		}
	}
	return err
}

func (s *Service) putSiteAway(ctx context.Context, site, until int64) error {
	for from := int64(0); ; {
		var oldest sql.NullInt64
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT MIN(at) FROM usage_hits WHERE site = $1 AND at >= $2`, []any{site, from}, &oldest)
		})
		if err != nil || !oldest.Valid || oldest.Int64 >= until {
			return err
		}
		day, moved := dayOf(oldest.Int64), 0
		if err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			moved, err = putDayAway(tx, site, day, min(until, dayStart(day+1)))
			return err
		}); err != nil {
			return err
		}
		if moved == 0 { // the sheet is full
			from = dayStart(day + 1)
		}
	}
}

func dayStart(day int64) int64 { return day*dayLength - bangkok }

// putDayAway adds the oldest rows of a site and day to its sheet, and deletes them.
func putDayAway(tx *db.Tx, site, day, until int64) (moved int, err error) {
	kept, err := sheetRows(tx, site, day)
	if err != nil || len(kept) >= maxSheet {
		return 0, err
	}
	fresh, err := hitRows(tx, site, dayStart(day), until, min(sheetStep, maxSheet-len(kept)))
	if err != nil || len(fresh) == 0 {
		return 0, err
	}
	last := fresh[len(fresh)-1]
	// The last of them is named by its node, too: another may bear the same moment.
	for _, t := range []string{"usage_hits", "usage_places"} {
		n, err := tx.Exec(`DELETE FROM `+t+` WHERE site = $1 AND at >= $2 AND (at < $3 OR at = $4 AND n <= $5)`, site, dayStart(day), last.at, last.at, last.n)
		if err != nil {
			return 0, err
		}
		if t == "usage_hits" && n != int64(len(fresh)) {
			return 0, fmt.Errorf("%d hits were read and %d deleted", len(fresh), n)
		}
	}
	return len(fresh), saveSheet(tx, site, day, inOrder(kept, fresh))
}

// keepPast keeps hits that happened before: in the sheets of their days where they are
// old enough and there is room, and else in rows.
func keepPast(tx *db.Tx, node, until int64, past []row) error {
	days, rest := map[siteDay][]row{}, []row(nil)
	for _, r := range past {
		r.n = node
		if r.at >= until {
			rest = append(rest, r)
			continue
		}
		at := siteDay{r.site, dayOf(r.at)}
		days[at] = append(days[at], r)
	}
	for _, at := range slices.SortedFunc(maps.Keys(days), siteDay.compare) {
		kept, err := sheetRows(tx, at.site, at.day)
		if err != nil {
			return err
		}
		fresh := days[at]
		room := min(max(maxSheet-len(kept), 0), len(fresh))
		rest = append(rest, fresh[room:]...)
		if room == 0 {
			continue
		}
		if err := saveSheet(tx, at.site, at.day, inOrder(kept, fresh[:room])); err != nil {
			return err
		}
	}
	return insertRows(tx, node, rest)
}

// inOrder are the hits of both lists.
func inOrder(kept, fresh []row) []row {
	rows := append(kept, fresh...)
	slices.SortStableFunc(rows, byMoment)
	return rows
}

const hitColumns = `site, at, n, visitor, level, name, page, source, campaign, profile, label, value, bot, cookie, ` + placeOfHit

// hitRows are rows of hits in their order.
func hitRows(tx *db.Tx, site, from, to int64, limit int) (out []row, err error) {
	err = tx.Each(`SELECT `+hitColumns+` FROM usage_hits WHERE site = $1 AND at >= $2 AND at < $3 ORDER BY at, n LIMIT $4`, []any{site, from, to, limit}, func(rows rowScanner) error {
		var r row
		err := rows.Scan(&r.site, &r.at, &r.n, &r.visitor, &r.level, &r.name, &r.page, &r.source, &r.campaign, &r.profile, &r.label, &r.value, &r.bot, &r.cookie, &r.place)
		out = append(out, r)
		return err
	})
	return out, err
}

// sheetRows are the hits of a site and day that were put away.
func sheetRows(tx *db.Tx, site, day int64) ([]row, error) {
	var parts [sheetParts][]byte
	err := tx.Each(`SELECT part, body FROM usage_sheets WHERE site = $1 AND part IN (0, 1, 2) AND day = $2`, []any{site, day}, func(rows rowScanner) error {
		var part int64
		var body []byte
		err := rows.Scan(&part, &body)
		if err == nil && part >= 0 && part < sheetParts {
			parts[part] = body
		}
		return err
	})
	if err != nil || parts[partFigures] == nil {
		return nil, err
	}
	return rowsOf(site, parts)
}

// saveSheet writes a sheet anew; one without hits is deleted.
func saveSheet(tx *db.Tx, site, day int64, rows []row) error {
	var parts [sheetParts][]byte
	if len(rows) > 0 {
		parts = sheetOf(rows)
	}
	for part, body := range parts {
		var err error
		if body == nil {
			_, err = tx.Exec(`DELETE FROM usage_sheets WHERE site = $1 AND part = $2 AND day = $3`, site, part, day)
		} else {
			_, err = tx.Exec(`INSERT INTO usage_sheets (site, part, day, body) VALUES ($1, $2, $3, $4) ON CONFLICT (site, part, day) DO UPDATE SET body = excluded.body`, site, part, day, body)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// allRows are all hits of a site and day in their order, wherever they are.
func allRows(tx *db.Tx, site, day int64) ([]row, error) {
	kept, err := sheetRows(tx, site, day)
	if err != nil {
		return nil, err
	}
	fresh, err := hitRows(tx, site, dayStart(day), dayStart(day+1), 1<<40)
	if err != nil {
		return nil, err
	}
	return inOrder(kept, fresh), nil
}

// sheetDays are the days of a site that have a sheet, up to a day.
func sheetDays(tx *db.Tx, site, to int64) (days []int64, err error) {
	err = tx.Each(`SELECT day FROM usage_sheets WHERE site = $1 AND part = 0 AND day <= $2 ORDER BY day`, []any{site, to}, func(rows rowScanner) error {
		var day int64
		err := rows.Scan(&day)
		days = append(days, day)
		return err
	})
	return days, err
}

// expireSheets erases the hits of a site from before a moment, and tells how many.
func expireSheets(tx *db.Tx, site, before int64) (erased int64, err error) {
	days, err := sheetDays(tx, site, dayOf(before))
	if err != nil {
		return 0, err
	}
	for _, day := range days {
		rows, err := sheetRows(tx, site, day)
		if err != nil {
			return 0, err
		}
		n := len(rows)
		kept := slices.DeleteFunc(rows, func(r row) bool { return r.at < before })
		if len(kept) == n {
			continue
		}
		erased += int64(n - len(kept))
		if err := saveSheet(tx, site, day, kept); err != nil {
			return 0, err
		}
	}
	return erased, nil
}

// forgetInSheets takes cookies out of a site's sheets, and with them what they made of
// their hits.
func forgetInSheets(tx *db.Tx, site int64, cookies ...int64) error {
	gone := make(map[int64]bool, len(cookies))
	for _, c := range cookies {
		gone[c] = true
	}
	var days []int64
	err := tx.Each(`SELECT day, body FROM usage_sheets WHERE site = $1 AND part = $2`, []any{site, partCookies}, func(rows rowScanner) error {
		var day int64
		var body sql.RawBytes
		if err := rows.Scan(&day, &body); err != nil {
			return err
		}
		r := entryReader{rest: body}
		if slices.ContainsFunc(r.list(nil), func(c int64) bool { return gone[c] }) {
			days = append(days, day)
		}
		if r.bad {
			return errPacked
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, day := range days {
		rows, err := sheetRows(tx, site, day)
		if err != nil {
			return err
		}
		for i := range rows {
			if r := &rows[i]; gone[r.cookie] {
				r.cookie, r.visitor, r.level = 0, 0, 0
			}
		}
		if err := saveSheet(tx, site, day, rows); err != nil {
			return err
		}
	}
	return nil
}
