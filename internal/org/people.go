package org

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// Forever is the end of what has none.
var Forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// Delegation is an order by which a person acts as ผู้ที่ได้รับมอบหมาย.
type Delegation struct {
	ID        string
	Number    string
	Agency    string
	Account   string
	Activity  string // code of the record's activity; "*" for all
	Matter    string
	SignedBy  string
	From, To  time.Time
	RevokedAt time.Time
}

// Active tells whether the order is in force at t.
func (d Delegation) Active(t time.Time) bool {
	return !t.Before(d.From) && t.Before(d.To) && d.RevokedAt.IsZero()
}

// Headship says who heads an agency: as head, acting (รักษาราชการแทน) or deputy
// (ปฏิบัติราชการแทน), the latter two by an order.
type Headship struct {
	Agency, Account, Capacity, Order string
	From, To                         time.Time
}

// Actor resolves an account into what policy decides over, at the transaction's moment.
// A disabled account is nobody.
func Actor(tx *db.Tx, account string) (policy.Actor, error) {
	a := policy.Actor{Account: account}
	var roles string
	var disabled bool
	err := tx.QueryRow(`SELECT person, agency, roles, disabled FROM accounts WHERE name = $1`, []any{account}, &a.Person, &a.Agency, &roles, &disabled)
	if err != nil {
		return policy.Actor{}, err
	}
	if disabled {
		return policy.Actor{}, errs.New(errs.Unauthorized, "error.unauthorized")
	}
	if err := json.Unmarshal([]byte(roles), &a.Roles); err != nil {
		return policy.Actor{}, err
	}
	now := db.Micros(tx.Now())
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM heads WHERE account = $1 AND agency = $2 AND capacity IN ('head','acting') AND from_at <= $3 AND to_at > $4`, []any{account, a.Agency, now, now}, &n); err != nil {
		return policy.Actor{}, err
	}
	a.IsHead = n > 0
	if err := tx.Each(`WITH RECURSIVE above (code, parent, depth) AS (SELECT code, parent, 0 FROM agencies WHERE code = $1 UNION ALL SELECT g.code, g.parent, above.depth + 1 FROM agencies g JOIN above ON g.code = above.parent WHERE above.depth < 8) SELECT code FROM above WHERE depth > 0 ORDER BY depth`, []any{a.Agency}, func(rows *sql.Rows) error {
		var code string
		err := rows.Scan(&code)
		a.Above = append(a.Above, code)
		return err
	}); err != nil {
		return policy.Actor{}, err
	}
	if err := tx.Each(`SELECT position FROM positions WHERE account = $1 AND from_at <= $2 AND to_at > $3`, []any{account, now, now}, func(rows *sql.Rows) error {
		var p string
		err := rows.Scan(&p)
		a.Positions = append(a.Positions, p)
		return err
	}); err != nil {
		return policy.Actor{}, err
	}
	return a, tx.Each(`SELECT number, activity, agency FROM delegations WHERE account = $1 AND from_at <= $2 AND to_at > $3 AND revoked_at = 0 ORDER BY id`, []any{account, now, now}, func(rows *sql.Rows) error {
		var o policy.Order
		err := rows.Scan(&o.Number, &o.Activity, &o.Agency)
		a.Orders = append(a.Orders, o)
		return err
	})
}

// Service changes who acts for whom.
type Service struct {
	DB       *db.DB
	Audit    *audit.Log
	Agencies *Directory
	Record   func(activity string) *policy.Snapshot
}

// Delegate stores an order. Who may grant access is the record's to say (row 33).
func (s *Service) Delegate(ctx context.Context, by policy.Actor, d Delegation) (Delegation, error) {
	if err := checkDelegation(&d); err != nil {
		return d, err
	}
	if err := s.mayGrant(by, d.Activity, d.Agency); err != nil {
		return d, err
	}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		var n int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM accounts WHERE name = $1 AND agency = $2 AND disabled = FALSE`, []any{d.Account, d.Agency}, &n); err != nil {
			return err
		}
		if n == 0 {
			return errs.InvalidField("account", "error.delegate-account")
		}
		d.ID = db.NewID()
		if err := PutDelegation(tx, d); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: by.Account, Action: "delegation.create", Object: "account:" + d.Account, Body: map[string]any{"number": d.Number, "activity": d.Activity, "agency": d.Agency, "from": d.From, "to": d.To}})
	})
	return d, err
}

func checkDelegation(d *Delegation) error {
	var bad []errs.Field
	for _, f := range []struct {
		name  string
		value *string
	}{{"number", &d.Number}, {"account", &d.Account}, {"matter", &d.Matter}, {"signed_by", &d.SignedBy}} {
		clean, err := thai.CleanText(*f.value, 200)
		if err != nil || clean == "" {
			bad = append(bad, errs.Field{Name: f.name, Key: "error.required"})
		}
		*f.value = clean
	}
	if d.From.IsZero() || !d.To.After(d.From) {
		bad = append(bad, errs.Field{Name: "to", Key: "error.period"})
	}
	return errs.InvalidFields(bad)
}

