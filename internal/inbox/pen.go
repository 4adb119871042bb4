package inbox

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/saraban"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Count is how many mails wait for a person of an actor's agencies.
func (s *Service) Count(ctx context.Context, a policy.Actor) (n int, err error) {
	all, own := policy.Reach(a, "mail.read")
	if !all && own == "" {
		return 0, nil
	}
	where, args := `state = 'held'`, []any{}
	if !all {
		where, args = where+` AND agency = $1`, []any{own}
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM inbound WHERE `+where, args, &n)
	})
	return n, err
}

// List lists mails that the actor may know of, newest first. What stands on their outside
// is opened at once where the record admits him, and that is one line of the log a mail.
func (s *Service) List(ctx context.Context, a policy.Actor, f Filter) ([]Item, error) {
	all, own := policy.Reach(a, "mail.read")
	if !all {
		if own == "" || f.Agency != "" && f.Agency != own {
			return nil, errs.New(errs.Forbidden, "error.forbidden")
		}
		f.Agency = own
	}
	where, args := f.where()
	var found []Item
	if err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { found, err = many(tx, where, args...); return err }); err != nil {
		return nil, err
	}
	out := found[:0]
	for _, i := range found {
		if s.knows(ctx, a, &i) == nil {
			out = append(out, i)
		}
	}
	if f.Closed {
		return out, nil
	}
	return out, s.openHeads(ctx, a, out)
}

// knows: who may not know of a case may not know of its mail.
func (s *Service) knows(ctx context.Context, a policy.Actor, i *Item) error {
	if !policy.May(a, "mail.read", i.Agency) {
		return errs.New(errs.NotFound, "error.mail-not-found")
	}
	if i.CaseReference == "" {
		return nil
	}
	if _, err := s.Cases.Known(ctx, a, i.CaseReference); err != nil && errs.KindOf(err) != errs.NotFound {
		return err
	} else if err != nil {
		return errs.New(errs.NotFound, "error.mail-not-found")
	}
	return nil
}

func (s *Service) openHeads(ctx context.Context, a policy.Actor, list []Item) error {
	items := make([]vault.Sealed, len(list))
	for n := range list {
		items[n] = list[n].sealedHead()
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: Activity, Purpose: Purpose, Items: items, Detail: "inbox.list"})
	if errs.KindOf(err) == errs.Forbidden {
		return nil // he sees that there is mail, and not whose
	}
	if err != nil {
		return err
	}
	for n := range plain {
		var h Head
		if err := json.Unmarshal(plain[n], &h); err != nil {
			return err
		}
		list[n].Head = &h
	}
	return nil
}

// Get returns a mail that the actor may know of, closed.
func (s *Service) Get(ctx context.Context, a policy.Actor, id string) (i Item, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error { i, err = one(tx, `id = $1`, id); return err })
	if err == nil {
		err = s.knows(ctx, a, &i)
	}
	return i, err
}

// Read opens a mail; the reading is logged.
func (s *Service) Read(ctx context.Context, a policy.Actor, id string) (Item, *Mail, error) {
	i, m, _, err := s.open(ctx, a, id, "inbox")
	return i, m, err
}

func (s *Service) open(ctx context.Context, a policy.Actor, id, detail string) (i Item, m *Mail, plain [][]byte, err error) {
	if i, err = s.Get(ctx, a, id); err != nil {
		return i, nil, nil, err
	}
	if err = s.DB.Read(ctx, func(tx *db.Tx) error { i, err = whole(tx, id); return err }); err != nil {
		return i, nil, nil, err
	}
	plain, err = s.Processing.Read(ctx, a, processing.Request{Activity: Activity, Purpose: Purpose, Items: []vault.Sealed{i.sealedHead(), i.sealedRaw()}, Detail: detail})
	if err != nil {
		return i, nil, nil, err
	}
	var h Head
	if err := json.Unmarshal(plain[0], &h); err != nil {
		return i, nil, nil, err
	}
	i.Head, i.raw = &h, nil // it is written again only under another key
	m, _ = Parse(plain[1])  // what cannot be read is shown as far as it can
	return i, m, plain, nil
}

// File is a file of a mail, counted from 0; the reading is logged. It is a stranger's: it is
// given away as it is, to be saved and not to be shown.
func (s *Service) File(ctx context.Context, a policy.Actor, id string, n int) (File, error) {
	_, m, _, err := s.open(ctx, a, id, "inbox.file")
	if err != nil {
		return File{}, err
	}
	if n < 0 || n >= len(m.Files) {
		return File{}, errs.New(errs.NotFound, "error.not-found")
	}
	return m.Files[n], nil
}

// mayWork returns a mail that the actor may decide on.
func (s *Service) mayWork(ctx context.Context, a policy.Actor, id, action string) (Item, error) {
	i, err := s.Get(ctx, a, id)
	if err == nil && !policy.May(a, action, i.Agency) {
		err = errs.New(errs.Forbidden, "error.forbidden")
	}
	return i, err
}

// LinkCase puts a mail on a case, as a note of the office: that its writer is the sender of
// the case is known only where the program found it out itself.
func (s *Service) LinkCase(ctx context.Context, a policy.Actor, id, reference string) (Item, error) {
	if _, err := s.mayWork(ctx, a, id, "mail.work"); err != nil {
		return Item{}, err
	}
	ref, ok := cases.Reference(reference)
	if !ok {
		return Item{}, errs.InvalidField("case", "error.case-not-found")
	}
	c, err := s.Cases.MayWork(ctx, a, ref)
	if errs.KindOf(err) == errs.NotFound {
		return Item{}, errs.InvalidField("case", "error.case-not-found")
	}
	if err != nil {
		return Item{}, err
	}
	i, m, plain, err := s.open(ctx, a, id, "inbox.link")
	if err != nil {
		return i, err
	}
	own := i.subjectKey
	_, subject, err := s.Cases.MailOf(ctx, c.ID)
	if err != nil {
		return i, err
	}
	text, files, err := s.words(ctx, m, true)
	if err != nil {
		return i, err
	}
	i.Case, i.CaseReference, i.Agency = c.ID, c.Reference, c.Agency
	s.reseal(&i, subject, plain[0], plain[1])
	var done Item
	if _, err := s.Cases.NoteMail(ctx, a, c.Reference, or(text, i.Head.Subject, "-"), files, func(tx *db.Tx) error {
		done = i
		return s.change(tx, a.Account, "link-case", &done)
	}); err != nil {
		return i, err
	}
	return done, s.Vault.Shred(ctx, own)
}

// LinkReferral takes a mail as the agency's answer to a referral, on the word of the actor.
func (s *Service) LinkReferral(ctx context.Context, a policy.Actor, id, ref string) (Item, error) {
	if _, err := s.mayWork(ctx, a, id, "mail.work"); err != nil {
		return Item{}, err
	}
	r, err := s.Referral.Get(ctx, a, strings.TrimSpace(ref))
	if errs.KindOf(err) == errs.NotFound {
		return Item{}, errs.InvalidField("referral", "error.referral-not-found")
	}
	if err != nil {
		return Item{}, err
	}
	if !policy.May(a, "case.work", r.Agency) && !policy.May(a, "letter.receive", r.Agency) {
		return Item{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	i, m, plain, err := s.open(ctx, a, id, "inbox.link")
	if err != nil {
		return i, err
	}
	text, _, err := s.words(ctx, m, false)
	if err != nil {
		return i, err
	}
	put, err := s.Referral.AnswerByMail(ctx, r, or(text, i.Head.Subject, "-"))
	if err != nil {
		return i, err
	}
	own := i.subjectKey
	if err := s.ontoReferral(ctx, &i, &r, plain[0], plain[1]); err != nil {
		return i, err
	}
	var done Item
	if err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := put(tx); err != nil {
			return err
		}
		done = i
		return s.change(tx, a.Account, "link-referral", &done)
	}); err != nil {
		return i, err
	}
	return done, s.Vault.Shred(ctx, own)
}

func or(values ...string) string {
	for _, v := range values {
		if strings.TrimSpace(v) != "" {
			return v
		}
	}
	return ""
}

// Entry is what a registrar reads off a letter that came by mail.
type Entry struct {
	From     string // code of an agency; "" for others
	FromName string
	Number   string // ที่, of the sender
	Dated    string // of the letter, 2006-01-02
	Subject  string
}

// Enter takes a mail into the register of letters that came: its first PDF is the letter,
// the rest goes along. It has its receive number when the registrar gives it one there.
func (s *Service) Enter(ctx context.Context, a policy.Actor, id string, e Entry) (Item, error) {
	if _, err := s.mayWork(ctx, a, id, "letter.receive"); err != nil {
		return Item{}, err
	}
	i, m, _, err := s.open(ctx, a, id, "inbox.register")
	if err != nil {
		return i, err
	}
	arrival, err := s.letterOf(&i, m, e)
	if err != nil {
		return i, err
	}
	put, err := s.Saraban.ArriveByMail(ctx, arrival)
	if err != nil {
		return i, err
	}
	var done Item
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		in, err := put(tx)
		if err != nil {
			return err
		}
		done = i
		done.LetterIn = in.ID
		return s.change(tx, a.Account, "register", &done)
	})
	return done, err
}

func (s *Service) letterOf(i *Item, m *Mail, e Entry) (saraban.Arrival, error) {
	var bad []errs.Field
	for _, x := range []struct {
		name string
		into *string
		max  int
	}{{"from_name", &e.FromName, 200}, {"number", &e.Number, 100}, {"subject", &e.Subject, 500}} {
		text, err := thai.CleanText(*x.into, x.max)
		if err != nil {
			bad = append(bad, errs.Field{Name: x.name, Key: "error.message-long", Args: []any{"max", x.max}})
		}
		*x.into = text
	}
	if g, ok := s.Agencies.Get(e.From); ok {
		e.FromName = g.Name.TH
	} else if e.From != "" {
		bad = append(bad, errs.Field{Name: "from", Key: "error.agency-unknown"})
	}
	written := m.Date
	if written.IsZero() { // it does not say: it is of the day on which it came
		written = i.ReceivedAt
	}
	dated, err := time.ParseInLocation(time.DateOnly, or(e.Dated, written.In(thai.Bangkok).Format(time.DateOnly)), thai.Bangkok)
	if err != nil {
		bad = append(bad, errs.Field{Name: "dated", Key: "error.date"})
	}
	if err := errs.InvalidFields(bad); err != nil {
		return saraban.Arrival{}, err
	}
	out := saraban.Arrival{Agency: i.Agency, From: e.From, FromName: or(e.FromName, m.From.Name, m.From.Address), Number: e.Number, Dated: dated, Subject: or(e.Subject, m.Subject, "-"),
		Secrecy: letters.NoSecrecy, Urgency: letters.NoUrgency, ProcessID: processPrefix + i.ID, Content: &letters.Content{Paragraphs: paragraphs(m.Text)}}
	for _, f := range m.Files {
		if out.File == nil && strings.HasPrefix(string(f.Data[:min(len(f.Data), 8)]), "%PDF-") {
			out.File = f.Data
			continue
		}
		out.Attachments = append(out.Attachments, saraban.Attachment{Name: f.Name, Type: f.Type, Data: f.Data})
	}
	return out, nil
}

func paragraphs(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// Discard ends a mail that is nobody's business; the reason is kept. It can be taken back.
func (s *Service) Discard(ctx context.Context, a policy.Actor, id, reason string) (Item, error) {
	i, err := s.mayWork(ctx, a, id, "mail.work")
	if err != nil {
		return i, err
	}
	reason, err = thai.CleanText(reason, 500)
	if err != nil || reason == "" {
		return i, errs.InvalidField("reason", "error.required")
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		done := i
		done.Note = reason
		return s.change(tx, a.Account, "discard", &done)
	})
	if err != nil {
		return i, err
	}
	return s.Get(ctx, a, id)
}

// TakeBack puts a mail that was discarded or passed over into the pen.
func (s *Service) TakeBack(ctx context.Context, a policy.Actor, id string) (Item, error) {
	i, err := s.mayWork(ctx, a, id, "mail.work")
	if err != nil {
		return i, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		done := i
		return s.change(tx, a.Account, "take-back", &done)
	})
	if err != nil {
		return i, err
	}
	return s.Get(ctx, a, id)
}

// Next lists what an actor may do with a mail.
func Next(a policy.Actor, i *Item) []string {
	var out []string
	for _, x := range Steps {
		if x.By != "system" && slices.Contains(x.From, i.State) && policy.May(a, x.By, i.Agency) {
			out = append(out, x.Action)
		}
	}
	return out
}
