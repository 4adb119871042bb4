package referral

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/saraban"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Deps are the parts a Service works with.
type Deps struct {
	DB         *db.DB
	Vault      *vault.Vault
	Processing *processing.Service
	Audit      *audit.Log
	Cases      *cases.Service
	Letters    *letters.Service
	Saraban    *saraban.Service
	Agencies   *org.Directory
	Record     func(activity string) *policy.Snapshot
	Now        func() time.Time
	// Open opens a file of a case with its key.
	Open func(ctx context.Context, id string, key []byte) (io.ReadCloser, error)
	// ReplyWithin is how long the agency has, from the day the letter left.
	ReplyWithin time.Duration
	// MaxRounds is how often a case may be sent to one agency before a person of the
	// ministry must decide (0: as often as one likes).
	MaxRounds int
}

// Service is what can be done with referrals.
type Service struct{ Deps }

// New returns the service and has letters and the exchange tell it what happens.
func New(d Deps) *Service {
	s := &Service{d}
	d.Letters.OnAction(s.onLetter)
	d.Saraban.OnMove(s.onMove)
	d.Saraban.OnAnswer(s.onAnswer)
	d.Saraban.OnAttach(s.onAttach)
	return s
}

// about is how a letter names the referral that it was written for.
const about = "referral:"

// Request is a referral as an officer gives it.
type Request struct {
	To      string
	Reason  string
	Fields  []string // what is to be disclosed
	Checks  []string // what was looked at
	Contact string
	Kind    letters.Kind
	Urgency letters.Urgency
}

// Refer sends a case on: it makes the referral and the draft of its letter, filled from
// the case with the fields that the record declares for this recipient.
func (s *Service) Refer(ctx context.Context, a policy.Actor, reference string, q Request) (Referral, letters.Letter, error) {
	c, err := s.Cases.MayRefer(ctx, a, reference)
	if err != nil {
		return Referral{}, letters.Letter{}, err
	}
	snap := s.Record(Activity)
	if snap == nil {
		return Referral{}, letters.Letter{}, errs.New(errs.Unavailable, "error.no-record")
	}
	if err := s.check(snap, &c, &q); err != nil {
		return Referral{}, letters.Letter{}, err
	}
	if err := s.roundsLeft(ctx, a, &c, q.To); err != nil {
		return Referral{}, letters.Letter{}, err
	}
	subject, err := s.Cases.KeyOf(ctx, &c)
	if err != nil {
		return Referral{}, letters.Letter{}, err
	}
	if q.Fields, err = s.present(ctx, a, &c, q.Fields); err != nil {
		return Referral{}, letters.Letter{}, err
	}
	writing, err := s.write(ctx, a, &c, &q)
	if err != nil {
		return Referral{}, letters.Letter{}, err
	}
	r := Referral{ID: db.NewID(), CaseID: c.ID, CaseReference: c.Reference, Agency: c.Agency, To: q.To, State: Drafted, Elements: q.Fields, Checks: q.Checks, Purpose: Purpose, Basis: basisOf(snap), Contact: q.Contact, RevisionID: snap.RevisionID, CreatedBy: a.Account, Version: 1, subjectKey: c.SubjectKey}
	if all, err := s.Suggest(ctx, a, reference); err == nil && len(all) > 0 {
		r.Suggestion = all[0]
	}
	r.reason = subject.Seal(place(r.ID, "reason"), []byte(q.Reason))
	writing.About = about + r.ID
	draft, err := s.Letters.Prepare(ctx, a, writing)
	if err != nil {
		return Referral{}, letters.Letter{}, err
	}
	var l letters.Letter
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if l, err = draft(tx); err != nil {
			return err
		}
		r.Letter, r.CreatedAt, r.DueAt = l.ID, tx.Now(), tx.Now().Add(s.ReplyWithin)
		if _, err := s.Cases.Refer(tx, c.ID, cases.ReferralStep{Action: "refer", Actor: a, Text: q.Reason, Meta: map[string]string{"agency": q.To, "referral": r.ID, "letter": l.ID}}, subject); err != nil {
			return err
		}
		if err := insert(tx, &r); err != nil {
			return err
		}
		return s.note(tx, a.Account, "refer", &r)
	})
	return r, l, err
}

