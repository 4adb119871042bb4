package scenario

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"time"

	"prasan/internal/cases"
	"prasan/internal/sites"
)

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

// plan writes the story of the i-th case: who, what, where, and what is done by whom.
func (e *Env) plan(i int, begin, now time.Time) []step {
	r := rand.New(rand.NewPCG(20261123, uint64(i)))
	p := e.cast(i, r)
	// The last six weeks are busier than the year before them, and hold what is open.
	days := int(now.Sub(begin).Hours() / 24)
	recent := i%4 == 0
	day := r.IntN(days - 45)
	if recent {
		day = days - 1 - r.IntN(24)
	}
	at := workHour(r, begin.AddDate(0, 0, day+1))
	if !at.Before(now) {
		at = now.Add(-time.Duration(5+r.IntN(300)) * time.Minute)
	}
	out := e.outcome(i, r, p, recent)
	return story(r, p, at, out)
}

// cast chooses the person, the site and the words.
func (e *Env) cast(i int, r *rand.Rand) *play {
	p := &play{i: i, channel: "web", lang: "th"}
	all := e.Sites.All()
	switch {
	case i%6 == 0:
		p.site = first(all, "rayong")
	case i%6 == 1 || i%6 == 2:
		p.site = first(all, offices[r.IntN(len(offices))])
	default:
		p.site = all[r.IntN(len(all))]
	}
	p.m = matters[i%len(matters)]
	if i%19 == 7 {
		p.m, p.lang = english[r.IntN(len(english))], "en"
	}
	p.text = fill(r, pick(r, p.m.texts))
	if i%40 == 11 {
		p.staff, p.text, p.m = true, fill(r, pick(r, aboutStaff)), matters[len(matters)-1]
	}
	if i%45 == 13 {
		p.decoy, p.text = true, pick(r, spam)
	}
	p.withhold = p.m.topic == "problem" && r.IntN(3) == 0
	if i%11 == 3 && !p.decoy && !p.staff {
		p.channel = pick(r, []string{"phone", "counter", "mail", "letter"})
		if p.channel == "mail" && r.IntN(2) == 0 {
			p.outside = fmt.Sprintf("1111-%07d", 2569000+i)
		}
	}
	p.sender = person4(r, p.lang, i)
	return p
}

func first(all []sites.Site, agency string) sites.Site {
	for _, s := range all {
		if s.Agency == agency {
			return s
		}
	}
	return all[0]
}

