package rights

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// letterOf begins what a letter says it is about: the answer to a request.
const letterOf = "rights:"

// names of rights and outcomes as a letter says them.
var rightNames = map[string]string{Access: "ขอเข้าถึงและขอรับสำเนาข้อมูลส่วนบุคคล", Source: "ขอให้เปิดเผยถึงการได้มาซึ่งข้อมูลส่วนบุคคล", Portability: "ขอรับหรือขอให้โอนย้ายข้อมูลส่วนบุคคล", Objection: "คัดค้านการเก็บรวบรวม ใช้ หรือเปิดเผยข้อมูลส่วนบุคคล", Erasure: "ขอให้ลบหรือทำลายข้อมูลส่วนบุคคล",
	Restriction: "ขอให้ระงับการใช้ข้อมูลส่วนบุคคล", Rectification: "ขอให้แก้ไขข้อมูลส่วนบุคคลให้ถูกต้อง", Withdraw: "ถอนความยินยอม", Complaint: "ร้องเรียนเกี่ยวกับข้อมูลส่วนบุคคล"}

var outcomeNames = map[string]string{Granted: "ดำเนินการตามคำร้องของท่าน", Partly: "ดำเนินการตามคำร้องของท่านได้บางส่วน", Refused: "ไม่อาจดำเนินการตามคำร้องของท่านได้"}