func place(id, column string) string { return "referrals:" + id + ":" + column }

func (s *Service) note(tx *db.Tx, actor, action string, r *Referral) error {
	if actor == "" {
		actor = "system"
	}
	return s.Audit.Append(tx, audit.Event{Actor: actor, Action: "referral." + action, Object: "case:" + r.CaseReference, Body: map[string]any{"referral": r.ID, "to": r.To, "state": r.State, "elements": r.Elements, "letter": r.Letter, "revision": r.RevisionID}})
}

// check holds a request to the record: its recipients, their elements, the two looks
// before sending (row 46).
func (s *Service) check(snap *policy.Snapshot, c *cases.Case, q *Request) error {
	var bad []errs.Field
	if _, ok := s.Agencies.Get(q.To); !ok || q.To == c.Agency {
		bad = append(bad, errs.Field{Name: "agency", Key: "error.agency-unknown"})
	}
	reason, err := thai.CleanText(q.Reason, 2000)
	if err != nil || reason == "" {
		bad = append(bad, errs.Field{Name: "reason", Key: "error.required"})
	}
	q.Reason = reason
	for _, check := range Checks {
		if !slices.Contains(q.Checks, check) {
			bad = append(bad, errs.Field{Name: "checks", Key: "error.referral-checks"})
			break
		}
	}
	q.Checks = slices.Clone(Checks)
	if q.Contact, err = thai.CleanText(q.Contact, 200); err != nil {
		bad = append(bad, errs.Field{Name: "contact", Key: "error.message-long", Args: []any{"max", 200}})
	}
	if err := errs.InvalidFields(bad); err != nil {
		return err
	}
	slices.Sort(q.Fields)
	q.Fields = slices.Compact(q.Fields)
	if d, ok := allowed(snap, q.To, "", q.Fields); !ok {
		return errs.New(errs.Forbidden, d.Reason)
	}
	return nil
}

