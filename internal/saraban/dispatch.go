package saraban

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/mail"
	"prasan/internal/policy"
	"prasan/internal/saraban/ecms"
	"prasan/internal/thai"
)

// Sent is how far a letter has come on its way.
type Sent string

const (
	Queued    Sent = "queued"
	OnItsWay  Sent = "sent"      // ส่งหนังสือรอตอบรับ
	Delivered Sent = "delivered" // ปลายทางได้รับหนังสือ
	Accepted  Sent = "accepted"  // ปลายทางส่งเลขรับเพื่ออ้างอิง
	Rejected  Sent = "rejected"  // ปฏิเสธการรับหนังสือ
	Invalid   Sent = "invalid"   // แจ้งหนังสือผิด
	Answered  Sent = "answered"
	Failed    Sent = "failed"
)

// Dispatch is one sending of a letter.
type Dispatch struct {
	ID           string
	Letter       string
	Agency, To   string
	Channel      Channel
	State        Sent
	ProcessID    string // of the node, or of the mail
	LastError    string
	Note         string // who carried it; why it was refused
	AcceptNumber string // เลขรับ of the other side
	CreatedAt    time.Time
	SentAt       time.Time
	DeliveredAt  time.Time
	AcceptedAt   time.Time
	ChangedAt    time.Time
	Attempts     int
}

const dispatchColumns = `id, letter_id, agency, to_agency, channel, state, process_id, attempts, last_error, note, accept_number, created_at, sent_at, delivered_at, accepted_at, changed_at`

// dispatches reads sendings; where is a clause of this package.
func dispatches(tx *db.Tx, where string, args ...any) ([]Dispatch, error) {
	var out []Dispatch
	err := tx.Each(`SELECT `+dispatchColumns+` FROM dispatches WHERE `+where, args, func(rows *sql.Rows) error {
		var d Dispatch
		var created, sent, delivered, accepted, changed int64
		err := rows.Scan(&d.ID, &d.Letter, &d.Agency, &d.To, &d.Channel, &d.State, &d.ProcessID, &d.Attempts, &d.LastError, &d.Note, &d.AcceptNumber, &created, &sent, &delivered, &accepted, &changed)
		d.CreatedAt, d.SentAt, d.DeliveredAt, d.AcceptedAt, d.ChangedAt = db.Time(created), db.Time(sent), db.Time(delivered), db.Time(accepted), db.Time(changed)
		out = append(out, d)
		return err
	})
	return out, err
}

func oneDispatch(tx *db.Tx, where string, args ...any) (Dispatch, error) {
	all, err := dispatches(tx, where, args...)
	if err == nil && len(all) == 0 {
		err = errs.New(errs.NotFound, "error.letter-not-found")
	}
	if err != nil {
		return Dispatch{}, err
	}
	return all[0], nil
}

