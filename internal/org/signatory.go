package org

import (
	"database/sql"
	"strings"

	"prasan/internal/db"
)

// Capacities in which somebody signs for an agency.
const (
	AsHead     = "head"
	AsActing   = "acting"   // รักษาราชการแทน
	AsDeputy   = "deputy"   // ปฏิบัติราชการแทน, as deputy of the head
	AsDelegate = "delegate" // ปฏิบัติราชการแทน, by an order that names signing
)

// Signatory is who signs for an agency, in which capacity and by which order.
type Signatory struct {
	Account, Name, Capacity, Order string
}

// Signs resolves whether an account signs letters of an agency at the transaction's
// moment: as its head, acting head or deputy, or by a delegation order whose matter is
// signing (ลงนาม). ok is false for everybody else.
func Signs(tx *db.Tx, account, agency string) (s Signatory, ok bool, err error) {
	s.Account = account
	if err := tx.QueryRow(`SELECT display_th FROM accounts WHERE name = $1 AND disabled = FALSE`, []any{account}, &s.Name); err != nil {
		return Signatory{}, false, err
	}
	now := db.Micros(tx.Now())
	rank := map[string]int{AsHead: 3, AsActing: 2, AsDeputy: 1}
	err = tx.Each(`SELECT capacity, order_number FROM heads WHERE account = $1 AND agency = $2 AND from_at <= $3 AND to_at > $4`, []any{account, agency, now, now}, func(rows *sql.Rows) error {
		var capacity, order string
		if err := rows.Scan(&capacity, &order); err != nil {
			return err
		}
		if rank[capacity] > rank[s.Capacity] {
			s.Capacity, s.Order, ok = capacity, order, true
		}
		return nil
	})
	if err != nil || ok {
		return s, ok, err
	}
	err = tx.Each(`SELECT number, matter FROM delegations WHERE account = $1 AND agency = $2 AND from_at <= $3 AND to_at > $4 AND revoked_at = 0 ORDER BY id`, []any{account, agency, now, now}, func(rows *sql.Rows) error {
		var order, matter string
		if err := rows.Scan(&order, &matter); err != nil {
			return err
		}
		if strings.Contains(matter, "ลงนาม") && !ok {
			s.Capacity, s.Order, ok = AsDelegate, order, true
		}
		return nil
	})
	return s, ok, err
}
