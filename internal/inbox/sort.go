package inbox

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/processing"
	"prasan/internal/referral"
	"prasan/internal/vault"
)

// perHour is how many mails of one address are read in an hour; what is more waits.
const perHour = 30

func (s *Service) sortJob(ctx context.Context, j jobs.Job) error {
	var id string
	if err := json.Unmarshal(j.Payload, &id); err != nil {
		return err
	}
	return s.Sort(ctx, id)
}

// sorting is a mail on its way through the filters, with all that is known of it.
type sorting struct {
	Item
	mail     *Mail
	facts    Facts
	verdict  Verdict
	rawText  []byte
	headText []byte
	referral referral.Referral
}

// Sort decides what a mail is and does it. It may run again: what was done is not done twice.
func (s *Service) Sort(ctx context.Context, id string) error {
	var i Item
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { i, err = whole(tx, id); return err })
	if errs.KindOf(err) == errs.NotFound || err == nil && i.State != Unsorted {
		return nil
	}
	if err != nil {
		return err
	}
	plain, err := s.Processing.Handle(ctx, processing.Request{Activity: Activity, Purpose: Purpose, Items: []vault.Sealed{i.sealedHead(), i.sealedRaw()}, Detail: "inbox"}, "mailbox")
	if err != nil {
		return err
	}
	i.raw = nil // it is written again only under another key
	x := &sorting{Item: i, headText: plain[0], rawText: plain[1]}
	if err := s.learn(ctx, x); err != nil {
		return err
	}
	x.verdict, _ = Judge(x.mail, &x.facts)
	x.Why = x.verdict.Why
	err = deeds[x.verdict.Do](s, ctx, x)
	if errs.KindOf(err) == errs.Conflict && s.isSorted(ctx, id) {
		return nil // another run of the same was faster
	}
	if why := held(err); why != "" { // it cannot be done now: a person decides
		x.Why = why
		return s.hold(ctx, x)
	}
	return err
}

func (s *Service) isSorted(ctx context.Context, id string) (is bool) {
	_ = s.DB.Read(ctx, func(tx *db.Tx) error {
		i, err := one(tx, `id = $1`, id)
		is = err == nil && i.State != Unsorted
		return err
	})
	return is
}

// held is the reason for which a mail waits that could not be put where it belongs; "" for
// an error that may pass.
func held(err error) string {
	switch errs.KindOf(err) {
	case errs.Conflict:
		return "closed"
	case errs.TooMany:
		return "flood"
	case errs.Invalid:
		return "unreadable"
	case errs.NotFound:
		return "old"
	}
	return ""
}

// deeds are what is done, by the filters' words for it.
var deeds = map[Deed]func(s *Service, ctx context.Context, x *sorting) error{
	Drop:       (*Service).drop,
	Hold:       (*Service).hold,
	Return:     (*Service).returned,
	ToCase:     (*Service).toCase,
	ToReferral: (*Service).toReferral,
	Hear:       (*Service).hear,
	Enter:      (*Service).enter,
}

// learn gathers what the filters ask about.
func (s *Service) learn(ctx context.Context, x *sorting) error {
	m, err := Parse(x.rawText)
	x.mail = m
	f := &x.facts
	f.Unreadable = err != nil || x.Size > MaxSize
	f.Authentic = s.Trust.Authentic(m, x.rawText)
	f.Letter, _ = machineReadable(m)
	f.Told = told(m)
	own, named := s.Mail.Named(m.MessageID)
	var boxes map[string]string
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if boxes, err = s.Saraban.Mailboxes(tx); err != nil {
			return err
		}
		f.Ours = s.Mail.Ours(m.Field("X-Loop"))
		if named && !f.Ours {
			_, err := s.Mail.Sent(tx, own)
			f.Ours = err == nil
		}
		within, err := s.Limits.Allow(tx, "mail-in", strings.ToLower(m.From.Address), perHour, time.Hour)
		f.Flood = !within
		return err
	})
	if err != nil {
		return err
	}
	f.Claims = boxes[strings.ToLower(m.From.Address)]
	return s.thread(ctx, x)
}

