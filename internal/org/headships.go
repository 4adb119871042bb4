package org

import (
	"context"
	"database/sql"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// HeldHeadship is a headship by an order, with the identifier by which its scan is kept.
type HeldHeadship struct {
	Headship
	ID string
}

// Headships lists who acts or deputises for the head of an agency, now or in time to come, of
// the agencies that the actor may know of: those of Orders.
func (s *Service) Headships(ctx context.Context, by policy.Actor) ([]HeldHeadship, error) {
	everywhere := policy.May(by, "log.read", "") || policy.May(by, "account.admin", "")
	if !everywhere && by.Agency == "" {
		return nil, errs.New(errs.Forbidden, "error.forbidden")
	}
	var out []HeldHeadship
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT id, agency, account, capacity, order_number, from_at, to_at FROM heads WHERE to_at > $1 AND capacity IN ('acting','deputy') ORDER BY agency, from_at`, []any{db.Micros(tx.Now())}, func(rows *sql.Rows) error {
			var h HeldHeadship
			var from, to int64
			err := rows.Scan(&h.ID, &h.Agency, &h.Account, &h.Capacity, &h.Order, &from, &to)
			h.From, h.To = db.Time(from), db.Time(to)
			if everywhere || s.Agencies.Within(h.Agency, by.Agency) {
				out = append(out, h)
			}
			return err
		})
	})
	return out, err
}
