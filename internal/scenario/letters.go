package scenario

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/referral"
	"prasan/internal/saraban"
)

// LettersEnv is what the letters of the scenario are made with.
type LettersEnv struct {
	DB       *db.DB
	Now      time.Time // when the scenario ends
	Clock    Clock
	Cases    *cases.Service
	Letters  *letters.Service
	Saraban  *saraban.Service
	Referral *referral.Service
}

// ends are how far referrals have come, in turn.
var ends = []referral.State{referral.Published, referral.Accepted, referral.Sent, referral.Answered, referral.Rejected, referral.Drafted}

// Letters refers cases that wait for it to the agencies whose they are, by official
// letter, each to another end; the first one, of Rayong, to the very last. Some go on
// waiting.
func Letters(ctx context.Context, e LettersEnv) error {
	defer e.Clock.Set(e.Now)
	e.Clock.Hold(Opening(e.Now))
	if err := e.DB.InTx(ctx, e.entrust); err != nil {
		return err
	}
	waiting, err := e.waiting(ctx)
	if err != nil {
		return err
	}
	for i, c := range waiting {
		if err := e.refer(ctx, c, ends[i%len(ends)]); err != nil {
			return fmt.Errorf("referral of %s: %w", c.Reference, err)
		}
	}
	return nil
}

// entrust lets the scenario's administrator, who has all its rights, sign letters too.
func (e *LettersEnv) entrust(tx *db.Tx) error {
	from := Opening(e.Now)
	for i, agency := range append([]string{"ops", "diw"}, offices...) {
		d := org.Delegation{ID: db.NewID(), Number: fmt.Sprintf("%d/%d", 300+i, from.Year()+543), Agency: agency, Account: "admin", Activity: "contact-us", Matter: "ลงนามหนังสือส่งต่อเรื่องของประชาชน", SignedBy: "head-" + agency, From: from, To: from.AddDate(3, 0, 0)}
		if err := org.PutDelegation(tx, d); err != nil {
			return err
		}
	}
	return nil
}

// reached is when something last happened to a case.
type reached struct {
	cases.Case
	at time.Time
}

// waiting are the cases that are referred: every other one that is parked, and one of
// Rayong, in the order in which they came so far.
func (e *LettersEnv) waiting(ctx context.Context) ([]reached, error) {
	admin, err := e.actor(ctx, "admin")
	if err != nil {
		return nil, err
	}
	parked, err := e.Cases.List(ctx, admin, cases.Filter{View: "parked", Limit: 100})
	if err != nil {
		return nil, err
	}
	open, err := e.Cases.List(ctx, admin, cases.Filter{View: "open", Agency: "rayong", Limit: 100})
	if err != nil {
		return nil, err
	}
	var out []reached
	add := func(c cases.Case) error {
		d, err := e.Cases.Get(ctx, admin, c.Reference)
		if err == nil && len(d.Events) > 0 && d.Events[0].At.Before(e.Now.Add(-24*time.Hour)) && !c.AboutStaff {
			out = append(out, reached{c, d.Events[0].At})
		}
		return err
	}
	for _, l := range open.Lines {
		if len(out) == 0 && (l.State == cases.Considering || l.State == cases.InProgress || l.State == cases.Received) {
			if err := add(l.Case); err != nil {
				return nil, err
			}
		}
	}
	for i, l := range parked.Lines {
		if i%2 == 0 && !slices.ContainsFunc(out, func(r reached) bool { return r.ID == l.ID }) {
			if err := add(l.Case); err != nil {
				return nil, err
			}
		}
	}
	// The first one stays first, and goes to the last end; the rest by their time.
	if len(out) > 1 {
		slices.SortStableFunc(out[1:], func(a, b reached) int { return cmp.Or(a.at.Compare(b.at)) })
	}
	return out, nil
}

func (e *LettersEnv) actor(ctx context.Context, account string) (a policy.Actor, err error) {
	err = e.DB.Read(ctx, func(tx *db.Tx) (err error) { a, err = org.Actor(tx, account); return err })
	return a, err
}

