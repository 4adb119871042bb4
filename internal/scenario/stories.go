package scenario

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"prasan/internal/cases"
	"prasan/internal/policy"
	"prasan/internal/sites"
	"prasan/internal/thai"
)

// play is one case of the scenario.
type play struct {
	i        int
	m        *matter
	said     exchange
	site     sites.Site
	lang     string
	channel  string
	outside  string // its number in another system
	sender   map[string]string
	staff    bool
	withhold bool
	decoy    bool
	picture  []byte // attached
	receipt  cases.Receipt
}

// outcome is how far a case has come.
type outcome int

const (
	fresh outcome = iota // just received
	considering
	working
	asked
	parked
	answered
	accepted
	closed
	reopened
	quarantined
	discarded
)

// A quarter of the cases came in the last weeks and hold what is open.
const recentDays = 24

// plan writes the story of the i-th case: who, what, where, and what is done by whom.
func (e *Env) plan(i int, begin, now time.Time) []step {
	r := rand.New(rand.NewPCG(2569, uint64(i)))
	p := e.cast(i, r)
	days := int(now.Sub(begin).Hours() / 24)
	age := recentDays + r.IntN(days-recentDays)
	if i%4 == 0 || p.decoy && i%2 == 0 {
		age = r.IntN(recentDays)
	}
	if i%67 == 5 { // what waits too long: a few
		age = recentDays + 6 + r.IntN(12)
	}
	at := atHour(r, now.AddDate(0, 0, -age), 6, 23)
	if !at.Before(now) {
		at = now.Add(-time.Duration(5+r.IntN(150)) * time.Minute)
	}
	return story(r, p, at, p.outcome(r, age))
}

// cast chooses the person, the site and the words.
func (e *Env) cast(i int, r *rand.Rand) *play {
	p := &play{i: i, channel: "web", lang: "th", m: weighted(r, matters)}
	p.site = e.place4(i, r)
	switch {
	case i%19 == 7:
		p.m, p.lang = weighted(r, english), "en"
	case i%40 == 11:
		p.m, p.staff = &aboutStaff, true
	case i%45 == 13:
		p.decoy = true
	}
	p.said = pick(r, p.m.talk)
	p.said.said = fill(r, p.said.said)
	if p.lang == "th" {
		p.said.said = strings.TrimSpace(p.said.said + " " + pick(r, closers))
	}
	if p.decoy {
		p.said.said = pick(r, spam)
	}
	p.withhold = p.m.topic == "problem" && r.IntN(3) == 0
	if i%11 == 3 && !p.decoy && !p.staff {
		p.channel = pick(r, []string{"phone", "counter", "mail", "letter"})
		if p.channel == "mail" && r.IntN(2) == 0 {
			p.outside = fmt.Sprintf("1111-%07d", 2569000+i)
		}
	}
	p.sender = person4(r, p.lang, i)
	if p.m.topic == "problem" && p.m.outside == "" && p.channel == "web" && !p.decoy && i%5 < 2 {
		p.picture = picture(r)
	}
	return p
}

// place4 is the site: Rayong is the one that is looked at, a few have more than the rest.
func (e *Env) place4(i int, r *rand.Rand) sites.Site {
	all := e.Sites
	switch {
	case i%6 == 0 || i%67 == 5:
		return first(all, "rayong")
	case i%6 == 1 || i%6 == 2:
		return first(all, pick(r, offices))
	}
	return pick(r, all)
}

func first(all []sites.Site, agency string) sites.Site {
	for _, s := range all {
		if s.Agency == agency {
			return s
		}
	}
	return all[0]
}

func weighted(r *rand.Rand, list []matter) *matter {
	sum := 0
	for i := range list {
		sum += list[i].weight
	}
	n := r.IntN(sum)
	for i := range list {
		if n -= list[i].weight; n < 0 {
			return &list[i]
		}
	}
	return &list[0]
}

// person4 is a sender: single names and foreign phones exist, and one of phone and
// e-mail is enough.
func person4(r *rand.Rand, lang string, i int) map[string]string {
	out := map[string]string{"given_name": pick(r, given)}
	name, phone := pick(r, family), fmt.Sprintf("080000%04d", 1000+i)
	if lang == "en" {
		f := pick(r, foreigners)
		out["given_name"], name, phone = f.given, f.family, fmt.Sprintf(f.phone, i%100)
	}
	if name != "" {
		out["family_name"] = name
	}
	mail := fmt.Sprintf("person%03d@example.com", i)
	switch r.IntN(5) {
	case 0:
		out["mobile_phone"] = phone
	case 1:
		out["email"] = mail
	default:
		out["mobile_phone"], out["email"] = phone, mail
	}
	return out
}

