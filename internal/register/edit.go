package register

import (
	"context"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/ropa"
)

// Editable reads what an editor begins from: the draft on its way, else the revision in
// force, else the newest. Only a draft, or nothing, on its way can be changed.
func (s *Store) Editable(ctx context.Context, activity string) (rev Revision, record *ropa.Revision, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		rev, record, err = opened(tx, activity)
		return err
	})
	return rev, record, err
}

func opened(tx *db.Tx, activity string) (Revision, *ropa.Revision, error) {
	all, err := list(tx, activity)
	if err != nil {
		return Revision{}, nil, err
	}
	if activity == "" || len(all) == 0 {
		return Revision{}, nil, errs.New(errs.NotFound, "error.not-found")
	}
	from := all[0]
	switch from.Status {
	case Review, Approved:
		return from, nil, errs.New(errs.Conflict, "error.record-open", "n", from.N)
	case Superseded:
		for _, r := range all {
			if r.Status == Effective {
				from = r
				break
			}
		}
	}
	var body string
	if _, err := one(tx, activity, from.N, &body); err != nil {
		return from, nil, err
	}
	record, err := ropa.Parse([]byte(body))
	return from, record, err
}

// Edit changes the draft of an activity, which it begins from the revision in force where
// there is none. The change sees the record as it is at that moment: what somebody else
// saved meanwhile is in it, and the change can refuse. Like every callback of a
// transaction it may be run again.
func (s *Store) Edit(ctx context.Context, by policy.Actor, activity string, change func(record *ropa.Revision) error) (rev Revision, err error) {
	if !policy.May(by, "record.prepare", "") {
		return Revision{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		from, record, err := opened(tx, activity)
		if err != nil {
			return err
		}
		if err := change(record); err != nil {
			return err
		}
		if err := ropa.Validate(record); err != nil {
			return errs.Wrap(err, errs.Invalid, "error.record-unreadable", "reason", err.Error())
		}
		if record.Code != activity {
			return errs.New(errs.Invalid, "error.record-unreadable", "reason", "the code of an activity does not change")
		}
		record.PrevSHA256 = from.PrevSHA256
		if from.Status != Draft {
			record.PrevSHA256 = from.SHA256
		}
		if rev, err = s.putDraft(tx, *record, by.Account); err != nil {
			return err
		}
		return s.note(tx, by.Account, "record.draft", rev, nil)
	})
	return rev, err
}
