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
// was interrupted goes on after the last of them. Whoever sends a message meanwhile waits
// for one batch at most.
const batch = 128

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
	var done []Item // destroyed, and not noted yet
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
		case len(left)+len(done) == 0:
			if err := s.finish(ctx, id); err != nil {
				return err
			}
			continue
		}
		if done, err = s.turn(ctx, &r, done, left); err != nil {
			return err
		}
		if err := s.destroy(ctx, &r, done); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// turn notes in one commit what was destroyed, and claims what is destroyed next: from
// then on a hold comes too late for it.
func (s *Service) turn(ctx context.Context, r *Round, done, left []Item) (claimed []Item, err error) {
	err = s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		if err := s.settle(tx, r, done); err != nil {
			return err
		}
		claimed, err = claim(tx, r, left)
		return err
	})
	return claimed, err
}

// settle notes that items are destroyed, and counts them, once.
func (s *Service) settle(tx *db.Tx, r *Round, done []Item) error {
	if len(done) == 0 {
		return nil
	}
	in, args := numbers(done, r.ID)
	if _, err := tx.Exec(`UPDATE round_items SET done_at = `+strconv.FormatInt(db.Micros(tx.Now()), 10)+` WHERE round_id = $1 AND done_at = -1 AND no IN (`+in+`)`, args...); err != nil {
		return err
	}
	for kind, ids := range byKind(done) {
		if _, err := tx.Exec(`INSERT INTO destroyed_counts (agency, activity, year, kind, n) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (agency, activity, year, kind) DO UPDATE SET n = destroyed_counts.n + excluded.n`, r.Agency, r.Activity, r.Year, kind, len(ids)); err != nil {
			return err
		}
	}
	return nil
}

func claim(tx *db.Tx, r *Round, left []Item) ([]Item, error) {
	if len(left) == 0 {
		return nil, nil
	}
	in, args := numbers(left, r.ID)
	n, err := tx.Exec(`UPDATE round_items SET done_at = -1 WHERE round_id = $1 AND decision = 'destroy' AND done_at = 0 AND no IN (`+in+`)`, args...)
	if err != nil || n == int64(len(left)) {
		return left, err
	}
	is := map[int]bool{}
	err = tx.Each(`SELECT no FROM round_items WHERE round_id = $1 AND done_at = -1 AND no IN (`+in+`)`, args, func(rows *sql.Rows) error {
		var no int
		err := rows.Scan(&no)
		is[no] = true
		return err
	})
	return slices.DeleteFunc(slices.Clone(left), func(i Item) bool { return !is[i.No] }), err
}

func byKind(list []Item) map[string][]string {
	out := map[string][]string{}
	for _, i := range list {
		out[i.Kind] = append(out[i.Kind], i.ObjectID)
	}
	return out
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

func (s *Service) destroy(ctx context.Context, r *Round, claimed []Item) error {
	for kind, ids := range byKind(claimed) {
		h, ok := s.holder(kind)
		if !ok {
			return errs.New(errs.Internal, "error.internal")
		}
		if err := h.Erase(ctx, "round:"+r.ID, ids); err != nil {
			return err
		}
	}
	return nil
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