// outcome says how far the case comes, by its age in days.
func (p *play) outcome(r *rand.Rand, age int) outcome {
	switch {
	case p.decoy && age < recentDays:
		return quarantined
	case p.decoy:
		return discarded
	case p.i%67 == 5:
		return working
	case age <= 2:
		return pick(r, []outcome{fresh, fresh, considering})
	case p.m.park != "" && age < recentDays:
		return parked
	case age <= 8:
		return pick(r, []outcome{considering, working, working, asked, answered})
	case age <= 15:
		return pick(r, []outcome{working, working, asked, answered, answered, closed})
	case age < recentDays:
		return pick(r, []outcome{asked, answered, answered, accepted})
	}
	return pick(r, []outcome{answered, answered, accepted, accepted, closed, closed, reopened})
}

// step is something that happens to a case at a moment.
type step struct {
	at    time.Time
	story *play
	do    act
}

type act func(ctx context.Context, e *Env, p *play) error

// story strings the steps of a case together.
func story(r *rand.Rand, p *play, at time.Time, out outcome) []step {
	var list []step
	for n, do := range acts(r, p, out) {
		if n > 0 {
			at = atHour(r, onWork(at.AddDate(0, 0, 1+r.IntN(3))), 8, 17)
		}
		list = append(list, step{at, p, do})
	}
	return list
}

// acts are what happens to a case that comes so far.
func acts(r *rand.Rand, p *play, out outcome) []act {
	list := []act{receive}
	switch {
	case out == fresh || out == quarantined:
		return list
	case out == discarded:
		return append(list, discard)
	case out == considering && p.i%3 == 0:
		return append(list, consider, propose)
	case out == considering:
		return append(list, consider)
	case out == parked:
		return append(list, consider, park)
	case p.m.outside != "" && out != working:
		return append(list, consider, redirect)
	}
	list = append(list, consider)
	if p.i%5 == 0 && !p.staff {
		list = append(list, propose, order)
	}
	list = append(list, relevant)
	if r.IntN(2) == 0 {
		list = append(list, assign)
	}
	if out == working {
		return append(list, note)
	}
	if out == asked {
		return append(list, ask)
	}
	if len(p.m.asks) > 0 && r.IntN(3) == 0 {
		list = append(list, ask, reply)
	}
	list = append(list, answer)
	switch out {
	case accepted:
		list = append(list, rate, accept)
	case closed:
		list = append(list, end)
	case reopened:
		list = append(list, reopen, answer)
	}
	return list
}

// atHour puts a day at a moment between two hours.
func atHour(r *rand.Rand, day time.Time, from, to int) time.Time {
	l := day.In(thai.Bangkok)
	return time.Date(l.Year(), l.Month(), l.Day(), from+r.IntN(to-from), r.IntN(60), r.IntN(60), 0, thai.Bangkok)
}

// onWork moves to the next working day.
func onWork(t time.Time) time.Time {
	for !thai.IsWorkingDay(t) {
		t = t.AddDate(0, 0, 1)
	}
	return t
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func fill(r *rand.Rand, text string) string {
	return strings.NewReplacer("{place}", pick(r, places), "{maker}", pick(r, makers), "{when}", pick(r, times)).Replace(text)
}

// officer works on the case; one that is about staff goes to the head.
func (p *play) officer() string {
	if p.staff {
		return p.head()
	}
	return "officer-" + p.site.Agency
}

func (p *play) head() string { return "head-" + p.site.Agency }

// nonce is what the browser of the sender would have drawn.
func (p *play) nonce() []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "scenario case %d", p.i))
	return sum[:16]
}

func receive(ctx context.Context, e *Env, p *play) error {
	notice, err := e.Notice(p.site.Agency)
	if err != nil {
		return err
	}
	sub := cases.Submission{Site: p.site.Host, Topic: p.m.topic, Channel: p.channel, OutsideRef: p.outside, Lang: p.lang, Message: p.said.said, Sender: p.sender, WithholdName: p.withhold, AboutStaff: p.staff, NoticeID: notice, Nonce: p.nonce(), FormAge: time.Minute, Decoy: p.decoy, Addr: fmt.Sprintf("198.51.100.%d", p.i%250)}
	if p.picture != nil && e.Stage != nil {
		f, err := e.Stage(ctx, "ภาพประกอบ.png", bytes.NewReader(p.picture))
		if err != nil {
			return err
		}
		sub.Attachments = []cases.Staged{f}
	}
	if p.channel != "web" {
		a, err := e.actor(ctx, p.officer())
		if err != nil {
			return err
		}
		sub.By = &a
	}
	p.receipt, err = e.Cases.Submit(ctx, sub)
	return err
}

