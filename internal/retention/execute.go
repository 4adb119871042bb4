package retention

import (
	"context"
	"encoding/json"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
)

const jobExecute = "retention.execute"

// batch is how many items are destroyed between two commits of the list; a round that
// was interrupted goes on after the last of them.
const batch = 200

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

func (s *Service) destroy(ctx context.Context, r *Round, left []Item) error {
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
		for _, i := range left {
			n, err := tx.Exec(`UPDATE round_items SET done_at = $1 WHERE round_id = $2 AND no = $3 AND done_at = 0`, db.Micros(tx.Now()), r.ID, i.No)
			if err != nil || n == 0 {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO destroyed_counts (agency, activity, year, kind, n) VALUES ($1, $2, $3, $4, 1) ON CONFLICT (agency, activity, year, kind) DO UPDATE SET n = destroyed_counts.n + 1`, r.Agency, r.Activity, r.Year, i.Kind); err != nil {
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