// thread finds what a mail answers, by the keyed address first, then by the Message-IDs
// that it refers to.
func (s *Service) thread(ctx context.Context, x *sorting) error {
	t := &x.facts.Thread
	for _, to := range x.mail.To {
		if id, ok := s.Mail.Answered(to); ok {
			t.Message, t.Keyed = id, true
		}
	}
	for _, ref := range x.mail.References {
		if t.Message != "" {
			break
		}
		if id, ok := s.Mail.Named(ref); ok {
			t.Message = id
		}
	}
	if t.Message == "" {
		return nil
	}
	x.Message = t.Message
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		if sent, err := s.Mail.Sent(tx, t.Message); err == nil && sent.CaseID != "" {
			t.Case, t.Known = sent.CaseID, true
			return nil
		} else if err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		return s.threadOfLetter(tx, x)
	})
	if err != nil || t.Case == "" || t.Referral != "" {
		return err
	}
	c, _, err := s.Cases.MailOf(ctx, t.Case)
	if errs.KindOf(err) == errs.NotFound {
		t.Known = false
		return nil
	}
	if err != nil {
		return err
	}
	x.Agency, x.CaseReference = c.Agency, c.Reference
	t.Expected, err = s.Cases.IsSender(ctx, t.Case, x.mail.From.Address)
	return err
}

// threadOfLetter: letters go to one agency, from whose mailbox the answer is expected.
func (s *Service) threadOfLetter(tx *db.Tx, x *sorting) error {
	t := &x.facts.Thread
	d, err := s.Saraban.OfMail(tx, t.Message)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	x.Agency, t.Known, t.Expected = d.Agency, true, x.facts.Claims == d.To
	r, err := s.Referral.OfLetter(tx, d.Letter)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	x.referral, t.Referral, t.Case = r, r.ID, r.CaseID
	x.CaseReference = r.CaseReference
	return err
}

func (s *Service) drop(ctx context.Context, x *sorting) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		i := x.Item
		return s.change(tx, "", "ignore", &i)
	})
}

// hold puts a mail into the pen, with what it seems to be about for the person who looks.
func (s *Service) hold(ctx context.Context, x *sorting) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		i := x.Item
		i.Referral = x.facts.Thread.Referral
		if err := s.change(tx, "", "hold", &i); err != nil {
			return err
		}
		return s.alert(tx, &i)
	})
}

// alarming are the reasons that somebody should look into soon.
var alarming = map[string]bool{"bounce": true, "flood": true, "agency-unproven": true, "agency-forged": true}

// alert writes a line that those who watch the audit look for.
func (s *Service) alert(tx *db.Tx, i *Item) error {
	if !alarming[i.Why] {
		return nil
	}
	slog.Warn("mail", "why", i.Why, "agency", i.Agency, "id", i.ID)
	return s.Audit.Append(tx, audit.Event{Actor: "system", Action: "inbox.alert." + i.Why, Object: "mail-in:" + i.ID, Body: map[string]any{"agency": i.Agency, "case": i.CaseReference, "referral": i.Referral, "note": i.Note}})
}

