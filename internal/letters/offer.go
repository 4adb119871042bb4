package letters

import (
	"context"
	"slices"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/org"
	"prasan/internal/policy"
)

// Guard says, in the transaction of an action or before it is offered, why an actor may
// not do it with a letter; nil where he may.
type Guard func(tx *db.Tx, a policy.Actor, action string, l *Letter) error

// OnGuard has f asked before each action on a letter, and before it is offered.
func (s *Service) OnGuard(f Guard) { s.guards = append(s.guards, f) }

// may asks everything that an action needs beside the roles: who signs, who classifies,
// and what others ask of it.
func (s *Service) may(tx *db.Tx, a policy.Actor, action string, l *Letter) (err error) {
	switch action {
	case "approve":
		_, err = s.maySign(tx, a, l)
	case "classify":
		_, err = s.mayClassify(a, l)
	}
	for _, guard := range s.guards {
		if err == nil {
			err = guard(tx, a, action, l)
		}
	}
	return err
}

// maySign: a letter is signed by the head, by who acts for him, or by his delegate, and
// never by who drafted it; who signs one that nobody has classified decides its class.
func (s *Service) maySign(tx *db.Tx, a policy.Actor, l *Letter) (org.Signatory, error) {
	signs, ok, err := org.Signs(tx, a.Account, l.Agency)
	if err != nil {
		return signs, err
	}
	if !ok {
		return signs, errs.New(errs.Forbidden, "error.letter-signatory")
	}
	if a.Account == l.DraftedBy {
		return signs, errs.New(errs.Forbidden, "error.letter-four-eyes")
	}
	if l.ClassifiedBy == "" {
		_, err = s.mayClassify(a, l)
	}
	return signs, err
}

// Offered lists, for each letter, what the actor may do with it now: what its state
// allows, what his roles reach, and what the record and the orders in force admit.
func (s *Service) Offered(ctx context.Context, a policy.Actor, list ...Letter) (out [][]string, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out = make([][]string, len(list))
		for i := range list {
			if out[i], err = s.offered(tx, a, &list[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// refusals are the kinds of errors by which an action is refused, not failing: also where
// no record is in force, and where the account is known no more.
var refusals = []errs.Kind{errs.Forbidden, errs.Unavailable, errs.NotFound, errs.Conflict}

func (s *Service) offered(tx *db.Tx, a policy.Actor, l *Letter) ([]string, error) {
	out := []string{}
	for _, t := range next(l) {
		if !policy.May(a, t.By, l.Agency) {
			continue
		}
		err := s.may(tx, a, t.Action, l)
		if err == nil {
			out = append(out, t.Action)
		} else if !slices.Contains(refusals, errs.KindOf(err)) {
			return nil, err
		}
	}
	return out, nil
}
