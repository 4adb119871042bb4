package referral

import (
	"context"
	"slices"
	"strconv"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// maxReminders is how often an agency is reminded (เตือนครั้งที่ ๑, ๒); after that a
// person takes it up by other ways.
const maxReminders = 2

const reminderOf = "reminder:"

// Remind drafts a reminder to an agency whose time is over. It names the letter and the
// case and nothing of the person.
func (s *Service) Remind(ctx context.Context, a policy.Actor, id string) (letters.Letter, error) {
	r, err := s.Get(ctx, a, id)
	if err != nil {
		return letters.Letter{}, err
	}
	if !r.Overdue(s.Now()) {
		return letters.Letter{}, errs.New(errs.Conflict, "error.referral-not-due", "at", thai.DateLong(r.DueAt, "th"))
	}
	var first letters.Letter
	var before []letters.Letter
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		if first, err = s.Letters.ByID(tx, r.Letter); err != nil {
			return err
		}
		before, err = s.Letters.About(tx, reminderOf+r.ID)
		return err
	})
	if err != nil {
		return letters.Letter{}, err
	}
	before = slices.DeleteFunc(before, func(l letters.Letter) bool { return l.State == letters.Cancelled })
	if i := slices.IndexFunc(before, func(l letters.Letter) bool { return l.DispatchedAt.IsZero() }); i >= 0 {
		return before[i], nil // it is being written
	}
	n := len(before) + 1
	if n > maxReminders {
		return letters.Letter{}, errs.New(errs.Conflict, "error.referral-reminded", "n", maxReminders)
	}
	from, _ := s.Agencies.Get(r.Agency)
	urgency := letters.Urgent
	if n > 1 {
		urgency = letters.VeryUrgent
	}
	return s.Letters.Draft(ctx, a, letters.Writing{Agency: r.Agency, To: r.To, Urgency: urgency, About: reminderOf + r.ID, Subject: "ขอติดตามผลการดำเนินการ เลขที่เรื่อง " + r.CaseReference + " (เตือนครั้งที่ " + strconv.Itoa(n) + ")",
		Content: letters.Content{
			References: []letters.Reference{{Number: "หนังสือ" + from.Name.TH + " ที่ " + first.NumberText, Date: first.NumberedAt.In(thai.Bangkok).Format(time.DateOnly)}},
			Paragraphs: []string{
				"ตามหนังสือที่อ้างถึง " + from.Name.TH + "ได้ส่งเรื่องของประชาชน เลขที่เรื่อง " + r.CaseReference + " มาเพื่อพิจารณาดำเนินการ และขอให้แจ้งผลภายในวันที่ " + thai.DateLong(r.DueAt, "th") + " นั้น",
				"บัดนี้ พ้นกำหนดเวลาดังกล่าวแล้ว ยังไม่ได้รับแจ้งผลการดำเนินการ จึงขอได้โปรดเร่งรัดและแจ้งผลหรือความคืบหน้าให้ทราบโดยเร็ว เพื่อจะได้แจ้งให้ผู้ติดต่อทราบต่อไป",
				"จึงเรียนมาเพื่อโปรดพิจารณา",
			}}})
}
