package cases

import (
	"context"
	"encoding/json"
	"slices"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// The endorsement chain of an agency (เสนอ เกษียน สั่งการ มอบหมาย): the steps, in order,
// that a case has gone through before its relevance is decided. An agency without a
// chain, which is how they begin, leaves all to one person.

func chainSetting(agency string) string { return "chain." + agency }

// Chain is the chain of an agency; empty for none.
func (s *Service) Chain(ctx context.Context, agency string) (steps []string, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error { steps, err = chainOf(tx, agency); return err })
	return steps, err
}

func chainOf(tx *db.Tx, agency string) ([]string, error) {
	var text string
	err := tx.QueryRow(`SELECT value FROM settings WHERE name = $1`, []any{chainSetting(agency)}, &text)
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil
	}
	var steps []string
	if err == nil {
		err = json.Unmarshal([]byte(text), &steps)
	}
	return steps, err
}

// SetChain sets the chain of an agency: kinds of endorsements, each at most once.
func (s *Service) SetChain(ctx context.Context, a policy.Actor, agency string, steps []string) error {
	if !policy.May(a, "case.chain", agency) {
		return errs.New(errs.Forbidden, "error.forbidden")
	}
	for i, step := range steps {
		if !slices.Contains(Endorsements, step) || slices.Contains(steps[:i], step) {
			return errs.InvalidField("steps", "error.endorsement")
		}
	}
	text, err := json.Marshal(steps)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, chainSetting(agency), string(text)); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "case.chain", Object: "agency:" + agency, Body: map[string]any{"steps": steps}})
	})
}

// endorsed refuses while steps of the chain are missing since the case came to the
// agency. To assign the case is to delegate.
func endorsed(tx *db.Tx, c *Case) error {
	steps, err := chainOf(tx, c.Agency)
	if err != nil || len(steps) == 0 {
		return err
	}
	all, err := events(tx, c.ID, false)
	if err != nil {
		return err
	}
	slices.Reverse(all)
	taken := 0
	for _, e := range all {
		kind := e.Meta["kind"]
		switch {
		case e.Kind == "pass":
			taken = 0
		case e.Kind == "assign" && e.Meta["to"] != "":
			kind = "delegate"
		case e.Kind != "endorse":
			continue
		}
		if taken < len(steps) && kind == steps[taken] {
			taken++
		}
	}
	if taken < len(steps) {
		return errs.New(errs.Conflict, "error.chain", "step", steps[taken])
	}
	return nil
}

// mayOrder: where an agency has a chain, to order is the head's, or theirs who act
// for him by an order.
func mayOrder(tx *db.Tx, a policy.Actor, c *Case) error {
	steps, err := chainOf(tx, c.Agency)
	if err != nil || !slices.Contains(steps, "order") || a.IsHead || slices.Contains(a.Roles, "head") {
		return err
	}
	for _, o := range a.Orders {
		if o.Agency == c.Agency && (o.Activity == Activity || o.Activity == "*") {
			return nil
		}
	}
	return errs.New(errs.Forbidden, "error.chain-order")
}