// returned: the message is marked as come back, with the letter that it was, and the report
// waits for somebody of the office to find a better address.
func (s *Service) returned(ctx context.Context, x *sorting) error {
	r := x.mail.Report
	id, ok := s.Mail.Returned(r.Token)
	if !ok {
		x.Why = "bounce-unknown"
		return s.hold(ctx, x)
	}
	x.Message = id
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		sent, err := s.Mail.Sent(tx, id)
		if err != nil {
			return err
		}
		x.Agency, x.facts.Thread.Case = sent.Agency, sent.CaseID
		d, err := s.Saraban.OfMail(tx, id)
		if err == nil {
			x.referral, err = s.Referral.OfLetter(tx, d.Letter)
			x.CaseReference = x.referral.CaseReference
		}
		if errs.KindOf(err) == errs.NotFound {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	if id := x.facts.Thread.Case; id != "" {
		if c, _, err := s.Cases.MailOf(ctx, id); err == nil {
			x.Agency, x.CaseReference = c.Agency, c.Reference
		}
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error { return s.noteReturn(tx, x) })
}

func (s *Service) noteReturn(tx *db.Tx, x *sorting) error {
	i, r := x.Item, x.mail.Report
	i.Referral = x.referral.ID
	said := strings.TrimSpace(r.Status + " " + r.Diagnostic)
	changed, err := s.Mail.BouncedIn(tx, i.Message, said)
	if err != nil {
		return err
	}
	if !changed {
		i.Why = "bounce-again"
		return s.change(tx, "", "ignore", &i)
	}
	state, err := s.Mail.State(tx, i.Message)
	if err != nil {
		return err
	}
	i.Note = state.LastError // without addresses
	if _, err := s.Saraban.Returned(tx, i.Message, i.Note); err != nil && errs.KindOf(err) != errs.NotFound {
		return err
	}
	if err := s.change(tx, "", "hold", &i); err != nil {
		return err
	}
	return s.alert(tx, &i)
}

// toCase writes what the sender of a case replied on it, as if on his page.
func (s *Service) toCase(ctx context.Context, x *sorting) error {
	c, subject, err := s.Cases.MailOf(ctx, x.facts.Thread.Case)
	if err != nil {
		return err
	}
	text, files, err := s.words(ctx, x.mail, true)
	if err != nil {
		return err
	}
	i := x.Item
	i.Case, i.CaseReference, i.Agency = c.ID, c.Reference, c.Agency
	s.reseal(&i, subject, x.headText, x.rawText)
	if err := s.Cases.WriteByMail(ctx, c.ID, text, files, func(tx *db.Tx) error {
		done := i
		return s.change(tx, "", "reply", &done)
	}); err != nil {
		return err
	}
	return s.Vault.Shred(ctx, x.subjectKey)
}

// toReferral brings the agency's answer to its referral, where it stays until an officer
// publishes it. The files stay in the mail.
func (s *Service) toReferral(ctx context.Context, x *sorting) error {
	text, _, err := s.words(ctx, x.mail, false)
	if err != nil {
		return err
	}
	put, err := s.Referral.AnswerByMail(ctx, x.referral, text)
	if err != nil {
		return err
	}
	i := x.Item
	if err := s.ontoReferral(ctx, &i, &x.referral, x.headText, x.rawText); err != nil {
		return err
	}
	if err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := put(tx); err != nil {
			return err
		}
		if err := s.Saraban.AnsweredByMail(tx, i.Message); err != nil {
			return err
		}
		done := i
		return s.change(tx, "", "answer", &done)
	}); err != nil {
		return err
	}
	return s.Vault.Shred(ctx, x.subjectKey)
}

// ontoReferral puts a mail on a referral, sealed with the key of its case.
func (s *Service) ontoReferral(ctx context.Context, i *Item, r *referral.Referral, head, raw []byte) error {
	subject, err := s.Vault.Subject(ctx, r.SubjectKey())
	if err != nil {
		return err
	}
	i.Case, i.Referral, i.CaseReference, i.Agency = r.CaseID, r.ID, r.CaseReference, r.Agency
	s.reseal(i, subject, head, raw)
	return nil
}

// words are what a mail adds to a case: what was written anew, and the files that pass the
// gate of the form. What does not pass is named, and stays in the mail; a text that is
// longer than a message may be goes along as a file, whole.
func (s *Service) words(ctx context.Context, m *Mail, stage bool) (string, []cases.Staged, error) {
	text := Fresh(m.Text)
	var files []cases.Staged
	var left []string
	take := func(name string, data []byte) error {
		if len(files) == cases.MaxAttachments {
			left = append(left, name)
			return nil
		}
		f, err := s.Stage(ctx, name, bytes.NewReader(data))
		switch errs.KindOf(err) {
		case errs.Invalid, errs.TooLarge:
			left = append(left, name)
			return nil
		}
		if err == nil {
			files = append(files, f)
		}
		return err
	}
	var names []string
	if stage {
		if len([]rune(text)) > longest {
			if err := take("message.txt", []byte(text)); err != nil {
				return "", nil, err
			}
		}
		for _, f := range m.Files {
			if err := take(f.Name, f.Data); err != nil {
				return "", nil, err
			}
		}
	} else {
		for _, f := range m.Files {
			names = append(names, f.Name)
		}
	}
	if r := []rune(text); len(r) > longest {
		text = string(r[:longest]) + "…"
	}
	for _, x := range []struct {
		label string
		names []string
	}{{"ไฟล์แนบในอีเมล", names}, {"ไฟล์ที่ระบบไม่รับ", left}} {
		if len(x.names) > 0 {
			text += "\n\n[" + x.label + ": " + clean(strings.Join(x.names, ", "), 400) + "]"
		}
	}
	if text = strings.TrimSpace(text); text == "" && len(files) > 0 {
		text = "[ไฟล์แนบ]"
	}
	return text, files, nil
}

// longest leaves room for what is said about files.
const longest = cases.MaxMessage - 500