// roundsLeft is the loop rule: a case that was sent to an agency and came back as often
// as the rule says is sent there again only by who works across offices.
func (s *Service) roundsLeft(ctx context.Context, a policy.Actor, c *cases.Case, to string) error {
	if across, _ := policy.Reach(a, "case.route"); across || s.MaxRounds == 0 {
		return nil
	}
	var n int
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM referrals WHERE case_id = $1 AND to_agency = $2 AND state IN ('rejected','invalid')`, []any{c.ID, to}, &n)
	})
	if err == nil && n >= s.MaxRounds {
		err = errs.New(errs.Conflict, "error.referral-loop", "n", n)
	}
	return err
}

// present leaves out what was ticked and is not there: the log says what was disclosed,
// not what could have been.
func (s *Service) present(ctx context.Context, a policy.Actor, c *cases.Case, fields []string) ([]string, error) {
	d, err := s.Cases.Get(ctx, a, c.Reference)
	if err != nil {
		return nil, err
	}
	given := append(c.Given(), "message")
	if len(d.Files) > 0 {
		given = append(given, attachments)
	}
	return slices.DeleteFunc(slices.Clone(fields), func(e string) bool { return !slices.Contains(given, e) }), nil
}

// attachments is what the record calls the files of a case.
const attachments = "attachments"

// onAttach gives the files of the case to its letter, where they are disclosed.
func (s *Service) onAttach(ctx context.Context, l *letters.Letter) ([]saraban.Attachment, error) {
	if !strings.HasPrefix(l.About, about) || s.Open == nil {
		return nil, nil
	}
	var r Referral
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { r, err = one(tx, `letter_id = $1`, l.ID); return err })
	if errs.KindOf(err) == errs.NotFound || err == nil && !slices.Contains(r.Elements, attachments) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	files, err := s.Cases.FilesToSend(ctx, r.CaseID)
	if err != nil {
		return nil, err
	}
	var out []saraban.Attachment
	for _, f := range files {
		in, err := s.Open(ctx, f.ID, f.Key)
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(in)
		in.Close()
		if err != nil {
			return nil, err
		}
		out = append(out, saraban.Attachment{Name: f.Name, Type: f.Type, Data: data})
	}
	return out, nil
}

// labels are how a letter calls what it discloses.
var labels = []struct{ code, label string }{{"given_name", "ชื่อ"}, {"family_name", "นามสกุล"}, {"mobile_phone", "หมายเลขโทรศัพท์"}, {"email", "ไปรษณีย์อิเล็กทรอนิกส์"}}

// write fills the draft of the letter. What the sender gave is opened for the purpose of
// receiving and forwarding, and that is logged.
func (s *Service) write(ctx context.Context, a policy.Actor, c *cases.Case, q *Request) (letters.Writing, error) {
	detail, err := s.Cases.Get(ctx, a, c.Reference)
	if err != nil {
		return letters.Writing{}, err
	}
	if detail.Masked {
		return letters.Writing{}, errs.New(errs.Forbidden, detail.Reason)
	}
	given, err := s.Cases.Sender(ctx, a, c.Reference, Purpose)
	if err != nil {
		return letters.Writing{}, err
	}
	from, _ := s.Agencies.Get(c.Agency)
	to, _ := s.Agencies.Get(q.To)
	opening := "ด้วย" + from.Name.TH + "ได้รับเรื่องจากประชาชน เลขที่เรื่อง " + c.Reference + " เมื่อวันที่ " + thai.DateLong(c.ReceivedAt, "th")
	if slices.Contains(q.Fields, "message") {
		opening += " ความว่า “" + strings.Join(strings.Fields(detail.Message), " ") + "”"
	}
	paragraphs := []string{opening}
	var told []string
	for _, l := range labels {
		if slices.Contains(q.Fields, l.code) && given[l.code] != "" {
			told = append(told, l.label+" "+strings.ReplaceAll(given[l.code], " ", "\u00a0"))
		}
	}
	if len(told) > 0 {
		paragraphs = append(paragraphs, "ทั้งนี้ ข้อมูลของผู้ติดต่อที่จำเป็นต่อการดำเนินการ ได้แก่ "+strings.Join(told, " ")+" โดยเปิดเผยตามมาตรา 27 แห่งพระราชบัญญัติคุ้มครองข้อมูลส่วนบุคคล พ.ศ.\u00a02562 เพื่อการพิจารณาเรื่องนี้เท่านั้น")
	}
	if c.WithholdName {
		paragraphs = append(paragraphs, "ผู้ติดต่อขอปกปิดชื่อต่อผู้ถูกร้องเรียน")
	}
	days := int(s.ReplyWithin.Hours() / 24)
	paragraphs = append(paragraphs,
		from.Name.TH+"พิจารณาแล้วเห็นว่า เรื่องดังกล่าวอยู่ในอำนาจหน้าที่ของ"+to.Name.TH+" เนื่องจาก"+q.Reason+" จึงขอส่งเรื่องมาเพื่อพิจารณาดำเนินการ และขอได้โปรดแจ้งผลให้ทราบภายใน "+strconv.Itoa(days)+" วัน",
		"จึงเรียนมาเพื่อโปรดพิจารณา")
	var enclosures []string
	if n := len(detail.Files); n > 0 && slices.Contains(q.Fields, attachments) {
		enclosures = []string{"สำเนาไฟล์แนบของเรื่อง จำนวน " + strconv.Itoa(n) + " ไฟล์"}
	}
	return letters.Writing{Agency: c.Agency, Kind: q.Kind, Urgency: q.Urgency, To: q.To, Subject: "ขอส่งเรื่องของประชาชน เลขที่เรื่อง " + c.Reference, Content: letters.Content{Paragraphs: paragraphs, Enclosures: enclosures}}, nil
}

// onLetter follows the letter of a referral: who may sign what discloses, what is written
// down when it leaves, what becomes of the case when it is cancelled.
func (s *Service) onLetter(tx *db.Tx, a policy.Actor, action string, l *letters.Letter, body map[string]string) error {
	if !strings.HasPrefix(l.About, about) || action == "draft" {
		return nil
	}
	r, err := one(tx, `id = $1`+tx.ForUpdate(), strings.TrimPrefix(l.About, about))
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil || r.Letter != l.ID { // a letter that only says so follows no referral
		return err
	}
	switch action {
	case "approve":
		return s.mayDisclose(a)
	case "dispatch":
		return s.disclose(tx, a, &r, l, body)
	case "cancel":
		if r.State != Drafted {
			return nil
		}
		r.State = Recalled
		if err := update(tx, &r); err != nil {
			return err
		}
		return s.leave(tx, &r, "refer-recall", body["reason"])
	}
	return nil
}

// mayDisclose: who the record names for disclosing (row 29) signs what goes out.
func (s *Service) mayDisclose(a policy.Actor) error {
	snap := s.Record(Activity)
	if snap == nil {
		return errs.New(errs.Unavailable, "error.no-record")
	}
	if !snap.MayDo(a, policy.DutyDisclose).Allowed {
		return errs.New(errs.Forbidden, "error.referral-approver")
	}
	return nil
}

// disclose is the sending: the record in force is asked once more, since it may have
// changed since the letter was drafted, and the line of s.39(6) is written.
func (s *Service) disclose(tx *db.Tx, a policy.Actor, r *Referral, l *letters.Letter, body map[string]string) error {
	snap := s.Record(Activity)
	if snap == nil {
		return errs.New(errs.Unavailable, "error.no-record")
	}
	if d, ok := allowed(snap, r.To, body["via"], r.Elements); !ok {
		return errs.New(errs.Forbidden, d.Reason)
	}
	if err := insertDisclosure(tx, &Disclosure{ID: db.NewID(), Referral: r.ID, CaseReference: r.CaseReference, Agency: r.Agency, To: r.To, Channel: body["channel"], Elements: r.Elements, Purpose: r.Purpose, Basis: r.Basis, Letter: l.ID, LetterNumber: l.NumberText, RevisionID: snap.RevisionID, Actor: a.Account, caseID: r.CaseID, subjectKey: r.subjectKey}); err != nil {
		return err
	}
	line := processing.Line{Activity: Activity, Revision: snap.RevisionID, Act: "send", Actor: a.Account, Ground: "letter:" + l.NumberText, Purpose: r.Purpose, Subjects: []string{r.subjectKey}, Elements: r.Elements, Detail: "referral:" + r.To}
	if err := s.Processing.Record(tx, line); err != nil {
		return err
	}
	before := r.State
	if before != Drafted && before != Rejected && before != Invalid { // one more copy, by another channel
		return s.note(tx, a.Account, "sent-again", r)
	}
	r.State, r.Channel, r.SentAt, r.DueAt = Sent, body["channel"], tx.Now(), thai.OnWorkingDay(tx.Now().Add(s.ReplyWithin))
	if err := update(tx, r); err != nil {
		return err
	}
	if err := s.note(tx, a.Account, "sent", r); err != nil {
		return err
	}
	if before != Drafted { // it had come back, and the case with it
		if err := s.step(tx, r, cases.ReferralStep{Action: "refer", Actor: a, Meta: map[string]string{"agency": r.To, "referral": r.ID}}); err != nil {
			return err
		}
	}
	return s.step(tx, r, cases.ReferralStep{Action: "refer-sent", Actor: a, Meta: map[string]string{"agency": r.To, "referral": r.ID, "number": l.NumberText, "channel": r.Channel}})
}

// step applies a step to the case. What happens to the letter is not undone because the
// case has moved on meanwhile: then the case stays as it is.
func (s *Service) step(tx *db.Tx, r *Referral, step cases.ReferralStep) error {
	_, err := s.Cases.Refer(tx, r.CaseID, step, nil)
	if k := errs.KindOf(err); err != nil && (k == errs.Conflict || k == errs.NotFound) {
		return nil
	}
	return err
}

// leave takes the case back from an agency, unless it is with another one as well.
func (s *Service) leave(tx *db.Tx, r *Referral, action, why string) error {
	if err := s.note(tx, "", action, r); err != nil {
		return err
	}
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM referrals WHERE case_id = $1 AND id <> $2 AND state IN ('drafted','sent','delivered','accepted')`, []any{r.CaseID, r.ID}, &n); err != nil || n > 0 {
		return err
	}
	return s.step(tx, r, cases.ReferralStep{Action: action, Meta: map[string]string{"agency": r.To, "referral": r.ID, "reason": why}})
}

