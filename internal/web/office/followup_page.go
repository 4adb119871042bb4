package office

import (
	"net/http"
	"slices"
	"time"

	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/referral"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// followUpRoutes: what became of data that were disclosed (row 49 of the record). Both see
// them: the office that asks, and an agency of this installation that is asked.
var followUpRoutes = []route{
	{"GET /{lang}/office/follow-ups", full, "letter.read", listFollowUps},
	{"GET /{lang}/office/follow-ups/{id}", full, "letter.read", showFollowUp},
	{"POST /{lang}/office/follow-ups/{id}/note", full, "letter.read", openFollowUp},
	{"POST /{lang}/office/follow-ups/{id}/{act}", full, "letter.read", actOnFollowUp},
}

const followUpsBase = "/office/follow-ups/"

var followUpTones = map[referral.Asking]string{referral.Planned: "quiet", referral.Drawn: "wait", referral.Asked: "busy", referral.Told: "good"}

// followUpChip says where a follow-up stands; of one that was answered, what was said.
func (v *visit) followUpChip(f *referral.FollowUp) *kit.Chip {
	switch {
	case f.Overdue(v.f.Now()):
		return &kit.Chip{Tone: "late", Text: v.t("followup.overdue")}
	case f.State == referral.Told && f.Outcome == referral.StillNeeded:
		return &kit.Chip{Tone: "wait", Text: v.t("followup.outcome-needed")}
	case f.State == referral.Told:
		return &kit.Chip{Tone: "good", Text: v.t("followup.outcome-destroyed")}
	}
	return &kit.Chip{Tone: followUpTones[f.State], Text: v.t("followup.state-" + string(f.State))}
}

func listFollowUps(v *visit) error {
	s := sheet{Heading: v.t("followup.office"), Lead: v.t("followup.lead"), Links: []kit.Link{{Href: v.to("/office/letters/in"), Text: v.t("letters.in")}}}
	if v.reaches("case.list") {
		s.Links = append(s.Links, kit.Link{Href: v.to("/office/disclosures"), Text: v.t("referral.disclosures")})
	}
	asked, err := v.f.Referral.FollowUps(v.Context(), v.session.Actor, referral.FollowUpFilter{Asked: true, Limit: referralsPage})
	if err != nil && errs.KindOf(err) != errs.Forbidden {
		return err
	}
	if len(asked) > 0 {
		s.Tables = append(s.Tables, v.followUpTable("followup.asked-of-us", asked))
	}
	list, err := v.f.Referral.FollowUps(v.Context(), v.session.Actor, referral.FollowUpFilter{Before: v.FormValue("before"), Limit: referralsPage + 1})
	if err != nil {
		return err
	}
	if len(list) > referralsPage {
		list = list[:referralsPage]
		s.Pager = v.older("/office/follow-ups", list[len(list)-1].ID, true)
	}
	s.Tables = append(s.Tables, v.followUpTable("followup.asked-by-us", list))
	return v.show(http.StatusOK, s)
}

func (v *visit) followUpTable(title string, list []referral.FollowUp) table {
	t := table{Title: v.t(title), Head: []string{v.t("referral.case"), v.t("referral.from"), v.t("referral.to"), v.t("followup.due-at"), v.t("followup.reply-by"), v.t("office.status")}, Empty: v.t("followup.none")}
	for i := range list {
		f := &list[i]
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: f.CaseReference, Href: v.to(followUpsBase + f.ID)}, {Text: v.agency(f.Agency)}, {Text: v.agency(f.To)}, {Text: thai.DateShort(f.DueAt, v.lang)}, {Text: v.day(f.ReplyBy)}, {Chip: v.followUpChip(f)}}})
	}
	return t
}

// followUpPage is a follow-up, and what just happened.
type followUpPage struct {
	referral.FollowUp
	doing string
	wrong *errs.E
	note  string // opened by a button, and that is logged
}

func (v *visit) theFollowUp() (followUpPage, error) {
	f, err := v.f.Referral.FollowUp(v.Context(), v.session.Actor, v.PathValue("id"))
	return followUpPage{FollowUp: f}, err
}

func showFollowUp(v *visit) error {
	p, err := v.theFollowUp()
	if err != nil {
		return err
	}
	return v.followUpPage(p)
}

func openFollowUp(v *visit) error {
	p, err := v.theFollowUp()
	if err != nil {
		return err
	}
	if p.note, err = v.f.Referral.FollowUpNote(v.Context(), v.session.Actor, p.ID); err != nil {
		return err
	}
	return v.followUpPage(p)
}

func actOnFollowUp(v *visit) error {
	p, err := v.theFollowUp()
	if err != nil {
		return err
	}
	return v.perform(followUpsBase+p.ID, v.followUpDeeds(p), func(doing string, e *errs.E) error {
		p.doing, p.wrong = doing, e
		return v.followUpPage(p)
	})
}

func (v *visit) followUpDeeds(p followUpPage) []deed {
	s, ctx, who := v.f.Referral, v.Context(), v.session.Actor
	return []deed{
		{"answer", func(t *typed) []ask {
			until := t.line("until", "followup.until", "").help(v.t("followup.until-help")).optional(v)
			until.Field.Type = "date"
			return []ask{t.radios("outcome", "followup.outcome", "followup.outcome-", referral.Destroyed, referral.Destroyed, referral.StillNeeded), until, t.area("note", "followup.note", "", 3).optional(v)}
		}, func(in func(string) string) error {
			q := referral.FollowUpAnswer{Outcome: in("outcome"), Note: in("note")}
			var err error
			if q.Outcome == referral.StillNeeded {
				q.Until, err = dateIn(in("until"))
			}
			if err == nil {
				_, err = s.AnswerFollowUp(ctx, who, p.ID, q)
			}
			return err
		}, true},
		{"ask", nothing, func(func(string) string) error { _, err := s.Ask(ctx, who, p.ID); return err }, false},
	}
}

