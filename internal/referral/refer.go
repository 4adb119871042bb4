package referral

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

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