// onMove follows the sending of the letter.
func (s *Service) onMove(tx *db.Tx, d *saraban.Dispatch) error {
	r, err := one(tx, `letter_id = $1`+tx.ForUpdate(), d.Letter)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil || r.State == Published || r.State == Answered && d.State != saraban.Accepted {
		return err
	}
	before := r.State
	r.AcceptNumber, r.DeliveredAt, r.AcceptedAt = d.AcceptNumber, d.DeliveredAt, d.AcceptedAt
	switch d.State {
	case saraban.Delivered:
		r.State = Delivered
	case saraban.Accepted:
		if r.State != Answered {
			r.State = Accepted
		}
	case saraban.Rejected:
		r.State = Rejected
	case saraban.Invalid:
		r.State = Invalid
	default:
		return nil
	}
	if err := update(tx, &r); err != nil {
		return err
	}
	if (r.State == Rejected || r.State == Invalid) && before != r.State {
		return s.leave(tx, &r, "refer-return", d.Note)
	}
	return s.note(tx, "", string(r.State), &r)
}

// onAnswer brings the agency's answer to the referral, sealed with the case's key. It
// stays in the office until an officer publishes it.
func (s *Service) onAnswer(ctx context.Context, in *saraban.In, to, text string) (func(tx *db.Tx) error, error) {
	if in.Dispatch == "" {
		return nil, nil
	}
	var r Referral
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = one(tx, `letter_id = (SELECT letter_id FROM dispatches WHERE id = $1)`, in.Dispatch)
		return err
	})
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, r.ID, r.subjectKey, to, text)
}

