package referral

import (
	"context"
	"database/sql"
	"log/slog"
	"slices"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/saraban"
	"prasan/internal/thai"
)

// The interim reply (แจ้งผลการดำเนินการเบื้องต้น) is due when the time for an answer is
// over and there is none: of the agency that got the letter, to the office that sent it;
// and of that office to the citizen.

const interimOf = "interim:"

// Interim drafts the interim reply to a letter that came.
func (s *Service) Interim(ctx context.Context, a policy.Actor, letterIn string) (letters.Letter, error) {
	i, err := s.Saraban.GetIn(ctx, a, letterIn)
	if err != nil {
		return letters.Letter{}, err
	}
	if !slices.Contains([]saraban.Got{saraban.Registered, saraban.AcceptedIn}, i.State) {
		return letters.Letter{}, errs.New(errs.Conflict, "error.letter-transition", "action", "interim", "state", string(i.State))
	}
	var before []letters.Letter
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) { before, err = s.Letters.About(tx, interimOf+i.ID); return err })
	if err != nil {
		return letters.Letter{}, err
	}
	if n := slices.IndexFunc(before, func(l letters.Letter) bool { return l.State != letters.Cancelled && written(l) }); n >= 0 {
		return before[n], nil
	}
	return s.Letters.Draft(ctx, a, s.interim(&i))
}

func (s *Service) interim(i *saraban.In) letters.Writing {
	from, _ := s.Agencies.Get(i.Agency)
	w := letters.Writing{Agency: i.Agency, To: i.From, About: interimOf + i.ID, Subject: "แจ้งผลการดำเนินการเบื้องต้น ตามหนังสือ ที่ " + i.Number,
		Content: letters.Content{
			References: []letters.Reference{{Number: "หนังสือ" + i.FromName + " ที่ " + i.Number, Date: i.Dated.In(thai.Bangkok).Format(time.DateOnly)}},
			Paragraphs: []string{
				"ตามหนังสือที่อ้างถึง " + i.FromName + "ได้ส่งเรื่องมาเพื่อพิจารณาดำเนินการ ซึ่ง" + from.Name.TH + "ได้ลงทะเบียนรับไว้แล้ว เลขรับ " + i.ReceiptText() + " นั้น",
				from.Name.TH + "ขอเรียนว่า ได้รับเรื่องไว้แล้วและอยู่ระหว่างการดำเนินการ เมื่อได้ผลประการใดจะแจ้งให้ทราบโดยเร็วต่อไป",
				"จึงเรียนมาเพื่อโปรดทราบ",
			}}}
	if w.To == "" {
		w.ToName, w.Content.Addressee = i.FromName, i.FromName
	}
	return w
}

// InterimDue draws up the interim replies to letters of referrals of this installation
// that were registered and have had no answer in time.
func (s *Service) InterimDue(ctx context.Context) error {
	var ids []string
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		ids = nil
		return tx.Each(`SELECT i.id FROM letters_in i JOIN dispatches d ON d.id = i.dispatch_id JOIN referrals r ON r.letter_id = d.letter_id WHERE i.state IN ('registered','accepted') AND i.received_at < $1 AND r.state IN ('delivered','accepted') AND NOT EXISTS (SELECT 1 FROM letters l WHERE l.about = '`+interimOf+`' || i.id AND l.state <> 'cancelled') ORDER BY i.received_at LIMIT 500`,
			[]any{db.Micros(tx.Now().Add(-s.ReplyWithin))}, func(rows *sql.Rows) error {
				var id string
				err := rows.Scan(&id)
				ids = append(ids, id)
				return err
			})
	})
	for _, id := range ids {
		if failed := s.interimWhenDue(ctx, id); failed != nil {
			slog.Error("interim reply", "letter", id, "err", failed)
		}
	}
	return err
}

func (s *Service) interimWhenDue(ctx context.Context, id string) error {
	var i saraban.In
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { i, err = s.Saraban.InByID(tx, id); return err })
	if err != nil {
		return err
	}
	return s.drawOnce(ctx, s.interim(&i), `SELECT version FROM letters_in WHERE id = $1`, id, 0)
}

// OwesInterim tells whether the citizen is to be told how far the matter has come: the
// agency's time is over, there is no answer, and he has not been told since.
func (r *Referral) OwesInterim(now time.Time) bool {
	return slices.Contains([]State{Sent, Delivered, Accepted}, r.State) && now.After(r.DueAt) && r.InterimAt.Before(r.DueAt)
}

// InterimText is the message to the citizen as it is drawn up; the officer sends it, in
// his own words if he likes.
func (s *Service) InterimText(ctx context.Context, r *Referral) (string, error) {
	var l letters.Letter
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { l, err = s.Letters.ByID(tx, r.Letter); return err })
	if err != nil {
		return "", err
	}
	to, _ := s.Agencies.Get(r.To)
	var b strings.Builder
	b.WriteString("ขอแจ้งผลการดำเนินการเบื้องต้นของเรื่อง เลขที่เรื่อง " + r.CaseReference + " หน่วยงานได้ส่งเรื่องของท่านไปยัง" + to.Name.TH + " ตามหนังสือ ที่ " + l.NumberText + " ลงวันที่ " + thai.DateLong(l.NumberedAt, "th"))
	if r.AcceptNumber != "" {
		b.WriteString(" ซึ่งหน่วยงานดังกล่าวได้รับไว้แล้ว เลขรับ " + r.AcceptNumber)
	}
	b.WriteString(" ขณะนี้อยู่ระหว่างการดำเนินการ และหน่วยงานได้ติดตามผลอยู่ เมื่อได้รับแจ้งผลแล้วจะแจ้งให้ท่านทราบโดยเร็ว")
	return b.String(), nil
}

// Inform tells the citizen how far the matter has come; "" sends what was drawn up.
func (s *Service) Inform(ctx context.Context, a policy.Actor, id, text string) (Referral, error) {
	r, err := s.Get(ctx, a, id)
	if err != nil {
		return Referral{}, err
	}
	if strings.TrimSpace(text) == "" {
		if text, err = s.InterimText(ctx, &r); err != nil {
			return Referral{}, err
		}
	}
	_, err = s.Cases.InformOf(ctx, a, r.CaseReference, text, func(tx *db.Tx) error {
		now, err := one(tx, `id = $1`+tx.ForUpdate(), id)
		if err != nil {
			return err
		}
		if !slices.Contains([]State{Sent, Delivered, Accepted}, now.State) {
			return errs.New(errs.Conflict, "error.referral-state", "state", string(now.State))
		}
		now.InterimAt = tx.Now()
		if err := update(tx, &now); err != nil {
			return err
		}
		return s.note(tx, a.Account, "informed", &now)
	})
	if err != nil {
		return Referral{}, err
	}
	return s.Get(ctx, a, id)
}