// Draft draws up the answer to a request as an official letter, from what was decided
// and done. It goes the way of every letter: checked, signed, numbered, dispatched.
func (s *Service) Draft(ctx context.Context, a policy.Actor, reference string) (letters.Letter, error) {
	r, err := s.Get(ctx, a, reference)
	if err != nil {
		return letters.Letter{}, err
	}
	if _, err := transition(&r, "draft"); err != nil {
		return letters.Letter{}, err
	}
	if !policy.May(a, "rights.work", r.Agency) {
		return letters.Letter{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	if r.mustExecute() && r.ExecutedAt.IsZero() {
		return letters.Letter{}, errs.New(errs.Conflict, "error.rights-execute")
	}
	name, err := s.salute(ctx, a, &r)
	if err != nil {
		return letters.Letter{}, err
	}
	paragraphs, err := s.words(ctx, &r)
	if err != nil {
		return letters.Letter{}, err
	}
	put, err := s.Letters.Prepare(ctx, a, letters.Writing{Agency: r.Agency, Kind: letters.External, ToName: "ผู้ยื่นคำร้องเลขที่ " + r.Reference, Subject: "แจ้งผลการพิจารณาคำร้องขอใช้สิทธิของเจ้าของข้อมูลส่วนบุคคล เลขที่ " + r.Reference, About: letterOf + r.Reference,
		Content: letters.Content{Addressee: name, Paragraphs: paragraphs}})
	if err != nil {
		return letters.Letter{}, err
	}
	var l letters.Letter
	_, err = s.change(ctx, a, reference, "draft", nil, func(tx *db.Tx, r *Request) error {
		if err := s.replaceable(tx, r.LetterID); err != nil {
			return err
		}
		if l, err = put(tx); err != nil {
			return err
		}
		r.LetterID = l.ID
		return nil
	})
	return l, err
}

// salute is how the letter addresses the person. Where his data is set apart or gone, not
// even the letter uses it.
func (s *Service) salute(ctx context.Context, a policy.Actor, r *Request) (string, error) {
	const nobody = "ผู้ยื่นคำร้อง"
	if len(r.Cases) == 0 {
		return nobody, nil
	}
	name, err := s.Data.Salute(ctx, a, r.Cases[0].id)
	if errs.KindOf(err) == errs.NotFound || errs.KindOf(err) == errs.Forbidden && errs.As(err).Key == "error.restricted" {
		return nobody, nil
	}
	return name, err
}

// replaceable: another letter is drawn up only when the one before was cancelled.
func (s *Service) replaceable(tx *db.Tx, id string) error {
	if id == "" {
		return nil
	}
	l, err := s.Letters.ByID(tx, id)
	if err == nil && l.State != letters.Cancelled {
		err = errs.New(errs.Conflict, "error.rights-letter-there")
	}
	return err
}

// words are the paragraphs of an answer: what was asked, what was decided and on which
// ground, what was done, and where one may turn.
func (s *Service) words(ctx context.Context, r *Request) ([]string, error) {
	law, _ := LawOf(r.Right)
	asked := fmt.Sprintf("ตามที่ท่านได้ยื่นคำร้อง%s เลขที่ %s เมื่อวันที่ %s", rightNames[r.Right], r.Reference, thai.DateLong(r.ReceivedAt, "th"))
	if len(r.Cases) > 0 {
		asked += " เกี่ยวกับเรื่องเลขที่ " + list(r.Mine(), 5)
	}
	decided := fmt.Sprintf("ได้พิจารณาคำร้องตามมาตรา %s แห่งพระราชบัญญัติคุ้มครองข้อมูลส่วนบุคคล พ.ศ. 2562 แล้ว %s", law.Section, outcomeNames[r.Outcome])
	if r.Ground != "" {
		decided += fmt.Sprintf(" โดยส่วนที่ไม่อาจดำเนินการเป็นไปตามมาตรา %s แห่งพระราชบัญญัติดังกล่าว", r.Ground)
	}
	decided += " ด้วยเหตุผลดังนี้ " + strings.ReplaceAll(r.Reasons, "\n", " ")
	out := []string{asked + " นั้น", decided}
	done, err := s.done(ctx, r)
	if err != nil {
		return nil, err
	}
	if done != "" {
		out = append(out, done)
	}
	return append(out, "หากท่านไม่เห็นด้วยกับผลการพิจารณา ท่านมีสิทธิร้องเรียนต่อคณะกรรมการผู้เชี่ยวชาญ สำนักงานคณะกรรมการคุ้มครองข้อมูลส่วนบุคคล ตามมาตรา 73 แห่งพระราชบัญญัติคุ้มครองข้อมูลส่วนบุคคล พ.ศ. 2562", "จึงเรียนมาเพื่อโปรดทราบ"), nil
}

// done says what was carried out.
func (s *Service) done(ctx context.Context, r *Request) (string, error) {
	var evs []Event
	var told []string
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if evs, err = events(tx, r.ID, false); err != nil {
			return err
		}
		told, err = s.recipients(tx, r)
		return err
	})
	if err != nil {
		return "", err
	}
	body := map[string]string{}
	for _, e := range evs {
		if e.Kind == "execute" {
			body = e.Body
		}
	}
	text := ""
	switch {
	case HasCopy(*r):
		text = "ท่านรับสำเนาข้อมูลทั้งในรูปแบบที่อ่านได้และรูปแบบที่เครื่องอ่านได้ จากหน้าติดตามคำร้องบนเว็บไซต์ โดยใช้เลขที่คำร้องและรหัสคำร้อง"
	case r.Right == Erasure && body["erased"] != "" && body["erased"] != "0":
		text = fmt.Sprintf("ได้ลบข้อมูลที่เกินจากที่ระบุไว้ในบันทึกรายการประมวลผลข้อมูลส่วนบุคคลแล้ว จำนวน %s รายการ รวมทั้งในระบบค้นหา และทำให้ข้อมูลดังกล่าวในสำเนาสำรองอ่านไม่ได้เมื่อพ้นกำหนดเก็บสำเนา", body["erased"])
	case r.Right == Rectification && r.Outcome != Refused:
		text = "ได้แก้ไขข้อมูลให้ถูกต้องแล้ว และได้บันทึกคำร้องพร้อมเหตุผลไว้"
	case r.Right == Restriction && r.Outcome != Refused, r.Right == Objection && r.Outcome != Refused:
		text = "ได้ระงับการใช้ข้อมูลของท่านแล้ว ข้อมูลดังกล่าวจะไม่ถูกนำไปใช้จนกว่าจะเลิกระงับ"
	}
	if len(told) > 0 && text != "" && !HasCopy(*r) {
		text += " และได้แจ้งหน่วยงานที่ได้รับข้อมูลของท่านแล้ว ได้แก่ " + list(told, 10)
	}
	if body["abroad"] == "1" {
		text = strings.TrimSpace(text + " ทั้งนี้ หน่วยงานได้ขอให้ผู้ให้บริการในต่างประเทศ (Google Analytics) ลบข้อมูลการใช้งานเว็บไซต์ที่ส่งต่อไว้ตามความยินยอมของท่านแล้ว")
	}
	return text, nil
}

func list(all []string, most int) string {
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s และอีก %d รายการ", strings.Join(all[:most], ", "), len(all)-most)
}

// recipients are the names of the agencies to which the data was disclosed.
func (s *Service) recipients(tx *db.Tx, r *Request) ([]string, error) {
	codes, err := s.recipientCodes(tx, r)
	for i, code := range codes {
		if g, ok := s.Agencies.Get(code); ok {
			codes[i] = g.Name.TH
		}
	}
	return codes, err
}

func (s *Service) recipientCodes(tx *db.Tx, r *Request) ([]string, error) {
	var out []string
	for _, c := range r.Cases {
		codes, err := s.Recipients(tx, c.id)
		if err != nil {
			return nil, err
		}
		for _, code := range codes {
			if !slices.Contains(out, code) {
				out = append(out, code)
			}
		}
	}
	return out, nil
}