// dateIn reads a day that may stay empty.
func dateIn(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation(time.DateOnly, thai.ArabicDigits(text), thai.Bangkok)
	if err != nil {
		return time.Time{}, errs.InvalidField("until", "error.date")
	}
	return t, nil
}

func (v *visit) followUpOffered(f *referral.FollowUp) []string {
	var out []string
	if referral.MayAnswer(v.session.Actor, f) {
		out = append(out, "answer")
	}
	if f.State == referral.Planned && policy.May(v.session.Actor, "case.work", f.Agency) {
		out = append(out, "ask")
	}
	return out
}

func (v *visit) followUpPage(p followUpPage) error {
	f := &p.FollowUp
	d := dossier{Back: kit.Link{Href: v.to("/office/follow-ups"), Text: v.t("followup.office")}, Step: v.t("followup.one", "n", f.Round), Heading: f.CaseReference, Chips: []kit.Chip{*v.followUpChip(f)}}
	status := d.said(v, "followup", v.followUpDeeds(p), p.wrong)
	var fields []errs.Field
	if p.wrong != nil {
		fields = p.wrong.Fields
	}
	d.Deeds = v.deedForms("followup", followUpsBase+f.ID, v.followUpDeeds(p), v.followUpOffered(f), p.doing, fields)
	d.Facts = v.followUpFacts(f)
	part := dossierPart{ID: "question", Title: v.t("followup.question"), Lead: v.t("followup.question-lead")}
	if policy.May(v.session.Actor, "case.list", f.Agency) {
		part.Links = []kit.Link{{Href: v.to(referralsBase + f.Referral), Text: v.t("referral.one")}}
	}
	if f.Letter != "" && policy.May(v.session.Actor, "letter.read", f.Agency) {
		part.Links = append(part.Links, kit.Link{Href: v.to(lettersBase + f.Letter), Text: v.t("referral.letter-open")})
	}
	d.Parts = append(d.Parts, part)
	if f.HasNote {
		words := dossierPart{ID: "note", Title: v.t("followup.note"), Lead: v.t("referral.words-closed"), Post: v.to(followUpsBase + f.ID + "/note"), Button: v.t("referral.words-open")}
		if p.note != "" {
			words.Lead, words.Post, words.Paper = "", "", p.note
		}
		d.Parts = append(d.Parts, words)
	}
	return v.page(status, d.Heading, "office/dossier", d)
}

func (v *visit) followUpFacts(f *referral.FollowUp) []kit.Row {
	out := []kit.Row{{Key: v.t("referral.from"), Value: v.agency(f.Agency)}, {Key: v.t("referral.to"), Value: v.agency(f.To)}, {Key: v.t("followup.due-at"), Value: thai.DateLong(f.DueAt, v.lang)}}
	if f.Via != "" {
		out = append(out, kit.Row{Key: v.t("followup.via"), Value: v.t("followup.via-" + f.Via)})
	}
	for _, x := range []struct {
		key string
		at  time.Time
	}{{"followup.asked-at", f.AskedAt}, {"followup.reply-by", f.ReplyBy}, {"followup.answered-at", f.AnsweredAt}, {"followup.until", f.NeededUntil}} {
		if !x.at.IsZero() {
			out = append(out, kit.Row{Key: v.t(x.key), Value: thai.DateLong(x.at, v.lang)})
		}
	}
	return out
}

// followUpsOf are the follow-ups of one referral, first round first.
func (v *visit) followUpsOf(id string) (*dossierPart, error) {
	list, err := v.f.Referral.FollowUps(v.Context(), v.session.Actor, referral.FollowUpFilter{Referrals: []string{id}})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	slices.Reverse(list)
	t := &kit.Table{Caption: v.t("followup.office"), Hidden: true, Head: []string{v.t("followup.due-at"), v.t("followup.reply-by"), v.t("office.status")}}
	for i := range list {
		f := &list[i]
		t.Rows = append(t.Rows, []kit.Cell{{Text: thai.DateShort(f.DueAt, v.lang), Href: v.to(followUpsBase + f.ID)}, {Text: v.day(f.ReplyBy)}, {Chip: v.followUpChip(f)}})
	}
	return &dossierPart{ID: "followups", Title: v.t("followup.office"), Lead: v.t("followup.lead"), Table: t}, nil
}

// referrals are the facts of a case about where it went: to whom, how far it has come, and
// what became of the data there.
func (k *desk) referrals() ([]kit.Row, error) {
	v := k.v
	if v.f.Referral == nil {
		return nil, nil
	}
	list, err := v.f.Referral.List(v.Context(), v.session.Actor, referral.Filter{Case: k.d.Reference})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var ids []string
	for i := range list {
		ids = append(ids, list[i].ID)
	}
	after, err := v.f.Referral.LastFollowUps(v.Context(), v.session.Actor, ids...)
	if err != nil {
		return nil, err
	}
	var out []kit.Row
	for i := range list {
		r := &list[i]
		lines := []string{v.referralChip(r).Text}
		if f, ok := after[r.ID]; ok {
			lines = append(lines, v.t("followup.in-case", "state", v.followUpChip(&f).Text, "at", thai.DateShort(f.DueAt, v.lang)))
		}
		out = append(out, kit.Row{Key: v.t("referral.heading", "agency", v.agency(r.To)), Lines: lines})
	}
	return out, nil
}