func (s *Service) answer(ctx context.Context, id, subjectKey, to, text string) (func(tx *db.Tx) error, error) {
	subject, err := s.Vault.Subject(ctx, subjectKey)
	if err != nil {
		return nil, err
	}
	sealed := subject.Seal(place(id, "answer"), []byte(text))
	return func(tx *db.Tx) error {
		r, err := one(tx, `id = $1`+tx.ForUpdate(), id)
		if err != nil {
			return err
		}
		if r.State == Published || r.State == Drafted || r.State == Recalled {
			return errs.New(errs.Conflict, "error.referral-state", "state", string(r.State))
		}
		r.State, r.AnsweredAt, r.answer, r.AnswerBy = Answered, tx.Now(), sealed, to
		if err := update(tx, &r); err != nil {
			return err
		}
		if err := s.note(tx, "", "answered", &r); err != nil {
			return err
		}
		return s.step(tx, &r, cases.ReferralStep{Action: "refer-reply", Meta: map[string]string{"agency": r.To, "referral": r.ID, "by": to}})
	}, nil
}

// Answer takes down an answer that came outside this installation: in a letter of the
// agency, which the registrar names, or by telephone.
func (s *Service) Answer(ctx context.Context, a policy.Actor, id, to, text, letterIn string) (Referral, error) {
	r, err := s.Get(ctx, a, id)
	if err != nil {
		return Referral{}, err
	}
	if !policy.May(a, "case.work", r.Agency) && !policy.May(a, "letter.receive", r.Agency) {
		return Referral{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	text, err = thai.CleanText(text, 5000)
	if err != nil || text == "" {
		return Referral{}, errs.InvalidField("text", "error.required")
	}
	if to == "" {
		to = "sender"
	}
	if letterIn != "" {
		if _, err := s.Saraban.GetIn(ctx, a, letterIn); err != nil {
			return Referral{}, err
		}
	}
	step, err := s.answer(ctx, r.ID, r.subjectKey, to, text)
	if err != nil {
		return Referral{}, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := step(tx); err != nil {
			return err
		}
		if letterIn != "" {
			return s.Saraban.Link(tx, a, letterIn, about+r.ID)
		}
		return nil
	})
	if err != nil {
		return Referral{}, err
	}
	return s.Get(ctx, a, id)
}

// Publish tells the citizen the agency's answer, in the words of the officer.
func (s *Service) Publish(ctx context.Context, a policy.Actor, id, text string) (Referral, error) {
	r, err := s.Get(ctx, a, id)
	if err != nil {
		return Referral{}, err
	}
	if r.State != Answered {
		return Referral{}, errs.New(errs.Conflict, "error.referral-state", "state", string(r.State))
	}
	_, err = s.Cases.PublishResult(ctx, a, r.CaseReference, text, map[string]string{"agency": r.To, "referral": r.ID}, func(tx *db.Tx) error {
		now, err := one(tx, `id = $1`+tx.ForUpdate(), id)
		if err != nil {
			return err
		}
		if now.State != Answered {
			return errs.New(errs.Conflict, "error.referral-state", "state", string(now.State))
		}
		now.State, now.PublishedAt = Published, tx.Now()
		if err := update(tx, &now); err != nil {
			return err
		}
		r = now
		return s.note(tx, a.Account, "published", &now)
	})
	return r, err
}

// maySee: those who may list the office's cases.
func maySee(a policy.Actor, r *Referral) bool { return policy.May(a, "case.list", r.Agency) }

// Get returns a referral that the actor may know of.
func (s *Service) Get(ctx context.Context, a policy.Actor, id string) (r Referral, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error { r, err = one(tx, `id = $1`, id); return err })
	if err == nil && !maySee(a, &r) {
		err = errs.New(errs.NotFound, "error.referral-not-found")
	}
	if err == nil { // a complaint about staff goes round them here too
		_, err = s.Cases.Known(ctx, a, r.CaseReference)
	}
	if err != nil {
		return Referral{}, errs.New(errs.NotFound, "error.referral-not-found")
	}
	return r, nil
}