// recipientOf begins what a letter to a recipient says it is about.
const recipientOf = "rights-recipient:"

// inform draws up a letter to each agency to which the data was disclosed: what it got has
// been erased, put right or set apart, and it is to do the same. What it returns stores
// them, in the transaction in which the request is carried out.
func (s *Service) inform(ctx context.Context, a policy.Actor, r *Request) (puts []func(tx *db.Tx) (letters.Letter, error), err error) {
	var codes []string
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		codes, err = s.recipientCodes(tx, r)
		return err
	})
	if err != nil || !policy.May(a, "letter.draft", r.Agency) {
		return nil, err
	}
	act := map[string]string{Erasure: "ลบข้อมูลส่วนที่เกินความจำเป็น", Rectification: "แก้ไขข้อมูลให้ถูกต้อง", Restriction: "ระงับการใช้ข้อมูล"}[r.Right]
	for _, code := range codes {
		g, known := s.Agencies.Get(code)
		if !known || code == r.Agency {
			continue
		}
		put, err := s.Letters.Prepare(ctx, a, letters.Writing{Agency: r.Agency, To: code, Subject: "ขอให้" + act + "ตามคำร้องของเจ้าของข้อมูลส่วนบุคคล เลขที่ " + r.Reference, About: recipientOf + r.Reference,
			Content: letters.Content{Paragraphs: []string{
				fmt.Sprintf("ตามที่ได้ส่งเรื่องเลขที่ %s มายัง%s นั้น", list(r.Mine(), 5), g.Name.TH),
				fmt.Sprintf("เจ้าของข้อมูลส่วนบุคคลได้ยื่นคำร้องตามพระราชบัญญัติคุ้มครองข้อมูลส่วนบุคคล พ.ศ. 2562 และหน่วยงานได้%sแล้ว จึงขอให้%sในข้อมูลที่ท่านได้รับไว้ และแจ้งผลให้ทราบ", act, act), "จึงเรียนมาเพื่อโปรดดำเนินการ"}}})
		if err != nil {
			return nil, err
		}
		puts = append(puts, put)
	}
	return puts, nil
}

// Answer tells the person: the letter that has its number becomes his to read on the page
// of the request, with a word in plain language beside it.
func (s *Service) Answer(ctx context.Context, a policy.Actor, reference, text string) (Request, error) {
	text, err := thai.CleanText(text, 5000)
	if err != nil {
		return Request{}, errs.InvalidField("text", "error.message-long", "max", 5000)
	}
	body := map[string]string{"text": text}
	r, err := s.change(ctx, a, reference, "answer", body, func(tx *db.Tx, r *Request) error {
		if r.LetterID == "" {
			return errs.New(errs.Conflict, "error.rights-letter")
		}
		l, err := s.Letters.ByID(tx, r.LetterID)
		if err != nil {
			return err
		}
		if l.State != letters.Sealed && l.State != letters.Dispatched {
			return errs.New(errs.Conflict, "error.rights-letter")
		}
		body["letter"] = l.NumberText
		r.AnsweredAt = tx.Now()
		return nil
	})
	if err == nil {
		err = s.tell(ctx, a, &r)
	}
	return r, err
}

// onLetter follows the letter of a request: when it leaves, the person is answered.
func (s *Service) onLetter(tx *db.Tx, a policy.Actor, action string, l *letters.Letter, _ map[string]string) error {
	reference, ok := strings.CutPrefix(l.About, letterOf)
	if !ok || action != "dispatch" {
		return nil
	}
	r, err := one(tx, `reference = $1`+tx.ForUpdate(), reference)
	if err != nil || r.LetterID != l.ID || r.State != Decided && r.State != Executed {
		return err
	}
	r.State, r.AnsweredAt = Answered, tx.Now()
	if err := update(tx, &r); err != nil {
		return err
	}
	return s.note(tx, &r, a.Account, "answer", true, map[string]string{"letter": l.NumberText})
}

// tell mails that there is an answer to who has given an address; the mail says nothing
// of what it is.
func (s *Service) tell(ctx context.Context, a policy.Actor, r *Request) error {
	if len(r.Cases) == 0 {
		return nil
	}
	_, err := s.Data.Tell(ctx, a, []string{r.Cases[0].subject}, "หน่วยงานได้แจ้งผลการพิจารณาคำร้องเลขที่ "+r.Reference+" แล้ว ท่านอ่านหนังสือตอบได้ที่หน้าติดตามคำร้องบนเว็บไซต์ โดยใช้เลขที่คำร้องและรหัสคำร้องในใบรับคำร้อง")
	return err
}
