package referral

import (
	"context"
	"log/slog"
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
	before, err := s.reminders(ctx, &r)
	if err != nil {
		return letters.Letter{}, err
	}
	if i := slices.IndexFunc(before, written); i >= 0 {
		return before[i], nil
	}
	if n := len(before); n >= maxReminders {
		return letters.Letter{}, errs.New(errs.Conflict, "error.referral-reminded", "n", maxReminders)
	}
	w, err := s.reminder(ctx, &r, len(before)+1)
	if err != nil {
		return letters.Letter{}, err
	}
	return s.Letters.Draft(ctx, a, w)
}

// reminders are those that were not cancelled, oldest first.
func (s *Service) reminders(ctx context.Context, r *Referral) (out []letters.Letter, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error { out, err = s.Letters.About(tx, reminderOf+r.ID); return err })
	return slices.DeleteFunc(out, func(l letters.Letter) bool { return l.State == letters.Cancelled }), err
}

// written tells of a letter that is being written: it has not left.
func written(l letters.Letter) bool { return l.DispatchedAt.IsZero() }

func referTo(from string, l *letters.Letter) letters.Reference {
	return letters.Reference{Number: "หนังสือ" + from + " ที่ " + l.NumberText, Date: l.NumberedAt.In(thai.Bangkok).Format(time.DateOnly)}
}

func (s *Service) reminder(ctx context.Context, r *Referral, n int) (letters.Writing, error) {
	var first letters.Letter
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { first, err = s.Letters.ByID(tx, r.Letter); return err })
	if err != nil {
		return letters.Writing{}, err
	}
	from, _ := s.Agencies.Get(r.Agency)
	urgency := letters.Urgent
	if n > 1 {
		urgency = letters.VeryUrgent
	}
	return letters.Writing{Agency: r.Agency, To: r.To, Urgency: urgency, About: reminderOf + r.ID, Subject: "ขอติดตามผลการดำเนินการ เลขที่เรื่อง " + r.CaseReference + " (เตือนครั้งที่ " + strconv.Itoa(n) + ")",
		Content: letters.Content{
			References: []letters.Reference{referTo(from.Name.TH, &first)},
			Paragraphs: []string{
				"ตามหนังสือที่อ้างถึง " + from.Name.TH + "ได้ส่งเรื่องของประชาชน เลขที่เรื่อง " + r.CaseReference + " มาเพื่อพิจารณาดำเนินการ และขอให้แจ้งผลภายในวันที่ " + thai.DateLong(r.DueAt, "th") + " นั้น",
				"บัดนี้ พ้นกำหนดเวลาดังกล่าวแล้ว ยังไม่ได้รับแจ้งผลการดำเนินการ จึงขอได้โปรดเร่งรัดและแจ้งผลหรือความคืบหน้าให้ทราบโดยเร็ว เพื่อจะได้แจ้งให้ผู้ติดต่อทราบต่อไป",
				"จึงเรียนมาเพื่อโปรดพิจารณา",
			}}}, nil
}

// RemindDue draws up the reminders that are due: the first when the agency's time is over,
// the second when it has let as much time pass again since the first one left. They wait
// for a person to sign them.
func (s *Service) RemindDue(ctx context.Context) error {
	var late []Referral
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		late, err = many(tx, `state IN ('sent','delivered','accepted') AND due_at < $1 ORDER BY due_at LIMIT 500`, db.Micros(tx.Now()))
		return err
	})
	for i := range late {
		if failed := s.remindWhenDue(ctx, &late[i]); failed != nil {
			slog.Error("reminder", "referral", late[i].ID, "err", failed)
		}
	}
	return err
}

func (s *Service) remindWhenDue(ctx context.Context, r *Referral) error {
	before, err := s.reminders(ctx, r)
	if err != nil {
		return err
	}
	n := len(before)
	if n >= maxReminders || slices.ContainsFunc(before, written) || n > 0 && s.Now().Before(thai.OnWorkingDay(before[n-1].DispatchedAt.Add(s.ReplyWithin))) {
		return nil
	}
	w, err := s.reminder(ctx, r, n+1)
	if err != nil {
		return err
	}
	return s.drawOnce(ctx, w, `SELECT version FROM referrals WHERE id = $1`, r.ID, n)
}

// drawOnce drafts a letter in the program's name unless another node was faster: as many
// as there were have been written about the matter, whose row is locked.
func (s *Service) drawOnce(ctx context.Context, w letters.Writing, lock, id string, before int) error {
	draft, err := s.Letters.PrepareDrawn(ctx, w)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		var version int64
		if err := tx.QueryRow(lock+tx.ForUpdate(), []any{id}, &version); err != nil {
			return err
		}
		have, err := s.Letters.About(tx, w.About)
		if err != nil {
			return err
		}
		if len(slices.DeleteFunc(have, func(l letters.Letter) bool { return l.State == letters.Cancelled })) > before {
			return nil
		}
		_, err = draft(tx)
		return err
	})
}
