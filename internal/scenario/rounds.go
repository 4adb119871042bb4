package scenario

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/retention"
	"prasan/internal/saraban"
	"prasan/internal/thai"
)

// Taken is how many of the cases were taken over from the system before this one: closed
// ten years before the end of last year, and so of last year's destruction round.
const Taken = 12

// takenTexts are what people wrote then.
var takenTexts = []string{
	"สอบถามขั้นตอนการขอขยายโรงงานแปรรูปผลไม้ ต้องยื่นเอกสารใดบ้าง", "โรงงานข้างบ้านส่งเสียงดังในเวลากลางคืน ขอให้ตรวจสอบ", "ขอทราบกำหนดการอบรมผู้ควบคุมหม้อน้ำ", "รถบรรทุกของโรงงานทำถนนหน้าหมู่บ้านชำรุด",
	"ขอแบบฟอร์มแจ้งเลิกประกอบกิจการโรงงาน", "ขอบคุณเจ้าหน้าที่ที่ให้คำแนะนำเรื่องสินเชื่อ",
}

// old is the i-th message that was taken over. Two thirds are Rayong's.
func (e *Env) old(i int, now time.Time) (cases.Old, string) {
	r := rand.New(rand.NewPCG(2559, uint64(i)))
	agency := "rayong"
	if i%3 == 2 {
		agency = "chonburi"
	}
	year := now.In(thai.Bangkok).Year() - 1 - 10 // of the record's ten years
	closed := time.Date(year, time.Month(2+r.IntN(10)), 3+r.IntN(24), 10, r.IntN(60), 0, 0, thai.Bangkok)
	sender := person4(r, "th", 900+i)
	if sender["email"] == "" && sender["mobile_phone"] == "" {
		sender["email"] = fmt.Sprintf("person%03d@example.com", 900+i)
	}
	return cases.Old{Site: first(e.Sites, agency).Host, Topic: []string{"question", "problem", "suggestion"}[i%3], Channel: "web", Lang: "th", Number: fmt.Sprintf("WEB-%d-%04d", year+543, 100+7*i), Message: takenTexts[i%len(takenTexts)], Sender: sender, Result: "done",
		ReceivedAt: closed.AddDate(0, 0, -3-r.IntN(12)), ClosedAt: closed}, agency
}

// takeOver imports what the system before this one had kept.
func (e *Env) takeOver(ctx context.Context, now time.Time) error {
	own := *e.Cases
	own.References = rand.NewChaCha8([32]byte{25, 59})
	for i := range Taken {
		o, agency := e.old(i, now)
		a, err := e.actor(ctx, "officer-"+agency)
		if err != nil {
			return err
		}
		if _, err := own.Import(ctx, a, o); err != nil {
			return fmt.Errorf("case %s: %w", o.Number, err)
		}
	}
	return nil
}

// RoundsEnv is what last year's destruction rounds are made with.
type RoundsEnv struct {
	DB        *db.DB
	Now       time.Time // when the scenario ends
	Clock     Clock
	Retention *retention.Service
	Letters   *letters.Service
	Saraban   *saraban.Service
}

