package referral

import (
	"strings"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/saraban"
	"prasan/internal/thai"
)

// onLetter follows the letter of a referral: who may sign what discloses, what is written
// down when it leaves, what becomes of the case when it is cancelled.
func (s *Service) onLetter(tx *db.Tx, a policy.Actor, action string, l *letters.Letter, body map[string]string) error {
	if strings.HasPrefix(l.About, followUpOf) {
		return s.followLetter(tx, a, action, l)
	}
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
func (s *Service) mayDisclose(tx *db.Tx, a policy.Actor, action string, l *letters.Letter) error {
	if action != "approve" && action != "dispatch" || !strings.HasPrefix(l.About, about) {
		return nil
	}
	if err := stillSo(tx, l); err != nil || action == "dispatch" {
		return err
	}
	snap := s.Record(Activity)
	if snap == nil {
		return errs.New(errs.Unavailable, "error.no-record")
	}
	if !snap.MayDo(a, policy.DutyDisclose).Allowed {
		return errs.New(errs.Forbidden, "error.referral-approver")
	}
	return nil
}

// stillSo refuses a letter that was written before something of its case was erased or put
// right at the person's request: it would still say it.
func stillSo(tx *db.Tx, l *letters.Letter) error {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM referrals r JOIN processing_log p ON p.subject = r.subject_key WHERE r.letter_id = $1 AND p.act = 'erase' AND p.at > (SELECT COALESCE(MAX(at), 0) FROM letter_events WHERE letter_id = $2 AND kind IN ('draft', 'revise'))`, []any{l.ID, l.ID}, &n)
	if err == nil && n > 0 {
		err = errs.New(errs.Conflict, "error.referral-outdated")
	}
	return err
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
	if err := s.plan(tx, r, tx.Now()); err != nil {
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
