package saraban

import (
	"context"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/mail"
	"prasan/internal/saraban/ecms"
)

// OfMail finds the sending that a message of the outbox was; errs.NotFound when it was none.
func (s *Service) OfMail(tx *db.Tx, message string) (Dispatch, error) {
	return oneDispatch(tx, `process_id = $1 AND channel = 'email'`, message)
}

// Names of what goes with mails for machines, in the form in which nodes have it.
const (
	LetterXML = "letter.xml"
	NoticeXML = "notice.xml"
)

// machineReadable is the letter as other systems read it.
func (s *Service) machineReadable(ctx context.Context, l *letters.Letter, to Entry, file []byte) (mail.File, error) {
	_, content, err := s.Letters.Words(ctx, l.ID, "dispatch.email")
	if err != nil {
		return mail.File{}, err
	}
	sender, _ := s.Agencies.Get(l.Agency)
	if to.ECMS == "" { // it is known by its code then
		to.ECMS = to.Code
	}
	text, err := ecms.WriteLetter(s.document(l, &content, sender.ECMS, to.ECMS, file))
	return mail.File{Name: LetterXML, Type: "application/xml", Data: text}, err
}

// LetterOfMail is a letter that a mail carried for machines, with the files beside it.
func (s *Service) LetterOfMail(agency, id string, l *ecms.Letter, files []Attachment) Arrival {
	a := s.arrival(agency, &ecms.Item{Receipt: ecms.Receipt{ProcessID: id}, Letter: l})
	a.Channel, a.Attachments = Email, files
	return a
}

// ArrivedByMail is a letter that came by mail, for who tells its sender what became of it.
func (s *Service) ArrivedByMail(tx *db.Tx, id string) (In, error) {
	return oneIn(tx, `id = $1 AND channel = 'email'`, id)
}

// HeardByMail brings what the receiver of a letter says of it onto its sending. Where the
// letter is named it must be the one that was sent.
func (s *Service) HeardByMail(tx *db.Tx, message string, n *ecms.Notice, reason string) error {
	d, err := oneDispatch(tx, `process_id = $1 AND channel = 'email'`+tx.ForUpdate(), message)
	if err != nil {
		return err
	}
	l, err := s.Letters.ByID(tx, d.Letter)
	if err != nil {
		return err
	}
	if n.LetterID != "" && n.LetterID != l.NumberText || d.State == Rejected || d.State == Invalid {
		return errs.New(errs.Conflict, "error.mail-state")
	}
	return s.heard(tx, &d, n.Kind, n.AcceptID, reason)
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
		return oneIn(tx, `agency = $1 AND process_id = $2 AND process_id <> ''`, a.Agency, a.ProcessID)
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
