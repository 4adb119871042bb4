package evidence

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"prasan/internal/db"
	"prasan/internal/thai"
)

// stamp is how moments are written in a package: RFC 3339, in Thailand's time.
func stamp(us int64) string {
	if us == 0 {
		return ""
	}
	return db.Time(us).In(thai.Bangkok).Format(time.RFC3339)
}

// rows reads a statement into rows of text; agency is the column by which the scope
// chooses, -1 for none.
func (s *Service) rows(ctx context.Context, scope Scope, agency int, query string, args []any, row func(scan func(...any) error) ([]string, error)) ([][]string, error) {
	var out [][]string
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(query, args, func(r *sql.Rows) error {
			cells, err := row(r.Scan)
			if err == nil && (agency < 0 || scope.Covers(cells[agency])) {
				out = append(out, cells)
			}
			return err
		})
	})
	return out, err
}

func period(s Scope) []any { return []any{db.Micros(s.From), db.Micros(s.To)} }

// register puts every revision word for word, with its place in the chain.
func (s *Service) register(ctx context.Context, _ Scope, put Put) error {
	var list []chained
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		list = []chained{}
		return tx.Each(`SELECT activity, n, status, sha256, prev_sha256, prepared_by, approvals, effective_at, created_at FROM revisions ORDER BY activity, n`, nil, func(rows *sql.Rows) error {
			var r chained
			var approvals string
			var effective, created int64
			if err := rows.Scan(&r.Activity, &r.N, &r.Status, &r.SHA256, &r.PrevSHA256, &r.PreparedBy, &approvals, &effective, &created); err != nil {
				return err
			}
			r.EffectiveAt, r.CreatedAt = stamp(effective), stamp(created)
			r.File = fmt.Sprintf("register/%s/%d.yaml", r.Activity, r.N)
			list = append(list, r)
			return json.Unmarshal([]byte(approvals), &list[len(list)-1].Approvals)
		})
	})
	if err != nil {
		return err
	}
	for _, r := range list {
		var body string
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT body FROM revisions WHERE activity = $1 AND n = $2`, []any{r.Activity, r.N}, &body)
		})
		if err != nil {
			return err
		}
		if err := put(r.File, []byte(body)); err != nil {
			return err
		}
	}
	return put.JSON(chainName, list)
}

// disclosures is the log of s.39(6): what kind of data went to whom, why and by which
// letter; not whose.
func (s *Service) disclosures(ctx context.Context, scope Scope, put Put) error {
	list, err := s.rows(ctx, scope, 1, `SELECT at, agency, to_agency, channel, elements, purpose, basis, letter_number, revision_id, actor FROM disclosures WHERE at >= $1 AND at < $2 ORDER BY id`, period(scope), func(scan func(...any) error) ([]string, error) {
		c := make([]string, 10)
		var at int64
		err := scan(&at, &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &c[7], &c[8], &c[9])
		c[0] = stamp(at)
		return c, err
	})
	if err != nil {
		return err
	}
	return put.Table("disclosures.csv", []string{"at", "agency", "to_agency", "channel", "elements", "purpose", "basis", "letter_number", "revision_id", "by"}, list)
}

// refusals is the log of s.39(7). A reason is written by an officer for the person; a
// number that somebody could be known by is taken out of it.
func (s *Service) refusals(ctx context.Context, scope Scope, put Put) error {
	list, err := s.rows(ctx, scope, 1, `SELECT decided_at, agency, activity, reference, right_code, outcome, ground, reasons, received_at, answered_at, decided_by, revision_id FROM rights_requests WHERE outcome IN ('refused', 'partly') AND decided_at >= $1 AND decided_at < $2 ORDER BY decided_at, id`, period(scope), func(scan func(...any) error) ([]string, error) {
		c := make([]string, 12)
		var decided, received, answered int64
		err := scan(&decided, &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &c[7], &received, &answered, &c[10], &c[11])
		c[0], c[8], c[9] = stamp(decided), stamp(received), stamp(answered)
		c[7] = thai.Redact(c[7], thai.Sensitive(c[7]), "[…]")
		return c, err
	})
	if err != nil {
		return err
	}
	return put.Table("refusals.csv", []string{"decided_at", "agency", "activity", "request", "right", "outcome", "section", "reasons", "received_at", "answered_at", "decided_by", "revision_id"}, list)
}

// rights are all requests of the period, with their clocks.
func (s *Service) rights(ctx context.Context, scope Scope, put Put) error {
	list, err := s.rows(ctx, scope, 1, `SELECT received_at, agency, activity, reference, right_code, channel, state, outcome, law_due_at, answered_at FROM rights_requests WHERE received_at >= $1 AND received_at < $2 ORDER BY id`, period(scope), func(scan func(...any) error) ([]string, error) {
		c := make([]string, 11)
		var received, due, answered int64
		err := scan(&received, &c[1], &c[2], &c[3], &c[4], &c[5], &c[6], &c[7], &due, &answered)
		c[0], c[8], c[9], c[10] = stamp(received), stamp(due), stamp(answered), "no"
		if due > 0 && (answered > due || answered == 0 && db.Time(due).Before(scope.To)) {
			c[10] = "yes"
		}
		return c, err
	})
	if err != nil {
		return err
	}
	return put.Table("rights.csv", []string{"received_at", "agency", "activity", "request", "right", "channel", "state", "outcome", "law_due_at", "answered_at", "late"}, list)
}

// endOfLife are the signed reports of monitoring and the signed certificates.
func (s *Service) endOfLife(ctx context.Context, scope Scope, put Put) error {
	type signedText struct{ name, text string }
	var certificates []signedText
	var checks []json.RawMessage
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		certificates, checks = nil, []json.RawMessage{}
		if err := tx.Each(`SELECT body FROM monitorings WHERE at >= $1 AND at < $2 ORDER BY at`, period(scope), func(rows *sql.Rows) error {
			var body string
			err := rows.Scan(&body)
			checks = append(checks, json.RawMessage(body))
			return err
		}); err != nil {
			return err
		}
		return tx.Each(`SELECT id, agency, certificate FROM rounds WHERE certificate <> '' AND executed_at >= $1 AND executed_at < $2 ORDER BY id`, period(scope), func(rows *sql.Rows) error {
			var id, agency, text string
			err := rows.Scan(&id, &agency, &text)
			if scope.Covers(agency) {
				certificates = append(certificates, signedText{"end-of-life/certificate-" + id + ".json", text})
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, c := range certificates {
		if err := put(c.name, []byte(c.text)); err != nil {
			return err
		}
	}
	rounds, err := s.rows(ctx, scope, 0, `SELECT agency, activity, year, path, state, opened_at, order_number, ordered_by, executed_at FROM rounds WHERE opened_at >= $1 AND opened_at < $2 ORDER BY id`, period(scope), func(scan func(...any) error) ([]string, error) {
		c := make([]string, 9)
		var year, opened, executed int64
		err := scan(&c[0], &c[1], &year, &c[3], &c[4], &opened, &c[6], &c[7], &executed)
		c[2], c[5], c[8] = strconv.FormatInt(year, 10), stamp(opened), stamp(executed)
		return c, err
	})
	if err != nil {
		return err
	}
	if err := put.Table("end-of-life/rounds.csv", []string{"agency", "activity", "year", "path", "state", "opened_at", "order", "ordered_by", "executed_at"}, rounds); err != nil {
		return err
	}
	return put.JSON("end-of-life/monitoring.json", checks)
}

// breaches are the clocks of incidents, without their description.
func (s *Service) breaches(ctx context.Context, scope Scope, put Put) error {
	list, err := s.rows(ctx, scope, 1, `SELECT id, agency, activity, drill, state, kinds, risk, reported_at, aware_at, notified_at, late_reason, subjects_n, subjects_at, closed_at FROM breaches WHERE reported_at >= $1 AND reported_at < $2 ORDER BY id`, period(scope), func(scan func(...any) error) ([]string, error) {
		c := make([]string, 14)
		var drill bool
		var reported, aware, notified, n, told, closed int64
		err := scan(&c[0], &c[1], &c[2], &drill, &c[4], &c[5], &c[6], &reported, &aware, &notified, &c[10], &n, &told, &closed)
		c[3], c[7], c[8], c[9], c[11], c[12], c[13] = strconv.FormatBool(drill), stamp(reported), stamp(aware), stamp(notified), strconv.FormatInt(n, 10), stamp(told), stamp(closed)
		return c, err
	})
	if err != nil {
		return err
	}
	return put.Table("breaches.csv", []string{"id", "agency", "activity", "drill", "state", "kinds", "risk", "reported_at", "aware_at", "notified_at", "late_reason", "subjects", "subjects_told_at", "closed_at"}, list)
}

// notices are the texts that people were told before the end of the period. Those of
// the same words, of many sites, are one file.
func (s *Service) notices(ctx context.Context, scope Scope, put Put) error {
	texts := map[string][2]string{}
	list, err := s.rows(ctx, scope, 1, `SELECT id, agency, activity, kind, revision_id, sha256, published_at, text_th, text_en FROM notices WHERE published_at < $1 ORDER BY published_at, id`, []any{db.Micros(scope.To)}, func(scan func(...any) error) ([]string, error) {
		c := make([]string, 8)
		var published int64
		var th, en string
		err := scan(&c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &published, &th, &en)
		c[6], c[7] = stamp(published), "notices/"+c[5]+".th.txt"
		if err == nil && scope.Covers(c[1]) {
			texts[c[5]] = [2]string{th, en}
		}
		return c, err
	})
	if err != nil {
		return err
	}
	for _, sum := range slices.Sorted(maps.Keys(texts)) {
		text := texts[sum]
		for i, lang := range []string{"th", "en"} {
			if err := put("notices/"+sum+"."+lang+".txt", []byte(text[i])); err != nil {
				return err
			}
		}
	}
	return put.Table("notices/notices.csv", []string{"id", "agency", "activity", "kind", "revision_id", "sha256", "published_at", "file"}, list)
}

// orders are who acted for whom in the period: delegations, heads and acting heads.
func (s *Service) orders(ctx context.Context, scope Scope, put Put) error {
	between := []any{db.Micros(scope.To), db.Micros(scope.From)}
	list, err := s.rows(ctx, scope, 1, `SELECT number, agency, account, activity, matter, signed_by, from_at, to_at, revoked_at FROM delegations WHERE from_at < $1 AND to_at > $2 ORDER BY id`, between, func(scan func(...any) error) ([]string, error) {
		c := make([]string, 9)
		var from, to, revoked int64
		err := scan(&c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &from, &to, &revoked)
		c[6], c[7], c[8] = stamp(from), stamp(to), stamp(revoked)
		return c, err
	})
	if err != nil {
		return err
	}
	if err := put.Table("orders/delegations.csv", []string{"number", "agency", "account", "activity", "matter", "signed_by", "from", "to", "revoked_at"}, list); err != nil {
		return err
	}
	heads, err := s.rows(ctx, scope, 0, `SELECT agency, account, capacity, order_number, from_at, to_at FROM heads WHERE from_at < $1 AND to_at > $2 ORDER BY agency, from_at`, between, func(scan func(...any) error) ([]string, error) {
		c := make([]string, 6)
		var from, to int64
		err := scan(&c[0], &c[1], &c[2], &c[3], &from, &to)
		c[4], c[5] = stamp(from), stamp(to)
		return c, err
	})
	if err != nil {
		return err
	}
	return put.Table("orders/heads.csv", []string{"agency", "account", "capacity", "order", "from", "to"}, heads)
}

// exceptions are the differences that were accepted for a time.
func (s *Service) exceptions(ctx context.Context, scope Scope, put Put) error {
	list, err := s.rows(ctx, scope, -1, `SELECT activity, field, class, reason, until_at, granted_by, granted_at FROM truth_exceptions WHERE granted_at < $1 AND until_at > $2 ORDER BY id`, []any{db.Micros(scope.To), db.Micros(scope.From)}, func(scan func(...any) error) ([]string, error) {
		c := make([]string, 7)
		var until, granted int64
		err := scan(&c[0], &c[1], &c[2], &c[3], &until, &c[5], &granted)
		c[4], c[6] = stamp(until), stamp(granted)
		return c, err
	})
	if err != nil {
		return err
	}
	if err := put.Table("truth/exceptions.csv", []string{"activity", "field", "class", "reason", "until", "granted_by", "granted_at"}, list); err != nil {
		return err
	}
	nights, err := s.rows(ctx, scope, -1, `SELECT at, percent FROM truth_reports WHERE at >= $1 AND at < $2 ORDER BY at`, period(scope), func(scan func(...any) error) ([]string, error) {
		var at, percent int64
		err := scan(&at, &percent)
		return []string{stamp(at), strconv.FormatInt(percent, 10)}, err
	})
	if err != nil {
		return err
	}
	return put.Table("truth/history.csv", []string{"at", "percent"}, nights)
}