// refer brings one case to its end: the steps lie evenly between its last moment and now.
func (e *LettersEnv) refer(ctx context.Context, c reached, end referral.State) error {
	officer, err := e.actor(ctx, "officer-"+c.Agency)
	if err != nil {
		return err
	}
	head, err := e.actor(ctx, "head-"+c.Agency)
	if err != nil {
		return err
	}
	step := e.Now.Sub(c.at) / 10
	tick := func(n int) { e.Clock.Hold(c.at.Add(time.Duration(n) * step).Truncate(time.Second)) }
	tick(1)
	to := "diw"
	if all, err := e.Referral.Suggest(ctx, officer, c.Reference); err != nil {
		return err
	} else if len(all) > 0 && all[0].Score > 0 {
		to = all[0].Agency
	}
	r, l, err := e.Referral.Refer(ctx, officer, c.Reference, referral.Request{To: to, Reason: "เป็นเรื่องในหน้าที่และอำนาจของหน่วยงานดังกล่าว", Fields: []string{"message", "given_name", "family_name", "mobile_phone"}, Checks: referral.Checks})
	if err != nil || end == referral.Drafted {
		return err
	}
	tick(2)
	if _, err := e.Letters.Check(ctx, head, l.ID); err != nil {
		return err
	}
	if _, err := e.Letters.Approve(ctx, head, l.ID, ""); err != nil {
		return err
	}
	tick(3)
	if _, err := e.Letters.Number(ctx, head, l.ID, 0); err != nil {
		return err
	}
	_, d, err := e.Saraban.Dispatch(ctx, head, l.ID, saraban.Sending{})
	if err != nil {
		return err
	}
	tick(4)
	if err := e.Saraban.Deliver(ctx, d.ID); err != nil || end == referral.Sent {
		return err
	}
	if d.Channel == saraban.Local {
		err = e.there(ctx, d.ID, end, tick)
	} else {
		err = e.elsewhere(ctx, officer, head, r, l, end, tick)
	}
	if err != nil || end != referral.Published {
		return err
	}
	tick(8)
	_, err = e.Referral.Publish(ctx, officer, r.ID, result)
	return err
}

const result = "หน่วยงานที่เกี่ยวข้องได้ตรวจสอบข้อเท็จจริงและสั่งการให้แก้ไขแล้ว จะติดตามผลต่อไป"

// there is what an agency of the same installation does with a letter.
func (e *LettersEnv) there(ctx context.Context, dispatch string, end referral.State, tick func(int)) error {
	registrar, err := e.actor(ctx, "registrar-diw")
	if err != nil {
		return err
	}
	all, err := e.Saraban.ListIn(ctx, registrar, saraban.FilterIn{State: string(saraban.Arrived), Limit: 200})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(in saraban.In) bool { return in.Dispatch == dispatch })
	if i < 0 {
		return errs.New(errs.NotFound, "error.letter-not-found")
	}
	tick(5)
	if end == referral.Rejected {
		_, err := e.Saraban.Refuse(ctx, registrar, all[i].ID, "reject", "อยู่ในหน้าที่และอำนาจของราชการส่วนท้องถิ่น")
		return err
	}
	if _, err := e.Saraban.Accept(ctx, registrar, all[i].ID); err != nil || end == referral.Accepted {
		return err
	}
	tick(7)
	_, err = e.Saraban.Answer(ctx, registrar, all[i].ID, "sender", "ตรวจสอบแล้วพบข้อบกพร่อง ได้มีคำสั่งให้แก้ไขภายใน 30 วัน")
	return err
}

// elsewhere is what comes back by mail and telephone, taken down by the office.
func (e *LettersEnv) elsewhere(ctx context.Context, officer, head policy.Actor, r referral.Referral, l letters.Letter, end referral.State, tick func(int)) error {
	tick(5)
	if _, err := e.Saraban.Confirm(ctx, head, l.ID, fmt.Sprintf("%d/%d", 1000+len(l.Subject)%97, letters.Year(e.Clock.Now()))); err != nil {
		return err
	}
	if end != referral.Published && end != referral.Answered {
		return nil
	}
	tick(7)
	_, err := e.Referral.Answer(ctx, officer, r.ID, "sender", "ได้ตรวจสอบและให้คำแนะนำแก่ผู้ประกอบการแล้ว", "")
	return err
}
