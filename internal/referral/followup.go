package referral

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/saraban"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Asking is where a follow-up stands.
type Asking string

const (
	Planned Asking = "planned" // due at a day that is known
	Drawn   Asking = "drafted" // its letter waits for signature
	Asked   Asking = "asked"
	Told    Asking = "answered"
)

// What an agency can answer.
const (
	StillNeeded = "needed"
	Destroyed   = "destroyed"
)

// Ways in which an agency is asked: on its own screen, by mail, by a letter.
const (
	onScreen = "local"
	byMail   = "email"
	byLetter = "letter"
)

// FollowUp is a question to an agency that was given personal data: does it still need
// them, or has it destroyed them (row 49 of the record, PDPA s.37(2)).
type FollowUp struct {
	ID            string
	Referral      string
	CaseReference string
	Agency, To    string // who asks, who is asked
	Round         int64
	State         Asking
	Via           string // local, email, letter
	Letter        string // the letter that asks
	Message       string // the mail that asks
	DueAt         time.Time
	AskedAt       time.Time
	ReplyBy       time.Time
	Outcome       string // needed, destroyed
	AnsweredAt    time.Time
	AnsweredBy    string
	NeededUntil   time.Time
	HasNote       bool
	Version       int64

	caseID, subjectKey string
	note               []byte
}

// Overdue tells whether the agency has let the time for its answer pass.
func (f *FollowUp) Overdue(now time.Time) bool { return f.State == Asked && now.After(f.ReplyBy) }

const followUpOf = "followup:"

// plan sets the day on which the agency of a referral is asked: anew after each thing
// that shows that it works with the data. One that was asked already is left alone.
func (s *Service) plan(tx *db.Tx, r *Referral, from time.Time) error {
	all, err := followUps(tx, `referral_id = $1 ORDER BY round DESC`+tx.ForUpdate(), r.ID)
	if err != nil {
		return err
	}
	due := thai.OnWorkingDay(from.Add(s.FollowUpAfter))
	switch {
	case len(all) == 0:
		return s.planRound(tx, &FollowUp{Referral: r.ID, CaseReference: r.CaseReference, Agency: r.Agency, To: r.To, caseID: r.CaseID, subjectKey: r.subjectKey}, 1, due)
	case all[0].State != Planned || all[0].Round > 1:
		return nil
	}
	all[0].DueAt = due
	return updateFollowUp(tx, &all[0])
}

func (s *Service) planRound(tx *db.Tx, of *FollowUp, round int64, due time.Time) error {
	f := FollowUp{ID: db.NewID(), Referral: of.Referral, CaseReference: of.CaseReference, Agency: of.Agency, To: of.To, Round: round, State: Planned, DueAt: due, caseID: of.caseID, subjectKey: of.subjectKey}
	if err := insertFollowUp(tx, &f); err != nil {
		return err
	}
	return s.noteFollowUp(tx, "", "planned", &f)
}

func (s *Service) noteFollowUp(tx *db.Tx, actor, action string, f *FollowUp) error {
	if actor == "" {
		actor = "system"
	}
	return s.Audit.Append(tx, audit.Event{Actor: actor, Action: "followup." + action, Object: "case:" + f.CaseReference, Body: map[string]any{"followup": f.ID, "referral": f.Referral, "to": f.To, "round": f.Round, "via": f.Via, "due": f.DueAt, "outcome": f.Outcome}})
}

// AskDue asks whom it is time to ask. One that cannot be asked now is asked the next day.
func (s *Service) AskDue(ctx context.Context) error {
	var due []FollowUp
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		due, err = followUps(tx, `state = 'planned' AND due_at <= $1 ORDER BY due_at LIMIT 500`, db.Micros(tx.Now()))
		return err
	})
	for i := range due {
		if failed := s.ask(ctx, policy.Actor{}, &due[i]); failed != nil {
			slog.Error("follow-up", "id", due[i].ID, "err", failed)
		}
	}
	return err
}

