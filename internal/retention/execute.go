package retention

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
)

const jobExecute = "retention.execute"

// batch is how many items are destroyed between two commits of the list; a round that
// was interrupted goes on after the last of them.
const batch = 250

// Register tells the queue what this package's jobs and tasks do.
func (s *Service) Register(activities ...string) {
	s.Jobs.Handle(jobExecute, func(ctx context.Context, j jobs.Job) error {
		var id string
		if err := json.Unmarshal(j.Payload, &id); err != nil {
			return err
		}
		return s.Execute(ctx, id)
	})
	s.registerTasks(activities)
}

// Execute destroys what was ordered and certifies it. It may be called again: what is
// destroyed stays so, and is counted once.
func (s *Service) Execute(ctx context.Context, id string) error {
	// What a process that died had begun to destroy is destroyed now.
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE round_items SET done_at = 0 WHERE round_id = $1 AND done_at = -1`, id)
		return err
	})
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		var r Round
		var left []Item
		err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
			if r, err = oneRound(tx, `id = $1`, id); err != nil {
				return err
			}
			left, err = items(tx, id, `decision = 'destroy' AND done_at = 0`, 0, batch)
			return err
		})
		switch {
		case err != nil:
			return err
		case r.State == Executed:
			return s.certify(ctx, id)
		case r.State != Ordered:
			return nil
		case len(left) == 0:
			if err := s.finish(ctx, id); err != nil {
				return err
			}
			continue
		}
		if err := s.destroy(ctx, &r, left); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// claim marks items as being destroyed: from then on a hold comes too late for them.
func (s *Service) claim(ctx context.Context, r *Round, left []Item) (claimed []Item, err error) {
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		claimed = left
		in, args := numbers(left, r.ID)
		n, err := tx.Exec(`UPDATE round_items SET done_at = -1 WHERE round_id = $1 AND decision = 'destroy' AND done_at = 0 AND no IN (`+in+`)`, args...)
		if err != nil || n == int64(len(left)) {
			return err
		}
		is := map[int]bool{}
		err = tx.Each(`SELECT no FROM round_items WHERE round_id = $1 AND done_at = -1 AND no IN (`+in+`)`, args, func(rows *sql.Rows) error {
			var no int
			err := rows.Scan(&no)
			is[no] = true
			return err
		})
		claimed = slices.DeleteFunc(slices.Clone(left), func(i Item) bool { return !is[i.No] })
		return err
	})
	return claimed, err
}

// numbers is "$2, $3, ..." with the round and the numbers of items as arguments.
func numbers(list []Item, round string) (string, []any) {
	marks, args := make([]string, len(list)), []any{round}
	for i := range list {
		marks[i] = fmt.Sprintf("$%d", i+2)
		args = append(args, list[i].No)
	}
	return strings.Join(marks, ", "), args
}

func (s *Service) destroy(ctx context.Context, r *Round, left []Item) error {
	left, err := s.claim(ctx, r, left)
	if err != nil || len(left) == 0 {
		return err
	}
	byKind := map[string][]string{}
	for _, i := range left {
		byKind[i.Kind] = append(byKind[i.Kind], i.ObjectID)
	}
	for kind, ids := range byKind {
		h, ok := s.holder(kind)
		if !ok {
			return errs.New(errs.Internal, "error.internal")
		}
		if err := h.Erase(ctx, "round:"+r.ID, ids); err != nil {
			return err
		}
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		in, args := numbers(left, r.ID)
		if _, err := tx.Exec(`UPDATE round_items SET done_at = `+strconv.FormatInt(db.Micros(tx.Now()), 10)+` WHERE round_id = $1 AND done_at = -1 AND no IN (`+in+`)`, args...); err != nil {
			return err
		}
		for kind, ids := range byKind {
			if _, err := tx.Exec(`INSERT INTO destroyed_counts (agency, activity, year, kind, n) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (agency, activity, year, kind) DO UPDATE SET n = destroyed_counts.n + excluded.n`, r.Agency, r.Activity, r.Year, kind, len(ids)); err != nil {
				return err
			}
		}
		return nil
	})
}

// finish notes that nothing is left to destroy.
func (s *Service) finish(ctx context.Context, id string) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := lockRound(tx, id)
		if err != nil {
			return err
		}
		if _, err := transition(&r, "execute"); err != nil {
			return err
		}
		r.State, r.ExecutedAt = Executed, tx.Now()
		if err := updateRound(tx, &r); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: "system", Action: "round.execute", Object: "round:" + id})
	})
}