// by makes an act of what somebody of the office does.
func by(who func(p *play) string, do func(ctx context.Context, e *Env, p *play, a policy.Actor, reference string) (cases.Case, error)) act {
	return func(ctx context.Context, e *Env, p *play) error {
		a, err := e.actor(ctx, who(p))
		if err != nil {
			return err
		}
		_, err = do(ctx, e, p, a, p.receipt.Reference)
		return err
	}
}

var (
	consider = by((*play).officer, func(ctx context.Context, e *Env, _ *play, a policy.Actor, ref string) (cases.Case, error) {
		return e.Cases.Consider(ctx, a, ref)
	})
	propose = by((*play).officer, func(ctx context.Context, e *Env, p *play, a policy.Actor, ref string) (cases.Case, error) {
		return e.Cases.Endorse(ctx, a, ref, "propose", p.head(), "เพื่อโปรดพิจารณา เห็นควรรับไว้ดำเนินการ")
	})
	order = by((*play).head, func(ctx context.Context, e *Env, p *play, a policy.Actor, ref string) (cases.Case, error) {
		return e.Cases.Endorse(ctx, a, ref, "order", p.officer(), "ทราบ ดำเนินการตามเสนอ และรายงานผล")
	})
	relevant = by((*play).officer, func(ctx context.Context, e *Env, _ *play, a policy.Actor, ref string) (cases.Case, error) {
		return e.Cases.Triage(ctx, a, ref, cases.Relevant, "อยู่ในหน้าที่และอำนาจของสำนักงาน")
	})
	park = by((*play).officer, func(ctx context.Context, e *Env, p *play, a policy.Actor, ref string) (cases.Case, error) {
		return e.Cases.Triage(ctx, a, ref, cases.Park, "อยู่ในหน้าที่และอำนาจของ"+p.m.park+" เห็นควรส่งต่อ")
	})
	redirect = by((*play).officer, func(ctx context.Context, e *Env, p *play, a policy.Actor, ref string) (cases.Case, error) {
		return e.Cases.Redirect(ctx, a, ref, p.m.outside, p.letter())
	})
	assign = by((*play).head, func(ctx context.Context, e *Env, p *play, a policy.Actor, ref string) (cases.Case, error) {
		return e.Cases.Assign(ctx, a, ref, p.officer())
	})
	note = by((*play).officer, func(ctx context.Context, e *Env, p *play, a policy.Actor, ref string) (cases.Case, error) {
		return e.Cases.Note(ctx, a, ref, notes[p.i%len(notes)])
	})
	ask = by((*play).officer, func(ctx context.Context, e *Env, p *play, a policy.Actor, ref string) (cases.Case, error) {
		text := "ขอทราบรายละเอียดเพิ่มเติม เพื่อให้ดำเนินการได้ถูกต้อง"
		if n := len(p.m.asks); n > 0 {
			text = p.m.asks[p.i%n]
		}
		return e.Cases.Ask(ctx, a, ref, text)
	})
	answer = by((*play).officer, func(ctx context.Context, e *Env, p *play, a policy.Actor, ref string) (cases.Case, error) {
		via := "phone"
		if p.sender["email"] != "" {
			via = "email"
		}
		return e.Cases.Answer(ctx, a, ref, via, p.letter())
	})
	end = by((*play).officer, func(ctx context.Context, e *Env, _ *play, a policy.Actor, ref string) (cases.Case, error) {
		return e.Cases.Close(ctx, a, ref, "done", "ดำเนินการเสร็จสิ้น")
	})
	discard = by((*play).officer, func(ctx context.Context, e *Env, _ *play, a policy.Actor, ref string) (cases.Case, error) {
		return e.Cases.Discard(ctx, a, ref)
	})
)

// letter is the answer as an office writes it.
func (p *play) letter() string {
	if p.lang == "en" {
		return "Dear Sir or Madam,\n\n" + p.said.answered
	}
	return "เรียน ผู้แจ้ง\n\n" + p.said.answered + "\n\nหากท่านมีข้อสงสัยหรือยังได้รับความเดือดร้อน โปรดแจ้งให้สำนักงานทราบ"
}

func reply(ctx context.Context, e *Env, p *play) error {
	text := replies[p.i%len(replies)]
	if p.lang == "en" {
		text = "It is strongest between 11 p.m. and 2 a.m., about 200 metres from the gate."
	}
	return e.Cases.Write(ctx, p.receipt.CaseID, text, nil)
}

func rate(ctx context.Context, e *Env, p *play) error {
	return e.Cases.Rate(ctx, p.receipt.CaseID, 3+p.i%3, "")
}

func accept(ctx context.Context, e *Env, p *play) error {
	return e.Cases.Accept(ctx, p.receipt.CaseID)
}

func reopen(ctx context.Context, e *Env, p *play) error {
	return e.Cases.Reopen(ctx, p.receipt.CaseID, "ปัญหายังเกิดขึ้นอีก ขอให้ตรวจสอบอีกครั้ง")
}
