package saraban

import (
	"context"
	"strings"

	"prasan/internal/db"
)

// OfMail finds the sending that a message of the outbox was; errs.NotFound when it was none.
func (s *Service) OfMail(tx *db.Tx, message string) (Dispatch, error) {
	return oneDispatch(tx, `process_id = $1 AND channel = 'email'`, message)
}

// Returned notes that a letter came back from the post. It may be sent again.
func (s *Service) Returned(tx *db.Tx, message, reason string) (Dispatch, error) {
	d, err := oneDispatch(tx, `process_id = $1 AND channel = 'email'`+tx.ForUpdate(), message)
	if err != nil || d.State != Queued && d.State != OnItsWay {
		return d, err
	}
	d.State, d.LastError = Failed, reason
	return d, s.move(tx, &d)
}

// ArriveByMail prepares a letter that came by e-mail; what it returns puts it into the
// register of what arrived, once for each ProcessID.
func (s *Service) ArriveByMail(ctx context.Context, a Arrival) (func(tx *db.Tx) (In, error), error) {
	a.Channel = Email
	put, err := s.prepare(ctx, a)
	if err != nil {
		return nil, err
	}
	return func(tx *db.Tx) (In, error) {
		if err := put(tx); err != nil {
			return In{}, err
		}
		return oneIn(tx, `agency = $1 AND process_id = $2`, a.Agency, a.ProcessID)
	}, nil
}

// AnsweredByMail notes that the agency has answered a letter that went by mail.
func (s *Service) AnsweredByMail(tx *db.Tx, message string) error {
	d, err := oneDispatch(tx, `process_id = $1 AND channel = 'email'`+tx.ForUpdate(), message)
	if err != nil || d.State == Answered {
		return err
	}
	d.State = Answered
	if d.DeliveredAt.IsZero() {
		d.DeliveredAt = tx.Now()
	}
	return s.move(tx, &d)
}

// Mailboxes are the central mailboxes of the agencies, in small letters, with their codes.
func (s *Service) Mailboxes(tx *db.Tx) (map[string]string, error) {
	out := map[string]string{}
	for _, a := range s.Agencies.All() {
		e, err := s.Entry(tx, a.Code)
		if err != nil {
			return nil, err
		}
		for _, address := range []string{a.Email, e.Mailbox} {
			if address != "" {
				out[strings.ToLower(address)] = a.Code
			}
		}
	}
	return out, nil
}