// Words opens the reason and the answer of a referral; the reading is logged.
func (s *Service) Words(ctx context.Context, a policy.Actor, id string) (r Referral, reason, answer string, err error) {
	if r, err = s.Get(ctx, a, id); err != nil {
		return r, "", "", err
	}
	items := []vault.Sealed{{Subject: r.subjectKey, Element: processing.Content, Place: place(id, "reason"), Data: r.reason}}
	if r.answer != nil {
		items = append(items, vault.Sealed{Subject: r.subjectKey, Element: processing.Content, Place: place(id, "answer"), Data: r.answer})
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: Activity, Purpose: Purpose, Items: items, Detail: "referral"})
	if err != nil {
		return r, "", "", err
	}
	if len(plain) > 1 {
		answer = string(plain[1])
	}
	return r, string(plain[0]), answer, nil
}

// List lists referrals that the actor may know of, newest first.
func (s *Service) List(ctx context.Context, a policy.Actor, f Filter) (out []Referral, err error) {
	all, own := policy.Reach(a, "case.list")
	if !all {
		if own == "" || f.Agency != "" && f.Agency != own {
			return nil, errs.New(errs.Forbidden, "error.forbidden")
		}
		f.Agency = own
	}
	where, args := f.where(true)
	err = s.DB.Read(ctx, func(tx *db.Tx) error { out, err = many(tx, where, args...); return err })
	return out, err
}

// Disclosures lists the log of s.39(6): of his own agency for who works there, all of it
// for the DPO and auditors.
func (s *Service) Disclosures(ctx context.Context, a policy.Actor, f Filter) (out []Disclosure, err error) {
	all, own := policy.Reach(a, "log.read")
	if !all {
		if _, own = policy.Reach(a, "case.list"); own == "" || f.Agency != "" && f.Agency != own {
			return nil, errs.New(errs.Forbidden, "error.forbidden")
		}
		f.Agency = own
	}
	where, args := f.where(false)
	err = s.DB.Read(ctx, func(tx *db.Tx) error { out, err = disclosures(tx, where, args...); return err })
	return out, err
}

// OfSubject is what of a person's data was disclosed, for himself (PDPA s.30).
func (s *Service) OfSubject(tx *db.Tx, subject string) ([]Disclosure, error) {
	return disclosures(tx, `subject_key = $1 ORDER BY id`, subject)
}