// Rounds makes the monthly checks of the year, and opens last year's rounds: Rayong's is
// brought by its committee to the National Archives, who have not answered within their
// sixty days, so that its head may order; Chonburi's is listed for its head's order.
func Rounds(ctx context.Context, e RoundsEnv) error {
	defer e.Clock.Set(e.Now)
	if err := e.checks(ctx); err != nil {
		return err
	}
	begin := time.Date(e.Now.In(thai.Bangkok).Year(), time.January, 2, 1, 30, 0, 0, thai.Bangkok)
	var rayong, chonburi string
	var head, officer, registrar, other policy.Actor
	steps := []struct {
		day int
		do  func() error
	}{
		{0, func() error {
			if _, err := e.Retention.OpenRounds(ctx, cases.Activity); err != nil {
				return err
			}
			return e.people(ctx, map[string]*policy.Actor{"head-rayong": &head, "officer-rayong": &officer, "registrar-rayong": &registrar, "officer-chonburi": &other}, &rayong, &chonburi)
		}},
		{38, func() error {
			_, err := e.Retention.Survey(ctx, officer, rayong, retention.ByCommittee)
			return err
		}},
		{40, func() error {
			_, err := e.Retention.Survey(ctx, other, chonburi, retention.ByOrder)
			return err
		}},
		{45, func() error {
			_, err := e.Retention.NameCommittee(ctx, head, rayong, []retention.Member{{Name: "นางตัวอย่าง ประธานกรรมการ", Position: "นักวิชาการอุตสาหกรรมชำนาญการ", Chair: true}, {Name: "นายจำลอง กรรมการหนึ่ง", Position: "นักจัดการงานทั่วไปปฏิบัติการ"}, {Name: "นางสาวสาธิต กรรมการสอง", Position: "เจ้าพนักงานธุรการชำนาญงาน"}})
			return err
		}},
		{60, func() error {
			if _, err := e.Retention.Decide(ctx, officer, rayong, retention.Decision{Items: []int{2}, Decision: "extend", Dissent: "กรรมการสองเห็นควรทำลาย"}); err != nil {
				return err
			}
			_, err := e.Retention.Decide(ctx, officer, rayong, retention.Decision{Decision: "destroy"})
			return err
		}},
		{61, func() error { _, err := e.Retention.Review(ctx, officer, rayong); return err }},
		{63, func() error { return e.consult(ctx, rayong, officer, head, registrar) }},
	}
	for _, s := range steps {
		at := begin.AddDate(0, 0, s.day).Add(8 * time.Hour)
		if at.After(e.Now) {
			return nil
		}
		e.Clock.Hold(at)
		if err := s.do(); err != nil {
			return fmt.Errorf("the round, on day %d: %w", s.day, err)
		}
	}
	return nil
}

// checks are the monthly checks of what is past its time, signed by an inspector of the record.
func (e *RoundsEnv) checks(ctx context.Context) error {
	local := Opening(e.Now).In(thai.Bangkok)
	for at := time.Date(local.Year(), local.Month()+3, 1, 1, 30, 0, 0, thai.Bangkok); at.Before(e.Now); at = at.AddDate(0, 1, 0) {
		e.Clock.Hold(at)
		for _, activity := range []string{cases.Activity, "usage-analytics"} {
			if _, err := e.Retention.Monitor(ctx, activity); err != nil {
				return err
			}
		}
		made, err := e.Retention.Monitorings(ctx, cases.Activity, 1)
		if err != nil || len(made) == 0 || at.AddDate(0, 1, 0).After(e.Now) { // the last one waits
			return err
		}
		var dpo policy.Actor
		if err := e.DB.Read(ctx, func(tx *db.Tx) (err error) { dpo, err = org.Actor(tx, "dpo"); return err }); err != nil {
			return err
		}
		e.Clock.Hold(at.AddDate(0, 0, 1).Add(8 * time.Hour))
		if err := e.Retention.Sign(ctx, dpo, made[0].ID); err != nil {
			return err
		}
	}
	return nil
}

// people finds who works on the rounds, and the rounds.
func (e *RoundsEnv) people(ctx context.Context, who map[string]*policy.Actor, rayong, chonburi *string) error {
	err := e.DB.Read(ctx, func(tx *db.Tx) (err error) {
		for account, a := range who {
			if *a, err = org.Actor(tx, account); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for agency, id := range map[string]*string{"rayong": rayong, "chonburi": chonburi} {
		all, err := e.Retention.Rounds(ctx, *who["officer-"+agency])
		if err != nil || len(all) == 0 {
			return fmt.Errorf("%s has no round: %w", agency, err)
		}
		*id = all[0].ID
	}
	return nil
}

// consult sends the list to the National Archives, on paper.
func (e *RoundsEnv) consult(ctx context.Context, id string, officer, head, registrar policy.Actor) error {
	r, err := e.Retention.Draft(ctx, officer, id)
	if err != nil {
		return err
	}
	if _, err := e.Letters.Check(ctx, head, r.ArchivesLetterID); err != nil {
		return err
	}
	if _, err := e.Letters.Approve(ctx, head, r.ArchivesLetterID, ""); err != nil {
		return err
	}
	if _, err := e.Letters.Number(ctx, registrar, r.ArchivesLetterID, 0); err != nil {
		return err
	}
	_, _, err = e.Saraban.Dispatch(ctx, registrar, r.ArchivesLetterID, saraban.Sending{Channel: saraban.Paper, Note: "ไปรษณีย์ลงทะเบียน"})
	return err
}
