package breach

import (
	"context"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// letterOf begins what a letter says it is about: the notice of a breach.
const letterOf = "breach:"

// Draft draws up the notice to the Office of the PDPC (สคส.) as an official letter: the
// first one, and after that a supplement with what was not known. Once the time is over it
// says why it comes late. A drill's is signed and goes no further.
func (s *Service) Draft(ctx context.Context, a policy.Actor, id, lateReason, text string) (letters.Letter, error) {
	b, err := s.Get(ctx, a, id)
	if err != nil {
		return letters.Letter{}, err
	}
	if _, err := transition(&b, "draft"); err != nil {
		return letters.Letter{}, err
	}
	if !policy.May(a, "breach.decide", b.Agency) {
		return letters.Letter{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	first := b.NotifiedAt.IsZero()
	if lateReason, err = thai.CleanText(lateReason, 5000); err != nil {
		return letters.Letter{}, errs.InvalidField("late_reason", "error.message-long", "max", 5000)
	}
	if lateReason == "" {
		lateReason = b.LateReason
	}
	if first && s.Now().After(b.Deadline(s.Terms)) && lateReason == "" {
		return letters.Letter{}, errs.InvalidField("late_reason", "error.breach-late", "hours", int(s.Terms.Notify.Hours()))
	}
	if !first {
		if text, err = required("text", text); err != nil {
			return letters.Letter{}, err
		}
	}
	b.LateReason = lateReason
	put, err := s.Letters.Prepare(ctx, a, s.writing(b, first, text))
	if err != nil {
		return letters.Letter{}, err
	}
	var l letters.Letter
	_, err = s.change(ctx, a, id, "draft", map[string]string{"text": text}, func(tx *db.Tx, b *Breach) error {
		place := &b.LetterID
		if !first {
			place = &b.SupplementID
		}
		if err := s.replaceable(tx, *place, first); err != nil {
			return err
		}
		if l, err = put(tx); err != nil {
			return err
		}
		*place, b.LateReason = l.ID, lateReason
		return nil
	})
	return l, err
}

// replaceable: one letter at a time is on its way; of supplements there may be several.
func (s *Service) replaceable(tx *db.Tx, id string, first bool) error {
	if id == "" {
		return nil
	}
	l, err := s.Letters.ByID(tx, id)
	if err == nil && l.State != letters.Cancelled && (first || l.State != letters.Dispatched) {
		err = errs.New(errs.Conflict, "error.breach-letter-there")
	}
	return err
}

// writing is the letter: the contents of the notification of B.E. 2565, section by section.
func (s *Service) writing(b Breach, first bool, text string) letters.Writing {
	subject := "แจ้งเหตุการละเมิดข้อมูลส่วนบุคคล"
	if !first {
		subject = "แจ้งข้อมูลเพิ่มเติมเกี่ยวกับเหตุการละเมิดข้อมูลส่วนบุคคล"
	}
	open := "ด้วยหน่วยงานได้ทราบเหตุการละเมิดข้อมูลส่วนบุคคล จึงขอแจ้งเหตุตามมาตรา 37 (4) แห่งพระราชบัญญัติคุ้มครองข้อมูลส่วนบุคคล พ.ศ. 2562 และประกาศคณะกรรมการคุ้มครองข้อมูลส่วนบุคคล เรื่อง หลักเกณฑ์และวิธีการในการแจ้งเหตุการละเมิดข้อมูลส่วนบุคคล พ.ศ. 2565 ดังนี้"
	if b.Drill {
		subject = "(การซ้อม) " + subject
	}
	paragraphs := []string{open}
	if !first {
		paragraphs = []string{"ตามที่หน่วยงานได้แจ้งเหตุการละเมิดข้อมูลส่วนบุคคลไว้แล้ว นั้น ขอแจ้งข้อมูลเพิ่มเติม ดังนี้", strings.ReplaceAll(text, "\n", " ")}
	}
	for _, part := range Notice(b, s.Terms, s.Contact(b.Agency), s.Labels(b.Activity)) {
		var lines []string
		for _, line := range part.Lines {
			lines = append(lines, strings.ReplaceAll(line, "\n", " "))
		}
		paragraphs = append(paragraphs, part.Heading+" "+strings.Join(lines, " "))
	}
	paragraphs = append(paragraphs, "จึงเรียนมาเพื่อโปรดทราบ")
	return letters.Writing{Agency: b.Agency, Kind: letters.External, Urgency: letters.MostUrgent, ToName: "สำนักงานคณะกรรมการคุ้มครองข้อมูลส่วนบุคคล", Subject: subject, About: letterOf + b.ID,
		Content: letters.Content{Addressee: "เลขาธิการคณะกรรมการคุ้มครองข้อมูลส่วนบุคคล", Paragraphs: paragraphs}}
}

// onLetter follows the letters of a breach. A drill's gets no number and does not leave;
// when the notice of a real one leaves, the Office has been told.
func (s *Service) onLetter(tx *db.Tx, a policy.Actor, action string, l *letters.Letter, _ map[string]string) error {
	id, ok := strings.CutPrefix(l.About, letterOf)
	if !ok || action != "number" && action != "dispatch" {
		return nil
	}
	b, err := lock(tx, id)
	if err != nil {
		return err
	}
	if b.Drill {
		return errs.New(errs.Conflict, "error.breach-drill-letter")
	}
	if action != "dispatch" {
		return nil
	}
	body := map[string]string{"letter": l.NumberText, "late_reason": b.LateReason}
	switch {
	case l.ID == b.LetterID && b.NotifiedAt.IsZero():
		t, err := transition(&b, "notify")
		if err != nil {
			return err
		}
		if tx.Now().After(b.Deadline(s.Terms)) && b.LateReason == "" {
			return errs.New(errs.Conflict, "error.breach-late", "hours", int(s.Terms.Notify.Hours()))
		}
		b.State, b.NotifiedAt = t.To, tx.Now()
		if err := update(tx, &b); err != nil {
			return err
		}
		return s.note(tx, &b, a, "notify", body)
	case l.ID == b.SupplementID:
		return s.note(tx, &b, a, "supplement", body)
	}
	return nil
}

// Notify notes that the Office of the PDPC (สคส.) has been told, by the letter that has
// its number; sending that letter notes it, too. In a drill the signed letter is enough,
// and nobody is told.
func (s *Service) Notify(ctx context.Context, a policy.Actor, id, lateReason string) (Breach, error) {
	lateReason, err := thai.CleanText(lateReason, 5000)
	if err != nil {
		return Breach{}, errs.InvalidField("late_reason", "error.message-long", "max", 5000)
	}
	body := map[string]string{}
	return s.change(ctx, a, id, "notify", body, func(tx *db.Tx, b *Breach) error {
		if lateReason != "" {
			b.LateReason = lateReason
		}
		if tx.Now().After(b.Deadline(s.Terms)) && b.LateReason == "" {
			return errs.InvalidField("late_reason", "error.breach-late", "hours", int(s.Terms.Notify.Hours()))
		}
		number, err := s.number(tx, b, b.LetterID)
		body["letter"], body["late_reason"] = number, b.LateReason
		b.NotifiedAt = tx.Now()
		return err
	})
}

// number is that of a letter that was signed and numbered; a drill's is signed only.
func (s *Service) number(tx *db.Tx, b *Breach, id string) (string, error) {
	if id == "" {
		return "", errs.New(errs.Conflict, "error.breach-letter")
	}
	l, err := s.Letters.ByID(tx, id)
	if err != nil {
		return "", err
	}
	if b.Drill && l.State == letters.Approved {
		return drillText(true), nil
	}
	if l.NumberText == "" || l.State == letters.Cancelled {
		return "", errs.New(errs.Conflict, "error.breach-letter")
	}
	return l.NumberText, nil
}

// Supplement notes that the further notice has gone, by the letter that has its number.
func (s *Service) Supplement(ctx context.Context, a policy.Actor, id string) (Breach, error) {
	body := map[string]string{}
	return s.change(ctx, a, id, "supplement", body, func(tx *db.Tx, b *Breach) (err error) {
		body["letter"], err = s.number(tx, b, b.SupplementID)
		return err
	})
}
