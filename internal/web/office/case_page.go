package office

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"prasan/internal/accounts"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/mail"
	"prasan/internal/policy"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// caseRoutes: the work.
var caseRoutes = []route{
	{"GET /{lang}/office/cases", full, "case.list", inbox},
	{"GET /{lang}/office/cases/new", full, "case.receive", newCaseForm},
	{"POST /{lang}/office/cases/new", full, "case.receive", takeDown},
	{"GET /{lang}/office/cases/{reference}", full, "case.list", showCase},
	{"POST /{lang}/office/cases/{reference}/sender", full, "case.list", openSender},
	{"POST /{lang}/office/cases/{reference}/mail/{id}", full, "case.work", retryMail},
	{"POST /{lang}/office/cases/{reference}/{act}", full, "case.list", actOnCase},
	{"GET /{lang}/office/chain", full, "case.chain", chainForm},
	{"POST /{lang}/office/chain", full, "case.chain", setChain},
}

// casePage is a case: what was written, the facts beside it, the timeline under it, and
// what may be done with the next right step first.
type casePage struct {
	Reference, Heading string
	Path, Back         string
	State, Due         kit.Chip
	Flags              []kit.Chip
	Topic              string
	Done               string
	Note               *kit.Note
	Kept               string // what was typed for an act that is no longer possible
	Code               string // a new tracking code, shown once
	First              []step
	More               []step
	Panels             []panel
	Lang               string // of the message
	Message            string
	Closed             string // why the message does not open
	Files              []kit.Link
	Facts              []kit.Row
	Sender             senderBox
	Mails              []mailRow
	Moments            []kit.Moment
	Readings           kit.Table
}

// senderBox holds the sender's data, masked until a purpose is chosen.
type senderBox struct {
	Data     []datum
	Purposes []kit.Option
	Ground   string // by which right the officer may open it
	Why      string // why he may not
	Error    string // no purpose was chosen
	Opened   string // that it was opened, for which purpose, and recorded
	Withheld bool
}

type datum struct{ Label, Value, Tel string }

// mailRow is a mail and what became of it.
type mailRow struct {
	Title, When, Why string
	Chip             kit.Chip
	Retry            string
}

// desk is a case open before an officer: what its page and its acts are made from.
type desk struct {
	v          *visit
	d          cases.Detail
	colleagues []accounts.Account
	chain      []string
	doing      string // the act that was posted
	fields     []errs.Field
}

func (v *visit) desk(reference string) (*desk, error) {
	d, err := v.f.Cases.Get(v.Context(), v.session.Actor, reference)
	if err != nil {
		return nil, err
	}
	k := &desk{v: v, d: d}
	if k.chain, err = v.f.Cases.Chain(v.Context(), d.Agency); err != nil {
		return nil, err
	}
	k.colleagues, err = v.colleagues(d.Agency)
	return k, err
}

// maxColleagues is how many people of an agency a list offers.
const maxColleagues = 200

// colleagues are who may hold a case of an agency; nobody, where the actor does not know
// the agency's people: then an account is typed.
func (v *visit) colleagues(agency string) ([]accounts.Account, error) {
	list, err := v.f.Accounts.List(v.Context(), v.session.Actor, agency, "", maxColleagues)
	if errs.KindOf(err) == errs.Forbidden {
		return nil, nil
	}
	return slices.DeleteFunc(list, func(a accounts.Account) bool { return a.Disabled }), err
}

func showCase(v *visit) error {
	k, err := v.desk(v.PathValue("reference"))
	if err != nil {
		return err
	}
	p, err := k.page()
	if err != nil {
		return err
	}
	p.Done = v.done()
	return v.page(http.StatusOK, p.Heading, "office/case", p)
}

// done is what was just done, as the address says after a post.
func (v *visit) done() string {
	if key := "office.done-" + v.FormValue("done"); i18n.Has(key) {
		return v.t(key)
	}
	return ""
}

func (k *desk) page() (*casePage, error) {
	v, c := k.v, &k.d.Case
	p := &casePage{Reference: c.Reference, Heading: v.t("office.case", "reference", c.Reference), Path: v.to("/office/cases/" + c.Reference), Back: v.to("/office/cases"), State: v.stateChip(c.State), Due: v.dueChip(c), Flags: v.flags(c),
		Topic: v.t("office.topic-" + c.Topic), Lang: c.Lang, Message: k.d.Message}
	if k.d.Masked {
		p.Closed = v.t(k.d.Reason)
	}
	names, err := v.people(k.mentioned())
	if err != nil {
		return nil, err
	}
	p.Files = k.links(k.d.FilesOf[k.first()])
	p.Facts = k.facts(names)
	given, err := k.referrals()
	if err != nil {
		return nil, err
	}
	p.Facts = append(p.Facts, given...)
	p.Sender = k.sender()
	p.Mails = k.mails()
	p.Moments = k.moments(names)
	p.Readings = k.readings(names)
	k.offer(p)
	return p, nil
}