// Dispatches lists the sendings of a letter, oldest first.
func (s *Service) Dispatches(ctx context.Context, a policy.Actor, letter string) (out []Dispatch, err error) {
	if _, err := s.Letters.Get(ctx, a, letter); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		if out, err = dispatches(tx, `letter_id = $1 ORDER BY id`, letter); err != nil {
			return err
		}
		for i := range out {
			if err := s.mailState(tx, &out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// mailState says of a letter that went by mail what the post knows of it.
func (s *Service) mailState(tx *db.Tx, d *Dispatch) error {
	if d.Channel != Email || d.State != Queued && d.State != OnItsWay {
		return nil
	}
	m, err := s.Mail.State(tx, d.ProcessID)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	switch m.State {
	case mail.HandedOver:
		d.State, d.SentAt = OnItsWay, m.ChangedAt
	case mail.Failed, mail.Bounced:
		d.State, d.LastError = Failed, m.LastError
	}
	return nil
}

// Sending is what a registrar gives with a letter that leaves.
type Sending struct {
	Channel Channel // "" chooses the best one that is open
	Note    string  // who carries it, where it goes by hand
}

// Dispatch sends a letter by a channel that its class and the agency's entry allow. A
// letter that was just numbered is sealed first.
func (s *Service) Dispatch(ctx context.Context, a policy.Actor, id string, how Sending) (letters.Letter, Dispatch, error) {
	l, err := s.Letters.Get(ctx, a, id)
	if err != nil {
		return l, Dispatch{}, err
	}
	note, err := thai.CleanText(how.Note, 200)
	if err != nil {
		return l, Dispatch{}, errs.InvalidField("note", "error.message-long", "max", 200)
	}
	if l.State == letters.Numbered {
		if !policy.May(a, "letter.dispatch", l.Agency) {
			return l, Dispatch{}, errs.New(errs.Forbidden, "error.forbidden")
		}
		if err := s.Letters.Seal(ctx, id); err != nil {
			return l, Dispatch{}, err
		}
	}
	plan := Dispatch{ID: db.NewID(), Letter: id, Agency: l.Agency, To: l.To, State: Queued, Note: note}
	var left letters.Letter
	var d Dispatch
	err = s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		left, d, err = s.leave(tx, a, &l, plan, how.Channel)
		return err
	})
	return left, d, err
}

// leave is the transaction in which a letter is given to its channel. It may run again,
// and changes nothing that it was given.
func (s *Service) leave(tx *db.Tx, a policy.Actor, l *letters.Letter, d Dispatch, want Channel) (left letters.Letter, _ Dispatch, err error) {
	if d.Channel, err = s.choose(tx, l, want); err != nil {
		return left, d, err
	}
	if d.Channel == Paper && d.Note == "" {
		return left, d, errs.InvalidField("note", "error.carrier")
	}
	if err := notTwice(tx, &d); err != nil {
		return left, d, err
	}
	d.CreatedAt, d.ChangedAt = tx.Now(), tx.Now()
	if left, err = s.Letters.DispatchIn(tx, a, d.Letter, map[string]string{"channel": string(d.Channel), "via": d.Channel.Via(), "dispatch": d.ID, "to": l.ToName}); err != nil {
		return left, d, err
	}
	if d.Channel == File || d.Channel == Paper { // it leaves by hand, now
		d.State, d.SentAt = OnItsWay, tx.Now()
	}
	if _, err := tx.Exec(`INSERT INTO dispatches (id, letter_id, agency, to_agency, channel, state, note, created_at, sent_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		d.ID, d.Letter, d.Agency, d.To, string(d.Channel), string(d.State), d.Note, db.Micros(d.CreatedAt), db.Micros(d.SentAt), db.Micros(d.ChangedAt)); err != nil {
		return left, d, err
	}
	if err := s.tell(tx, &d); err != nil || d.State != Queued {
		return left, d, err
	}
	return left, d, s.Jobs.Enqueue(tx, JobSend, d.ID)
}

// notTwice: a letter goes by a channel again only when it came back or was lost there.
func notTwice(tx *db.Tx, d *Dispatch) error {
	before, err := dispatches(tx, `letter_id = $1 AND channel = $2 AND state NOT IN ('rejected','invalid','failed')`, d.Letter, string(d.Channel))
	if err == nil && len(before) > 0 {
		err = errs.New(errs.Conflict, "error.dispatched-already")
	}
	return err
}

func (s *Service) choose(tx *db.Tx, l *letters.Letter, want Channel) (Channel, error) {
	open := []Channel{File, Paper}
	if l.To != "" {
		var err error
		if open, err = s.Open(tx, l.Agency, l.To, l.Secrecy); err != nil {
			return "", err
		}
	} else if l.Secrecy != letters.NoSecrecy {
		open = []Channel{Paper}
	}
	if want == "" {
		if len(open) == 0 {
			return "", errs.New(errs.Conflict, "error.channel-closed")
		}
		return open[0], nil
	}
	if !slices.Contains(open, want) {
		return "", errs.InvalidField("channel", "error.channel-closed")
	}
	return want, nil
}

// move stores a change of a dispatch and tells who follows it.
func (s *Service) move(tx *db.Tx, d *Dispatch) error {
	d.ChangedAt = tx.Now()
	if _, err := tx.Exec(`UPDATE dispatches SET state = $1, process_id = $2, attempts = $3, last_error = $4, note = $5, accept_number = $6, sent_at = $7, delivered_at = $8, accepted_at = $9, changed_at = $10 WHERE id = $11`,
		string(d.State), d.ProcessID, d.Attempts, d.LastError, d.Note, d.AcceptNumber, db.Micros(d.SentAt), db.Micros(d.DeliveredAt), db.Micros(d.AcceptedAt), db.Micros(d.ChangedAt), d.ID); err != nil {
		return err
	}
	if err := s.Audit.Append(tx, audit.Event{Actor: "system", Action: "dispatch." + string(d.State), Object: "letter:" + d.Letter, Body: map[string]any{"dispatch": d.ID, "channel": d.Channel, "to": d.To, "accept_number": d.AcceptNumber}}); err != nil {
		return err
	}
	return s.tell(tx, d)
}

func (s *Service) tell(tx *db.Tx, d *Dispatch) error {
	for _, f := range s.moved {
		if err := f(tx, d); err != nil {
			return err
		}
	}
	return nil
}

// Deliver hands a queued letter to its channel. It may run again: what was handed over once
// is known by the id of the sending.
func (s *Service) Deliver(ctx context.Context, id string) error {
	var d Dispatch
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { d, err = oneDispatch(tx, `id = $1`, id); return err })
	if err != nil || d.State != Queued {
		return err
	}
	switch d.Channel {
	case Local:
		err = s.sendLocal(ctx, d)
	case ECMS:
		err = s.sendECMS(ctx, d)
	case Email:
		err = s.sendMail(ctx, d)
	}
	var refused *ecms.Fault
	if errors.As(err, &refused) && refused.Code != ecms.TryAgain {
		return s.refused(ctx, d, refused)
	}
	if err != nil {
		s.failing(ctx, d, err)
	}
	return err
}

// failing notes why a letter has not left yet; the queue tries again.
func (s *Service) failing(ctx context.Context, d Dispatch, cause error) {
	_ = s.DB.InTx(ctx, func(tx *db.Tx) error { // the job's own error is what counts
		_, err := tx.Exec(`UPDATE dispatches SET attempts = attempts + 1, last_error = $1, changed_at = $2 WHERE id = $3 AND state = 'queued'`, errs.As(cause).Key, db.Micros(tx.Now()), d.ID)
		return err
	})
}

// sent moves a queued dispatch on; what has been moved already stays.
func (s *Service) sent(ctx context.Context, id string, with func(tx *db.Tx, d *Dispatch) error) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		d, err := oneDispatch(tx, `id = $1`+tx.ForUpdate(), id)
		if err != nil || d.State != Queued {
			return err
		}
		d.State, d.SentAt, d.LastError = OnItsWay, tx.Now(), ""
		if err := with(tx, &d); err != nil {
			return err
		}
		return s.move(tx, &d)
	})
}

// sendLocal puts the letter into the other agency's inbox, sealed with a key of its own.
func (s *Service) sendLocal(ctx context.Context, d Dispatch) error {
	l, file, err := s.Letters.File(ctx, d.Letter, "dispatch.local")
	if err != nil {
		return err
	}
	_, content, err := s.Letters.Words(ctx, d.Letter, "dispatch.local")
	if err != nil {
		return err
	}
	files, err := s.attachments(ctx, &l)
	if err != nil {
		return err
	}
	from, _ := s.Agencies.Get(l.Agency)
	put, err := s.prepare(ctx, Arrival{Attachments: files, Agency: d.To, From: l.Agency, FromName: from.Name.TH, ToName: content.Addressee, Number: l.NumberText, Dated: l.NumberedAt, Subject: l.Subject, Secrecy: l.Secrecy, Urgency: l.Urgency, Channel: Local, Dispatch: d.ID, File: file, FileType: l.FileType, Content: &content})
	if err != nil {
		return err
	}
	return s.sent(ctx, d.ID, func(tx *db.Tx, _ *Dispatch) error { return put(tx) })
}

func (s *Service) sendMail(ctx context.Context, d Dispatch) error {
	l, file, err := s.Letters.File(ctx, d.Letter, "dispatch.email")
	if err != nil {
		return err
	}
	var entry Entry
	if err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { entry, err = s.Entry(tx, d.To); return err }); err != nil {
		return err
	}
	attached, err := s.attachments(ctx, &l)
	if err != nil {
		return err
	}
	files := []mail.File{{Name: "letter" + letters.FileTypes[l.FileType], Type: l.FileType, Data: file}}
	for i, a := range attached {
		files = append(files, mail.File{Name: plainName(i, a.Type), Type: a.Type, Data: a.Data})
	}
	machine, err := s.machineReadable(ctx, &l, entry, file)
	if err != nil {
		return err
	}
	files = append(files, machine)
	body, err := json.Marshal(mail.Body{Text: l.Subject, Files: files})
	if err != nil {
		return err
	}
	m, err := s.Letters.Post(ctx, "letter", &l, entry.Mailbox, body)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		now, err := oneDispatch(tx, `id = $1`+tx.ForUpdate(), d.ID)
		if err != nil || now.ProcessID != "" {
			return err // the post has it already
		}
		now.ProcessID = m.ID
		if err := s.Mail.Queue(tx, m); err != nil {
			return err
		}
		now.State, now.SentAt = OnItsWay, tx.Now()
		return s.move(tx, &now)
	})
}

// MailAbout prepares a mail about a letter to the mailbox of an agency; what it returns puts
// it into the outbox of the caller's transaction.
func (s *Service) MailAbout(ctx context.Context, kind string, l *letters.Letter, mailbox, text string) (id string, put func(tx *db.Tx) error, err error) {
	body, err := json.Marshal(mail.Body{Text: text})
	if err != nil {
		return "", nil, err
	}
	m, err := s.Letters.Post(ctx, kind, l, mailbox, body)
	return m.ID, func(tx *db.Tx) error { return s.Mail.Queue(tx, m) }, err
}

// Confirm notes by hand what the other side has said of a letter that went by file, mail
// or paper: that it has it, and with which number it received it.
func (s *Service) Confirm(ctx context.Context, a policy.Actor, letter, number string) (Dispatch, error) {
	l, err := s.Letters.Get(ctx, a, letter)
	if err != nil {
		return Dispatch{}, err
	}
	if !policy.May(a, "letter.dispatch", l.Agency) {
		return Dispatch{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	number, err = thai.CleanText(number, 100)
	if err != nil || number == "" {
		return Dispatch{}, errs.InvalidField("number", "error.required")
	}
	var d Dispatch
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		all, err := dispatches(tx, `letter_id = $1 AND channel IN ('file','paper','email') AND state IN ('sent','delivered') ORDER BY id DESC`+tx.ForUpdate(), letter)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return errs.New(errs.Conflict, "error.letter-transition", "action", "confirm", "state", string(l.State))
		}
		d = all[0]
		d.State, d.AcceptNumber, d.AcceptedAt = Accepted, number, tx.Now()
		if d.DeliveredAt.IsZero() {
			d.DeliveredAt = tx.Now()
		}
		return s.move(tx, &d)
	})
	return d, err
}

// WrongNumber tells the receiver that the receive number it gave is wrong (แจ้งเลขรับผิด).
func (s *Service) WrongNumber(ctx context.Context, a policy.Actor, letter string) (Dispatch, error) {
	l, err := s.Letters.Get(ctx, a, letter)
	if err != nil {
		return Dispatch{}, err
	}
	if !policy.May(a, "letter.dispatch", l.Agency) {
		return Dispatch{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	var d Dispatch
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		all, err := dispatches(tx, `letter_id = $1 AND state = 'accepted' ORDER BY id DESC`+tx.ForUpdate(), letter)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return errs.New(errs.Conflict, "error.letter-transition", "action", "invalid", "state", string(l.State))
		}
		d = all[0]
		wrong := d.AcceptNumber
		d.State, d.AcceptNumber, d.AcceptedAt, d.Note = Delivered, "", time.Time{}, wrong
		if err := s.move(tx, &d); err != nil {
			return err
		}
		switch d.Channel {
		case Local:
			return s.numberDisputed(tx, `dispatch_id = $1`, d.ID)
		case ECMS:
			return s.Jobs.Enqueue(tx, JobNotify, notice{Kind: ecms.InvalidAccept, Dispatch: d.ID, Accept: wrong})
		}
		return nil
	})
	return d, err
}
