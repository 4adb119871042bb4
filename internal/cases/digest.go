package cases

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/mail"
	"prasan/internal/thai"
)

// Register tells the queue what this package's jobs and tasks do.
func (s *Service) Register() {
	s.Jobs.Handle("cases.new-code", s.sendNewCode)
	s.Jobs.Handle(jobRedate, s.redate)
	s.Jobs.Every("cases.digest", jobs.Daily(thai.Bangkok, 8, 15), func(ctx context.Context, _ jobs.Job) error { return s.SendDigests(ctx) })
	s.Jobs.Every("cases.lapse", jobs.Daily(thai.Bangkok, 7, 45), func(ctx context.Context, _ jobs.Job) error { return s.Lapse(ctx) })
	s.Jobs.Every("cases.sweep", jobs.Daily(thai.Bangkok, 2, 40), func(ctx context.Context, _ jobs.Job) error { return s.sweep(ctx) })
}

// sweep takes what has expired, and keys whose case never came. A day is more than any
// message is under way.
func (s *Service) sweep(ctx context.Context) error {
	if err := s.DB.InTx(ctx, SweepLinks); err != nil {
		return err
	}
	_, err := s.Vault.Sweep(ctx, subjectKind, s.Now().Add(-24*time.Hour), s.subjectsInUse)
	return err
}

// subjectsInUse tells which keys have a case.
func (s *Service) subjectsInUse(ids []string) (map[string]bool, error) {
	used := map[string]bool{}
	in, args := db.In(ids)
	err := s.DB.Read(context.Background(), func(tx *db.Tx) error {
		return tx.Each(`SELECT subject_key FROM cases WHERE subject_key IN (`+in+`)`, args, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			used[id] = true
			return err
		})
	})
	return used, err
}

// Lapse takes up again the cases whose sender was asked and has not answered in time:
// the clock goes on, and the office decides on what it has.
func (s *Service) Lapse(ctx context.Context) error {
	if s.Config.AskWithin == 0 {
		return nil
	}
	var ids []string
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		ids = nil
		return tx.Each(`SELECT c.id FROM cases c WHERE c.state = 'awaiting_sender' AND (SELECT MAX(e.at) FROM case_events e WHERE e.case_id = c.id AND e.kind = 'ask') <= $1`, []any{db.Micros(s.Now().Add(-s.Config.AskWithin))}, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		_, err := s.apply(ctx, id, change{action: "lapse", rule: func(tx *db.Tx, c *Case) error {
			startClock(tx.Now(), c)
			return nil
		}})
		// The sender may have answered just now.
		if err != nil && errs.KindOf(err) != errs.Conflict {
			return err
		}
	}
	return nil
}

// waiting is what a colleague's digest counts.
type waiting struct {
	account, email, agency string
	overdue, week, open    int
}

// SendDigests mails each colleague who may work on cases how many wait for him and for
// his office, on working days, if any do. It names no case and no person.
func (s *Service) SendDigests(ctx context.Context) error {
	now := s.Now()
	if !thai.IsWorkingDay(now) {
		return nil
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		var all []waiting
		err := tx.Each(`SELECT a.name, a.email, a.agency, COUNT(*) FILTER (WHERE c.due_at < $1 AND c.clock_left = 0), COUNT(*) FILTER (WHERE c.due_at >= $2 AND c.due_at < $3 AND c.clock_left = 0), COUNT(*)
			FROM accounts a JOIN cases c ON c.agency = a.agency AND c.state NOT IN ('answered','closed','quarantined') AND (c.assignee = '' OR c.assignee = a.name) AND c.about_account <> a.name AND (c.about_staff = FALSE OR c.assignee = a.name OR a.roles LIKE '%"head"%')
			WHERE a.disabled = FALSE AND a.email <> '' AND (a.roles LIKE '%"officer"%' OR a.roles LIKE '%"head"%') GROUP BY a.name, a.email, a.agency ORDER BY a.name`,
			[]any{db.Micros(now), db.Micros(now), db.Micros(now.AddDate(0, 0, 7))}, func(rows *sql.Rows) error {
				var w waiting
				err := rows.Scan(&w.account, &w.email, &w.agency, &w.overdue, &w.week, &w.open)
				all = append(all, w)
				return err
			})
		if err != nil {
			return err
		}
		for _, w := range all {
			if err := s.queueDigest(tx, w); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *Service) queueDigest(tx *db.Tx, w waiting) error {
	return s.Mail.ToStaff(tx, w.email, mail.Message{Kind: "digest", Lang: "th", Agency: w.agency,
		Meta: map[string]string{"overdue": fmt.Sprint(w.overdue), "week": fmt.Sprint(w.week), "open": fmt.Sprint(w.open)}}, mail.Body{})
}
