package saraban

import (
	"prasan/internal/db"
	"prasan/internal/policy"
	"prasan/internal/saraban/ecms"
)

// back tells the sender what became of its letter, over the channel it came by.
func (s *Service) back(tx *db.Tx, i *In, kind string) error {
	switch {
	case i.Dispatch != "":
		d, err := oneDispatch(tx, `id = $1`+tx.ForUpdate(), i.Dispatch)
		if err != nil {
			return err
		}
		return s.heard(tx, &d, kind, i.ReceiptText(), i.Reason)
	case i.Channel == ECMS && kind != ecms.Receive: // that it came was told when it came
		return s.Jobs.Enqueue(tx, JobNotify, notice{Kind: kind, In: i.ID, Accept: i.ReceiptText()})
	}
	if i.Channel == Email {
		for _, f := range s.mailedBack {
			if err := f(tx, i, kind); err != nil {
				return err
			}
		}
	}
	return nil
}

// OnMailBack has f tell the sender of a letter that came by mail what became of it.
func (s *Service) OnMailBack(f func(tx *db.Tx, i *In, kind string) error) {
	s.mailedBack = append(s.mailedBack, f)
}

// heard brings what the receiver says onto the sending.
func (s *Service) heard(tx *db.Tx, d *Dispatch, kind, number, reason string) error {
	now := tx.Now()
	if d.DeliveredAt.IsZero() {
		d.DeliveredAt = now
	}
	switch kind {
	case ecms.Receive:
		if d.State == Queued || d.State == OnItsWay {
			d.State = Delivered
		}
	case ecms.Accept:
		if d.State != Answered {
			d.State = Accepted
		}
		d.AcceptNumber, d.AcceptedAt = number, now
	case ecms.Reject:
		d.State, d.Note = Rejected, reason
	case ecms.Invalid:
		d.State, d.Note = Invalid, reason
	}
	return s.move(tx, d)
}

// numberDisputed puts a letter back to be given its number again.
func (s *Service) numberDisputed(tx *db.Tx, where string, args ...any) error {
	i, err := oneIn(tx, where, args...)
	if err != nil {
		return err
	}
	_, err = s.changeIn(tx, policy.Actor{}, i.ID, "dispute", func(i *In) (map[string]string, error) {
		return map[string]string{"number": i.ReceiptText()}, nil
	})
	return err
}