// mayGrant: the record names the actor for user access management (row 33). A head or
// his delegate grants in his own agency and those below it; the DPO everywhere.
func (s *Service) mayGrant(by policy.Actor, activity, agency string) error {
	snap := s.Record(activity)
	if snap == nil {
		return errs.InvalidField("activity", "error.no-record")
	}
	reaches := slices.Contains(by.Roles, "dpo") || s.Agencies.Within(agency, by.Agency)
	if !reaches || !snap.MayDo(by, policy.DutyGrant).Allowed {
		return errs.New(errs.Forbidden, "error.not-grantor")
	}
	return nil
}

// Revoke ends an order now.
func (s *Service) Revoke(ctx context.Context, by policy.Actor, id string) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		all, err := delegations(tx, Filter{}, id)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return errs.New(errs.NotFound, "error.not-found")
		}
		d := all[0]
		if err := s.mayGrant(by, d.Activity, d.Agency); err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE delegations SET revoked_at = $1 WHERE id = $2 AND revoked_at = 0`, db.Micros(tx.Now()), id)
		if err == nil && n == 0 {
			return errs.New(errs.Conflict, "error.conflict")
		}
		if err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: by.Account, Action: "delegation.revoke", Object: "account:" + d.Account, Body: map[string]any{"number": d.Number}})
	})
}

// PutDelegation stores an order as it is.
func PutDelegation(tx *db.Tx, d Delegation) error {
	_, err := tx.Exec(`INSERT INTO delegations (id, number, agency, account, activity, matter, signed_by, from_at, to_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		d.ID, d.Number, d.Agency, d.Account, d.Activity, d.Matter, d.SignedBy, db.Micros(d.From), db.Micros(d.To), db.Micros(tx.Now()))
	return err
}

// PutHead stores a headship.
func PutHead(tx *db.Tx, h Headship) error {
	_, err := tx.Exec(`INSERT INTO heads (id, agency, account, capacity, order_number, from_at, to_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`, db.NewID(), h.Agency, h.Account, h.Capacity, h.Order, db.Micros(h.From), db.Micros(h.To))
	return err
}

// PutPosition stores that an account holds a position.
func PutPosition(tx *db.Tx, position, account string, from, to time.Time) error {
	_, err := tx.Exec(`INSERT INTO positions (id, position, account, from_at, to_at) VALUES ($1, $2, $3, $4, $5)`, db.NewID(), position, account, db.Micros(from), db.Micros(to))
	return err
}

// Filter narrows a list of orders; Before is the last id of the page before.
type Filter struct {
	Agency, Account, Before string
	Limit                   int
}

// Orders lists orders, newest first, that the actor may know of: those of his agency,
// and all for who grants, administers or audits.
func (s *Service) Orders(ctx context.Context, by policy.Actor, f Filter) ([]Delegation, error) {
	everywhere := policy.May(by, "log.read", f.Agency) || policy.May(by, "account.admin", f.Agency)
	if f.Agency == "" && !everywhere {
		f.Agency = by.Agency
	}
	if !everywhere && f.Agency != by.Agency && !s.Agencies.Within(f.Agency, by.Agency) {
		return nil, errs.New(errs.Forbidden, "error.forbidden")
	}
	var out []Delegation
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = delegations(tx, f, "")
		return err
	})
	return out, err
}

// delegations lists orders; each field of f narrows unless it is empty.
func delegations(tx *db.Tx, f Filter, id string) ([]Delegation, error) {
	where, args := "id <> ''", []any{}
	for _, c := range []struct{ cond, value string }{{"agency =", f.Agency}, {"account =", f.Account}, {"id =", id}, {"id <", f.Before}} {
		if c.value != "" {
			args = append(args, c.value)
			where += fmt.Sprintf(" AND %s $%d", c.cond, len(args))
		}
	}
	if f.Limit <= 0 {
		f.Limit = 200
	}
	var out []Delegation
	err := tx.Each(fmt.Sprintf(`SELECT id, number, agency, account, activity, matter, signed_by, from_at, to_at, revoked_at FROM delegations WHERE %s ORDER BY id DESC LIMIT %d`, where, f.Limit), args, func(rows *sql.Rows) error {
		var d Delegation
		var from, to, revoked int64
		err := rows.Scan(&d.ID, &d.Number, &d.Agency, &d.Account, &d.Activity, &d.Matter, &d.SignedBy, &from, &to, &revoked)
		d.From, d.To, d.RevokedAt = db.Time(from), db.Time(to), db.Time(revoked)
		out = append(out, d)
		return err
	})
	return out, err
}