// Ask asks before it is due.
func (s *Service) Ask(ctx context.Context, a policy.Actor, id string) (FollowUp, error) {
	f, err := s.FollowUp(ctx, a, id)
	if err != nil {
		return FollowUp{}, err
	}
	if !policy.May(a, "case.work", f.Agency) {
		return FollowUp{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	if err := s.ask(ctx, a, &f); err != nil {
		return FollowUp{}, err
	}
	return s.FollowUp(ctx, a, id)
}

// ask puts the question by the way the letter went.
func (s *Service) ask(ctx context.Context, a policy.Actor, f *FollowUp) error {
	if f.State != Planned {
		return errs.New(errs.Conflict, "error.followup-state")
	}
	var r Referral
	var sent letters.Letter
	var entry saraban.Entry
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if r, err = one(tx, `id = $1`, f.Referral); err != nil {
			return err
		}
		if sent, err = s.Letters.ByID(tx, r.Letter); err != nil {
			return err
		}
		entry, err = s.Saraban.Entry(tx, f.To)
		return err
	})
	if err != nil {
		return err
	}
	put := func(*db.Tx, *FollowUp) error { return nil }
	via := byLetter
	switch {
	case r.Channel == string(saraban.Local):
		via = onScreen
	case r.Channel == string(saraban.Email) && entry.Mailbox != "":
		via = byMail
		put, err = s.askByMail(ctx, &sent, &entry, r.CaseReference)
	default:
		put, err = s.askByLetter(ctx, f, &r, &sent)
	}
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		now, err := oneFollowUp(tx, `id = $1`+tx.ForUpdate(), f.ID)
		if err != nil || now.State != Planned {
			return err
		}
		now.Via, now.State, now.AskedAt, now.ReplyBy = via, Asked, tx.Now(), thai.OnWorkingDay(tx.Now().Add(s.ReplyWithin))
		if via == byLetter { // it is asked when its letter leaves
			now.State, now.AskedAt, now.ReplyBy = Drawn, time.Time{}, time.Time{}
		}
		if err := put(tx, &now); err != nil {
			return err
		}
		if err := updateFollowUp(tx, &now); err != nil {
			return err
		}
		return s.noteFollowUp(tx, a.Account, string(now.State), &now)
	})
}

// question is what is asked, in the words of a letter. It names the letter and the case,
// and nothing of the person.
func question(from, reference string, sent *letters.Letter) string {
	return "ตามหนังสือ" + from + " ที่ " + sent.NumberText + " ลงวันที่ " + thai.DateLong(sent.NumberedAt, "th") + " เลขที่เรื่อง " + reference + " ซึ่งได้เปิดเผยข้อมูลส่วนบุคคลของผู้ติดต่อเพื่อการพิจารณาเรื่องดังกล่าว"
}

// asked is what the agency is to answer.
const asked = "ขอได้โปรดแจ้งให้ทราบว่า ยังมีความจำเป็นต้องใช้ข้อมูลส่วนบุคคลดังกล่าวตามวัตถุประสงค์ที่แจ้งไว้หรือไม่ หากหมดความจำเป็นแล้ว ขอได้โปรดลบหรือทำลายข้อมูล และแจ้งวันที่ดำเนินการ"

func (s *Service) askByMail(ctx context.Context, sent *letters.Letter, entry *saraban.Entry, reference string) (func(*db.Tx, *FollowUp) error, error) {
	from, _ := s.Agencies.Get(sent.Agency)
	id, put, err := s.Saraban.MailAbout(ctx, "followup", sent, entry.Mailbox, question(from.Name.TH, reference, sent)+"\n\n"+asked)
	return func(tx *db.Tx, f *FollowUp) error {
		f.Message = id
		return put(tx)
	}, err
}