// mentioned are all accounts that the page names.
func (k *desk) mentioned() map[string]bool {
	out := map[string]bool{k.d.Assignee: true, k.d.AboutAccount: true}
	for i := range k.d.Events {
		out[k.d.Events[i].Actor], out[k.d.Events[i].Meta["to"]] = true, true
	}
	for _, r := range k.d.Readings {
		out[r.Actor] = true
	}
	return out
}

// first is the event by which the message came; its files are shown beside the message.
func (k *desk) first() string {
	if n := len(k.d.Events); n > 0 {
		return k.d.Events[n-1].ID
	}
	return ""
}

func (k *desk) links(files []cases.Attachment) []kit.Link {
	var out []kit.Link
	for _, a := range files {
		out = append(out, kit.Link{Href: k.v.f.FileURL(k.v.session.Account.Name, k.d.Reference, a.ID), Text: a.Name, Note: kit.FileSize(k.v.lang, a.Size)})
	}
	return out
}

func (k *desk) facts(p people) []kit.Row {
	v, c := k.v, &k.d.Case
	var out []kit.Row
	add := func(key, value string) {
		if value != "" {
			out = append(out, kit.Row{Key: v.t(key), Value: value})
		}
	}
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return thai.DateTime(t, v.lang)
	}
	add("office.holder", p.name(c.Assignee))
	add("office.agency", v.agency(c.Agency))
	if c.OriginAgency != c.Agency {
		add("office.origin", v.agency(c.OriginAgency))
	}
	add("office.received", at(c.ReceivedAt))
	switch {
	case c.ClockLeft > 0:
		add("office.due", v.count("office.due-stands-left", int((c.ClockLeft+24*time.Hour-1)/(24*time.Hour))))
	case c.Open() && c.AnsweredAt.IsZero():
		add("office.due", thai.DateLong(c.DueAt, v.lang))
	}
	add("office.answered-at", at(c.AnsweredAt))
	add("office.closed-at", at(c.ClosedAt))
	add("office.result", v.result(c.Result))
	if c.Rating > 0 {
		add("office.rating", v.t("office.rating-of", "n", c.Rating))
	}
	add("office.site", v.site(c.Site))
	add("office.channel", v.t("office.channel-"+c.Channel))
	add("office.outside-ref", c.OutsideRef)
	if c.QuarantineWhy != "" {
		add("office.quarantine-why", v.t("office.why-"+c.QuarantineWhy))
	}
	if c.Lang != v.lang {
		add("office.lang", v.t("office.lang-"+c.Lang))
	}
	if c.AboutAccount != "" {
		add("office.about", p.name(c.AboutAccount))
	}
	if !c.DestroyAt.IsZero() {
		add("office.destroy-at", thai.DateLong(c.DestroyAt, v.lang))
	}
	return out
}

func (k *desk) sender() senderBox {
	v := k.v
	box := senderBox{Withheld: k.d.WithholdName}
	for _, code := range k.given() {
		box.Data = append(box.Data, datum{Label: v.element(code)})
	}
	if snap := v.f.Cases.Record(cases.Activity); snap != nil {
		for _, x := range snap.Purposes {
			if k.d.MayRead[x.Code] && opens(x, k.d.Given()) {
				box.Purposes = append(box.Purposes, kit.Option{Value: x.Code, Label: x.Text.In(v.lang), Selected: x.Code == v.PostFormValue("purpose")})
				box.Ground = v.ground(snap.MayRead(v.session.Actor, x.Code).Ground)
			}
		}
	}
	if len(box.Purposes) == 0 && len(box.Data) > 0 {
		box.Why = v.t("office.sender-closed")
	}
	return box
}

// given is what the sender gave, in the order of the record.
func (k *desk) given() []string {
	list := k.d.Given()
	snap := k.v.f.Cases.Record(cases.Activity)
	if snap == nil {
		return list
	}
	place := func(code string) int {
		return slices.IndexFunc(snap.Elements, func(e policy.Element) bool { return e.Code == code })
	}
	slices.SortStableFunc(list, func(a, b string) int { return place(a) - place(b) })
	return list
}

// opens tells whether a purpose opens anything of what was given.
func opens(p policy.Purpose, given []string) bool {
	return slices.ContainsFunc(given, func(code string) bool { return slices.Contains(p.Elements, code) })
}