// person4 is a sender: single names and foreign phones exist, and one of phone and
// e-mail is enough.
func person4(r *rand.Rand, lang string, i int) map[string]string {
	out := map[string]string{"given_name": pick(r, given)}
	if name := pick(r, family); name != "" {
		out["family_name"] = name
	}
	phone := fmt.Sprintf("08%08d", 10000000+r.IntN(89999999))
	if lang == "en" {
		f := pick(r, foreigners)
		out = map[string]string{"given_name": f[0]}
		if f[1] != "" {
			out["family_name"] = f[1]
		}
		phone = fmt.Sprintf("+6591%06d", r.IntN(999999))
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

// outcome says how far the case comes.
func (e *Env) outcome(i int, r *rand.Rand, p *play, recent bool) outcome {
	switch {
	case p.decoy && i%2 == 0:
		return quarantined
	case p.decoy:
		return discarded
	case p.m.verdict == "park":
		return parked
	case recent:
		return []outcome{fresh, fresh, considering, working, asked, asked, answered}[r.IntN(7)]
	}
	if i%23 == 0 {
		return working // overdue by now
	}
	return []outcome{answered, answered, accepted, accepted, closed, closed, reopened}[r.IntN(7)]
}

// story strings the steps of a case together.
func story(r *rand.Rand, p *play, at time.Time, out outcome) []step {
	var list []step
	then := func(do func(ctx context.Context, e *Env, p *play) error) {
		list = append(list, step{at, p, do})
		at = workHour(r, onWork(at.AddDate(0, 0, 1+r.IntN(4))))
	}
	then(receive)
	if out == fresh || out == quarantined {
		return list
	}
	if out == discarded {
		then(discard)
		return list
	}
	then(consider)
	if out == considering {
		return list
	}
	if out == parked {
		then(park)
		return list
	}
	if p.m.verdict == "elsewhere" {
		then(redirect)
		return list
	}
	then(relevant)
	if r.IntN(2) == 0 {
		then(assign)
	}
	if out == working {
		then(note)
		return list
	}
	if out == asked || len(p.m.asks) > 0 && r.IntN(3) == 0 {
		then(ask)
		if out == asked {
			return list
		}
		then(reply)
	}
	then(answer)
	switch out {
	case accepted:
		then(rate)
		then(accept)
	case closed:
		then(end)
	case reopened:
		then(reopen)
		then(answer)
	}
	return list
}

func officer(p *play) string {
	if p.staff {
		return "head-" + p.site.Agency
	}
	return "officer-" + p.site.Agency
}

func receive(ctx context.Context, e *Env, p *play) error {
	notice, err := e.Notice(p.site.Agency)
	if err != nil {
		return err
	}
	nonce := sha256.Sum256([]byte(fmt.Sprintf("scenario case %d", p.i)))
	sub := cases.Submission{Site: p.site.Host, Topic: p.m.topic, Channel: p.channel, OutsideRef: p.outside, Lang: p.lang, Message: p.text, Sender: p.sender, WithholdName: p.withhold, AboutStaff: p.staff, NoticeID: notice, Nonce: nonce[:16], FormAge: time.Minute, Decoy: p.decoy, Addr: fmt.Sprintf("198.51.100.%d", p.i%250)}
	if p.channel != "web" {
		a, err := e.actor(ctx, officer(p))
		if err != nil {
			return err
		}
		sub.By = &a
	}
	p.receipt, err = e.Cases.Submit(ctx, sub)
	return err
}

func consider(ctx context.Context, e *Env, p *play) error {
	a, err := e.actor(ctx, officer(p))
	if err != nil {
		return err
	}
	_, err = e.Cases.Consider(ctx, a, p.receipt.Reference)
	return err
}

func relevant(ctx context.Context, e *Env, p *play) error {
	a, err := e.actor(ctx, officer(p))
	if err != nil {
		return err
	}
	_, err = e.Cases.Triage(ctx, a, p.receipt.Reference, cases.Relevant, "อยู่ในหน้าที่และอำนาจของสำนักงาน")
	return err
}

func park(ctx context.Context, e *Env, p *play) error {
	a, err := e.actor(ctx, officer(p))
	if err != nil {
		return err
	}
	_, err = e.Cases.Triage(ctx, a, p.receipt.Reference, cases.Park, "เป็นหน้าที่ของส่วนราชการอื่นในกระทรวง ("+p.m.agency+") เห็นควรส่งต่อ")
	return err
}

func redirect(ctx context.Context, e *Env, p *play) error {
	a, err := e.actor(ctx, officer(p))
	if err != nil {
		return err
	}
	_, err = e.Cases.Redirect(ctx, a, p.receipt.Reference, "องค์กรปกครองส่วนท้องถิ่น", p.m.answers[0])
	return err
}

func assign(ctx context.Context, e *Env, p *play) error {
	a, err := e.actor(ctx, "head-"+p.site.Agency)
	if err != nil {
		return err
	}
	_, err = e.Cases.Assign(ctx, a, p.receipt.Reference, officer(p))
	return err
}

func note(ctx context.Context, e *Env, p *play) error {
	a, err := e.actor(ctx, officer(p))
	if err != nil {
		return err
	}
	_, err = e.Cases.Note(ctx, a, p.receipt.Reference, "นัดเข้าตรวจสอบพื้นที่ร่วมกับฝ่ายโรงงานแล้ว รอผลการตรวจสอบ")
	return err
}

func ask(ctx context.Context, e *Env, p *play) error {
	a, err := e.actor(ctx, officer(p))
	if err != nil {
		return err
	}
	text := "ขอทราบรายละเอียดเพิ่มเติม เพื่อให้ดำเนินการได้ถูกต้อง"
	if len(p.m.asks) > 0 {
		text = p.m.asks[0]
	}
	_, err = e.Cases.Ask(ctx, a, p.receipt.Reference, text)
	return err
}

func reply(ctx context.Context, e *Env, p *play) error {
	return e.Cases.Write(ctx, p.receipt.CaseID, "จุดที่พบอยู่ห่างจากปากซอยประมาณ 200 เมตร ช่วงเวลา 23.00-02.00 น.", nil)
}

func answer(ctx context.Context, e *Env, p *play) error {
	a, err := e.actor(ctx, officer(p))
	if err != nil {
		return err
	}
	via := "phone"
	if p.sender["email"] != "" {
		via = "email"
	}
	text := "เรียน ผู้แจ้ง\n\n" + p.m.answers[p.i%len(p.m.answers)] + "\n\nหากท่านยังได้รับความเดือดร้อน โปรดแจ้งให้สำนักงานทราบ"
	if p.lang == "en" {
		text = "Dear Sir or Madam,\n\n" + p.m.answers[p.i%len(p.m.answers)]
	}
	_, err = e.Cases.Answer(ctx, a, p.receipt.Reference, via, text)
	return err
}

func rate(ctx context.Context, e *Env, p *play) error {
	return e.Cases.Rate(ctx, p.receipt.CaseID, 3+p.i%3, "")
}

func accept(ctx context.Context, e *Env, p *play) error {
	return e.Cases.Accept(ctx, p.receipt.CaseID)
}

func end(ctx context.Context, e *Env, p *play) error {
	a, err := e.actor(ctx, officer(p))
	if err != nil {
		return err
	}
	_, err = e.Cases.Close(ctx, a, p.receipt.Reference, "done", "ดำเนินการเสร็จสิ้น")
	return err
}

func reopen(ctx context.Context, e *Env, p *play) error {
	return e.Cases.Reopen(ctx, p.receipt.CaseID, "ปัญหายังเกิดขึ้นอีก ขอให้ตรวจสอบอีกครั้ง")
}

func discard(ctx context.Context, e *Env, p *play) error {
	a, err := e.actor(ctx, officer(p))
	if err != nil {
		return err
	}
	_, err = e.Cases.Discard(ctx, a, p.receipt.Reference)
	return err
}