func (s *Service) askByLetter(ctx context.Context, f *FollowUp, r *Referral, sent *letters.Letter) (func(*db.Tx, *FollowUp) error, error) {
	from, _ := s.Agencies.Get(r.Agency)
	draft, err := s.Letters.PrepareDrawn(ctx, letters.Writing{Agency: r.Agency, To: r.To, About: followUpOf + f.ID, Subject: "ขอติดตามการใช้และการทำลายข้อมูลส่วนบุคคล เลขที่เรื่อง " + r.CaseReference,
		Content: letters.Content{References: []letters.Reference{referTo(from.Name.TH, sent)}, Paragraphs: []string{
			question(from.Name.TH, r.CaseReference, sent) + " นั้น", asked, "จึงเรียนมาเพื่อโปรดพิจารณาดำเนินการ"}}})
	if err != nil {
		return nil, err
	}
	return func(tx *db.Tx, f *FollowUp) error {
		l, err := draft(tx)
		f.Letter = l.ID
		return err
	}, nil
}

// followLetter follows the letter that asks: with it the question is asked, and one that
// is cancelled leaves it to be asked later.
func (s *Service) followLetter(tx *db.Tx, a policy.Actor, action string, l *letters.Letter) error {
	if action != "dispatch" && action != "cancel" {
		return nil
	}
	f, err := oneFollowUp(tx, `id = $1`+tx.ForUpdate(), strings.TrimPrefix(l.About, followUpOf))
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil || f.Letter != l.ID || f.State != Drawn {
		return err
	}
	if action == "dispatch" {
		f.State, f.AskedAt, f.ReplyBy = Asked, tx.Now(), thai.OnWorkingDay(tx.Now().Add(s.ReplyWithin))
	} else {
		f.State, f.Via, f.Letter, f.DueAt = Planned, "", "", thai.OnWorkingDay(tx.Now().Add(s.FollowUpAfter))
	}
	if err := updateFollowUp(tx, &f); err != nil {
		return err
	}
	return s.noteFollowUp(tx, a.Account, string(f.State), &f)
}

// FollowUpAnswer is what the agency says. Until is how long it needs the data, where it
// says so.
type FollowUpAnswer struct {
	Outcome string
	Note    string
	Until   time.Time
}

// MayAnswer tells who may answer now: the agency that was asked on its screen, or who takes
// its answer down.
func MayAnswer(a policy.Actor, f *FollowUp) bool {
	if f.State == Told {
		return false
	}
	if f.Via == onScreen && f.State == Asked && policy.May(a, "letter.answer", f.To) {
		return true
	}
	return policy.May(a, "case.work", f.Agency) || policy.May(a, "letter.receive", f.Agency)
}

// AnswerFollowUp records the agency's answer. Where it still needs the data, it is asked
// again when that time is over.
func (s *Service) AnswerFollowUp(ctx context.Context, a policy.Actor, id string, q FollowUpAnswer) (FollowUp, error) {
	f, err := s.FollowUp(ctx, a, id)
	if err != nil {
		return FollowUp{}, err
	}
	if f.State == Told {
		return FollowUp{}, errs.New(errs.Conflict, "error.followup-state")
	}
	if !MayAnswer(a, &f) {
		return FollowUp{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	if q.Outcome != StillNeeded && q.Outcome != Destroyed {
		return FollowUp{}, errs.InvalidField("outcome", "error.followup-outcome")
	}
	if q.Note, err = thai.CleanText(q.Note, 1000); err != nil {
		return FollowUp{}, errs.InvalidField("note", "error.message-long", "max", 1000)
	}
	if q.Outcome == Destroyed {
		q.Until = time.Time{}
	} else if !q.Until.IsZero() && !q.Until.After(s.Now()) {
		return FollowUp{}, errs.InvalidField("until", "error.followup-until")
	}
	var note []byte
	if q.Note != "" {
		subject, err := s.Vault.Subject(ctx, f.subjectKey)
		if err != nil {
			return FollowUp{}, err
		}
		note = subject.Seal(place(f.ID, "note"), []byte(q.Note))
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		now, err := oneFollowUp(tx, `id = $1`+tx.ForUpdate(), id)
		if err != nil {
			return err
		}
		if !MayAnswer(a, &now) {
			return errs.New(errs.Conflict, "error.followup-state")
		}
		now.State, now.Outcome, now.note, now.NeededUntil, now.AnsweredAt, now.AnsweredBy = Told, q.Outcome, note, q.Until, tx.Now(), a.Account
		if err := updateFollowUp(tx, &now); err != nil {
			return err
		}
		if err := s.noteFollowUp(tx, a.Account, "answered", &now); err != nil || q.Outcome == Destroyed {
			return err
		}
		again := q.Until
		if again.IsZero() {
			again = tx.Now().Add(s.FollowUpAfter)
		}
		return s.planRound(tx, &now, now.Round+1, thai.OnWorkingDay(again))
	})
	if err != nil {
		return FollowUp{}, err
	}
	return s.FollowUp(ctx, a, id)
}

// maySeeFollowUp: the office that asks, the agency that is asked, and who oversees.
func maySeeFollowUp(a policy.Actor, f *FollowUp) bool {
	return policy.May(a, "case.list", f.Agency) || policy.May(a, "log.read", f.Agency) || f.Via == onScreen && f.State != Planned && policy.May(a, "letter.read", f.To)
}

// FollowUp returns a follow-up that the actor may know of.
func (s *Service) FollowUp(ctx context.Context, a policy.Actor, id string) (f FollowUp, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error { f, err = oneFollowUp(tx, `id = $1`, id); return err })
	if err == nil && !maySeeFollowUp(a, &f) {
		err = errs.New(errs.NotFound, "error.followup-not-found")
	}
	if err != nil {
		return FollowUp{}, err
	}
	return f, nil
}