// openSender shows the sender's data in the answer to the post itself: nothing of it is
// kept, and another look is another reading.
func openSender(v *visit) error {
	ref, purpose := v.PathValue("reference"), v.PostFormValue("purpose")
	if purpose == "" {
		return v.purposeMissing(ref)
	}
	plain, err := v.f.Cases.Sender(v.Context(), v.session.Actor, ref, purpose)
	if err != nil {
		return err
	}
	k, err := v.desk(ref)
	if err != nil {
		return err
	}
	p, err := k.page()
	if err != nil {
		return err
	}
	p.Sender.Data = nil
	for _, code := range k.given() {
		x := datum{Label: v.element(code), Value: plain[code]}
		if code == "mobile_phone" {
			x.Tel = plain[code]
		}
		p.Sender.Data = append(p.Sender.Data, x)
	}
	p.Sender.Opened = v.t("office.sender-opened", "at", thai.DateTime(v.f.Now(), v.lang), "purpose", v.purpose(purpose))
	return v.page(http.StatusOK, p.Heading, "office/case", p)
}

// purposeMissing asks for the purpose: none is chosen for an officer beforehand.
func (v *visit) purposeMissing(ref string) error {
	k, err := v.desk(ref)
	if err != nil {
		return err
	}
	p, err := k.page()
	if err != nil {
		return err
	}
	p.Sender.Error = v.t("office.purpose-missing")
	return v.page(http.StatusUnprocessableEntity, p.Heading, "office/case", p)
}

var mailTones = map[string]string{mail.Queued: "busy", mail.HandedOver: "good", mail.Failed: "late", mail.Bounced: "late"}

func (k *desk) mails() []mailRow {
	v := k.v
	var out []mailRow
	for _, m := range k.d.Post {
		r := mailRow{Title: v.t("office.mail-" + m.Kind), When: thai.DateTime(m.ChangedAt, v.lang), Chip: kit.Chip{Tone: mailTones[m.State], Text: v.t("office.mail-state-" + m.State)}, Why: m.LastError}
		if i18n.Has(m.LastError) {
			r.Why = v.t(m.LastError)
		}
		if (m.State == mail.Failed || m.State == mail.Bounced) && policy.May(v.session.Actor, "case.work", k.d.Agency) {
			r.Retry = v.to("/office/cases/" + k.d.Reference + "/mail/" + m.ID)
		}
		out = append(out, r)
	}
	return out
}

func retryMail(v *visit) error {
	ref := v.PathValue("reference")
	if err := v.f.Cases.RetryMail(v.Context(), v.session.Actor, ref, v.PathValue("id")); err != nil {
		return err
	}
	return v.seeOther("/office/cases/" + ref + "?done=mail")
}

// said are the events whose text reads like a letter to the sender.
var said = []string{"answer", "redirect"}

func (k *desk) moments(p people) []kit.Moment {
	v := k.v
	var out []kit.Moment
	for i := range k.d.Events {
		e := &k.d.Events[i]
		m := kit.Moment{At: e.At, Title: v.happened(e, p), Now: i == 0, Text: e.Text, Letter: slices.Contains(said, e.Kind)}
		m.Who = p.name(e.Actor)
		if e.Step > 0 {
			m.Who += " · " + v.t("office.step", "n", e.Step)
		}
		if !e.IsTold() && e.Text != "" {
			m.Chip = &kit.Chip{Tone: "quiet", Text: v.t("office.internal")}
		}
		if e.ID != k.first() {
			m.Files = k.links(k.d.FilesOf[e.ID])
		}
		out = append(out, m)
	}
	return out
}

func (k *desk) readings(p people) kit.Table {
	v := k.v
	t := kit.Table{Caption: v.t("office.readings"), Hidden: true, Head: []string{v.t("office.at"), v.t("office.actor"), v.t("office.act"), v.t("office.purpose"), v.t("office.ground"), v.t("office.data")}, Empty: v.t("office.readings-none")}
	for _, r := range k.d.Readings {
		act := v.t("office.reading-" + r.Act)
		if key := "office.where-" + r.Detail; i18n.Has(key) {
			act = strings.TrimSpace(act + " (" + v.t(key) + ")")
		}
		ground := v.ground(r.Ground)
		if r.Act == "collect" {
			ground = v.t("office.ground-notice")
		}
		t.Rows = append(t.Rows, []kit.Cell{{Text: thai.DateTime(db.Time(r.At), v.lang)}, {Text: p.name(r.Actor)}, {Text: act}, {Text: v.purpose(r.Purpose)}, {Text: ground}, {Text: v.elements(r.Elements)}})
	}
	return t
}