// FollowUpFilter narrows the list. Asked gives those that the actor's own agency is asked;
// else those that it asks.
type FollowUpFilter struct {
	Referrals     []string
	Agency, State string
	Case          string
	Asked         bool
	Before        string
	Limit         int
}

// FollowUps lists follow-ups that the actor may know of, newest first.
func (s *Service) FollowUps(ctx context.Context, a policy.Actor, q FollowUpFilter) (out []FollowUp, err error) {
	if q.Asked {
		if !policy.May(a, "letter.read", a.Agency) {
			return nil, errs.New(errs.Forbidden, "error.forbidden")
		}
	} else if all, _ := policy.Reach(a, "log.read"); !all {
		_, own := policy.Reach(a, "case.list")
		if every, _ := policy.Reach(a, "case.list"); !every {
			if own == "" || q.Agency != "" && q.Agency != own {
				return nil, errs.New(errs.Forbidden, "error.forbidden")
			}
			q.Agency = own
		}
	}
	where, args := q.where(a.Agency)
	err = s.DB.Read(ctx, func(tx *db.Tx) error { out, err = followUps(tx, where, args...); return err })
	return out, err
}

// LastFollowUps gives the newest follow-up of each referral, for pages that show many.
func (s *Service) LastFollowUps(ctx context.Context, a policy.Actor, referrals ...string) (map[string]FollowUp, error) {
	referrals = slices.Compact(slices.Sorted(slices.Values(referrals)))
	out := map[string]FollowUp{}
	if len(referrals) == 0 {
		return out, nil
	}
	all, err := s.FollowUps(ctx, a, FollowUpFilter{Referrals: referrals, Limit: 10 * len(referrals)})
	for _, f := range all {
		if have, ok := out[f.Referral]; !ok || f.Round > have.Round {
			out[f.Referral] = f
		}
	}
	return out, err
}

// FollowUpNote opens what the agency wrote; the reading is logged.
func (s *Service) FollowUpNote(ctx context.Context, a policy.Actor, id string) (string, error) {
	f, err := s.FollowUp(ctx, a, id)
	if err != nil || f.note == nil {
		return "", err
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: Activity, Purpose: Purpose, Items: []vault.Sealed{{Subject: f.subjectKey, Element: processing.Content, Place: place(id, "note"), Data: f.note}}, Detail: "followup"})
	if err != nil {
		return "", err
	}
	return string(plain[0]), nil
}
