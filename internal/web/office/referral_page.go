package office

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/referral"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// referralRoutes: a case goes to the agency whose it is; what was disclosed thereby.
var referralRoutes = slices.Concat([]route{
	{"GET /{lang}/office/cases/{reference}/refer", full, "case.route", referForm},
	{"POST /{lang}/office/cases/{reference}/refer", full, "case.route", referCase},
	{"GET /{lang}/office/referrals", full, "case.list", listReferrals},
	{"GET /{lang}/office/referrals/{id}", full, "case.list", showReferral},
	{"POST /{lang}/office/referrals/{id}/words", full, "case.list", openReferral},
	{"POST /{lang}/office/referrals/{id}/{act}", full, "case.list", actOnReferral},
	{"GET /{lang}/office/disclosures", full, "case.list", listDisclosures},
}, followUpRoutes)

const (
	referralsBase = "/office/referrals/"
	referralsPage = 50
)

var referralTones = map[referral.State]string{referral.Drafted: "wait", referral.Sent: "busy", referral.Delivered: "busy", referral.Accepted: "busy", referral.Rejected: "stop", referral.Invalid: "stop", referral.Answered: "wait", referral.Published: "good", referral.Recalled: "quiet"}

func (v *visit) referralChip(r *referral.Referral) *kit.Chip {
	if r.Overdue(v.f.Now()) {
		return &kit.Chip{Tone: "late", Text: v.t("referral.overdue")}
	}
	return &kit.Chip{Tone: referralTones[r.State], Text: v.t("referral.state-" + string(r.State))}
}

func (v *visit) when(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return thai.DateTime(t, v.lang)
}

// mayRefer tells whether the page of a case offers the way to a referral.
func (v *visit) mayRefer(c *cases.Case) bool {
	return v.f.Referral != nil && policy.May(v.session.Actor, "case.route", c.Agency) && slices.Contains([]cases.State{cases.Received, cases.Considering, cases.InProgress, cases.Referred}, c.State)
}

// referAsks are the inputs of a referral. The agencies and the data are those that the
// record in force declares; nothing else can be ticked.
func (v *visit) referAsks(t *typed, reference string) ([]ask, error) {
	snap := v.f.Referral.Record(referral.Activity)
	if snap == nil {
		return nil, errs.New(errs.Unavailable, "error.no-record")
	}
	suggested, err := v.f.Referral.Suggest(v.Context(), v.session.Actor, reference)
	if err != nil {
		return nil, err
	}
	agencies := &kit.Radios{Name: "agency", ID: t.id("agency"), Legend: v.t("referral.agency"), Help: v.t("referral.agency-help"), Error: t.wrong("agency")}
	chosen := ""
	if len(suggested) > 0 && suggested[0].Score > 0 {
		chosen = suggested[0].Agency
	}
	chosen = t.value("agency", chosen)
	for _, s := range suggested {
		a, _ := v.f.Agencies.Get(s.Agency)
		o := kit.Option{Value: s.Agency, Label: a.Name.In(v.lang), Selected: s.Agency == chosen}
		if len(s.Words) > 0 {
			o.Help = v.t("referral.because-words", "words", strings.Join(s.Words, ", "))
		} else if s.Before > 0 {
			o.Help = v.t("referral.because-before", "n", s.Before)
		}
		agencies.Options = append(agencies.Options, o)
	}
	labels := v.f.Labels(referral.Activity, v.lang)
	fields := ask{Legend: v.t("referral.fields"), Name: t.id("fields"), Error: t.wrong("fields")}
	for _, r := range snap.Recipients {
		for _, e := range r.Elements {
			if slices.ContainsFunc(fields.Checks, func(c kit.Checkbox) bool { return c.Value == e }) {
				continue
			}
			c := kit.Checkbox{Name: "fields", ID: t.id("fields"), Value: e, Label: labels[e], Checked: t.checked("fields", e) || !t.active && e == "message"}
			if c.Label == "" {
				c.Label = v.elementName(e)
			}
			if len(fields.Checks) > 0 {
				c.ID += "-" + e
			}
			fields.Checks = append(fields.Checks, c)
		}
	}
	return []ask{{Radios: agencies}, t.area("reason", "referral.reason", "", 3).help(v.t("referral.reason-help")), fields,
		t.line("contact", "referral.contact", "").optional(v),
		t.checks("checks", "referral.checks", "referral.check-", referral.Checks...)}, nil
}

func referForm(v *visit) error { return v.referring(http.StatusOK, false, nil) }

func (v *visit) referring(status int, posted bool, fields []errs.Field) error {
	c, err := v.f.Cases.MayRefer(v.Context(), v.session.Actor, v.PathValue("reference"))
	if err != nil {
		return err
	}
	t := &typed{v: v, deed: "refer", active: posted, fields: fields}
	asks, err := v.referAsks(t, c.Reference)
	if err != nil {
		return err
	}
	f := deedForm{Title: v.t("referral.refer"), Help: v.t("referral.refer-help"), Action: v.to("/office/cases/" + c.Reference + "/refer"), Button: v.t("referral.draft"), Asks: asks}
	f.Errors = summaryIn(v, t, fields)
	return v.page(status, f.Title, "office/taking", taking{kit.Link{Href: v.to("/office/cases/" + c.Reference), Text: c.Reference}, f})
}

func referCase(v *visit) error {
	q := referral.Request{To: v.PostFormValue("agency"), Reason: v.PostFormValue("reason"), Contact: v.PostFormValue("contact"), Fields: v.PostForm["fields"], Checks: v.PostForm["checks"]}
	r, _, err := v.f.Referral.Refer(v.Context(), v.session.Actor, v.PathValue("reference"), q)
	if errs.KindOf(err) == errs.Invalid {
		return v.referring(http.StatusUnprocessableEntity, true, errs.As(err).Fields)
	}
	if err != nil {
		return err
	}
	return v.seeOther(referralsBase + r.ID + "?done=refer")
}

func listReferrals(v *visit) error {
	list, err := v.f.Referral.List(v.Context(), v.session.Actor, referral.Filter{Before: v.FormValue("before"), Limit: referralsPage + 1})
	if err != nil {
		return err
	}
	s := sheet{Heading: v.t("referral.office"), Links: []kit.Link{{Href: v.to("/office/disclosures"), Text: v.t("referral.disclosures")}, {Href: v.to("/office/letters"), Text: v.t("letters.out")}}}
	t := table{Title: v.t("referral.office"), Head: []string{v.t("referral.case"), v.t("referral.to"), v.t("referral.sent-at"), v.t("referral.due-at"), v.t("referral.receipt"), v.t("office.status")}, Empty: v.t("referral.none")}
	more := len(list) > referralsPage
	list = list[:min(len(list), referralsPage)]
	for i := range list {
		r := &list[i]
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: r.CaseReference, Href: v.to(referralsBase + r.ID)}, {Text: v.agency(r.To)}, {Text: v.when(r.SentAt)}, {Text: thai.DateShort(r.DueAt, v.lang)}, {Text: or(r.AcceptNumber, "–")}, {Chip: v.referralChip(r)}}})
	}
	if more {
		s.Pager = v.older("/office/referrals", list[len(list)-1].ID, more)
	}
	s.Tables = []table{t}
	return v.show(http.StatusOK, s)
}

func listDisclosures(v *visit) error {
	list, err := v.f.Referral.Disclosures(v.Context(), v.session.Actor, referral.Filter{Before: v.FormValue("before"), Limit: referralsPage + 1})
	if err != nil {
		return err
	}
	labels := v.f.Labels(referral.Activity, v.lang)
	s := sheet{Heading: v.t("referral.disclosures"), Lead: v.t("referral.disclosures-lead"), Links: []kit.Link{{Href: v.to("/office/referrals"), Text: v.t("referral.office")}, {Href: v.to("/office/follow-ups"), Text: v.t("followup.office")}}}
	t := table{Title: v.t("referral.disclosures"), Head: []string{v.t("referral.when"), v.t("referral.case"), v.t("referral.from"), v.t("referral.to"), v.t("referral.fields"), v.t("referral.letter"), v.t("referral.basis"), v.t("followup.after")}, Empty: v.t("referral.no-disclosures")}
	more := len(list) > referralsPage
	list = list[:min(len(list), referralsPage)]
	var referred []string
	for _, d := range list {
		referred = append(referred, d.Referral)
	}
	after, err := v.f.Referral.LastFollowUps(v.Context(), v.session.Actor, referred...)
	if err != nil {
		return err
	}
	for _, d := range list {
		names := make([]string, len(d.Elements))
		for i, e := range d.Elements {
			names[i] = or(labels[e], v.elementName(e))
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: v.when(d.At)}, {Text: d.CaseReference, Href: v.to("/office/cases/" + d.CaseReference)}, {Text: v.agency(d.Agency)}, {Text: v.agency(d.To)}, {Text: strings.Join(names, ", ")}, {Text: d.LetterNumber, Href: v.to(lettersBase + d.Letter)}, {Text: d.Basis}, v.afterCell(after, d.Referral)}})
	}
	if more {
		s.Pager = v.older("/office/disclosures", list[len(list)-1].ID, more)
	}
	s.Tables = []table{t}
	return v.show(http.StatusOK, s)
}

// afterCell says what became of data that were disclosed.
func (v *visit) afterCell(after map[string]referral.FollowUp, id string) kit.Cell {
	f, ok := after[id]
	if !ok {
		return kit.Cell{Text: "–"}
	}
	return kit.Cell{Chip: v.followUpChip(&f), Text: thai.DateShort(f.DueAt, v.lang), Href: v.to(followUpsBase + f.ID)}
}

// referralPage is the referral that is shown, and what just happened.
type referralPage struct {
	referral.Referral
	doing          string
	wrong          *errs.E
	opened         bool // by a button, and that is logged
	reason, answer string
}

func (v *visit) theReferral() (referralPage, error) {
	r, err := v.f.Referral.Get(v.Context(), v.session.Actor, v.PathValue("id"))
	return referralPage{Referral: r}, err
}

func showReferral(v *visit) error {
	p, err := v.theReferral()
	if err != nil {
		return err
	}
	return v.referralPage(p)
}

func openReferral(v *visit) error {
	r, reason, answer, err := v.f.Referral.Words(v.Context(), v.session.Actor, v.PathValue("id"))
	if err != nil {
		return err
	}
	return v.referralPage(referralPage{Referral: r, opened: true, reason: reason, answer: answer})
}

func actOnReferral(v *visit) error {
	p, err := v.theReferral()
	if err != nil {
		return err
	}
	return v.perform(referralsBase+p.ID, v.referralDeeds(p), func(doing string, e *errs.E) error {
		p.doing, p.wrong = doing, e
		return v.referralPage(p)
	})
}

func (v *visit) referralDeeds(p referralPage) []deed {
	s, ctx, who := v.f.Referral, v.Context(), v.session.Actor
	return []deed{
		{"publish", func(t *typed) []ask { return []ask{t.area("text", "referral.publish-text", "", 6)} }, func(in func(string) string) error {
			_, err := s.Publish(ctx, who, p.ID, in("text"))
			return err
		}, true},
		{"answer", func(t *typed) []ask {
			return []ask{t.area("text", "referral.answer-text", "", 4), t.radios("to", "referral.answer-to", "referral.answer-to-", "sender", "sender", "citizen"), t.line("letter", "referral.answer-letter", "").help(v.t("referral.answer-letter-help")).optional(v)}
		}, func(in func(string) string) error {
			_, err := s.Answer(ctx, who, p.ID, in("to"), in("text"), strings.TrimSpace(in("letter")))
			return err
		}, false},
		{"inform", func(t *typed) []ask {
			text, err := s.InterimText(ctx, &p.Referral)
			if err != nil {
				text = "" // the officer writes it
			}
			return []ask{t.area("text", "referral.publish-text", text, 6)}
		}, func(in func(string) string) error { _, err := s.Inform(ctx, who, p.ID, in("text")); return err }, false},
		{"remind", nothing, func(func(string) string) error { _, err := s.Remind(ctx, who, p.ID); return err }, false},
	}
}

func (v *visit) referralOffered(r *referral.Referral) []string {
	switch {
	case r.Overdue(v.f.Now()) && policy.May(v.session.Actor, "case.work", r.Agency):
		out := []string{"answer", "remind"}
		if r.OwesInterim(v.f.Now()) {
			out = append([]string{"inform"}, out...)
		}
		return out
	case !policy.May(v.session.Actor, "case.work", r.Agency):
		return nil
	case r.State == referral.Answered:
		return []string{"publish"}
	case slices.Contains([]referral.State{referral.Sent, referral.Delivered, referral.Accepted}, r.State):
		return []string{"answer", "inform"}
	}
	return nil
}

func (v *visit) referralPage(p referralPage) error {
	r := &p.Referral
	to, _ := v.f.Agencies.Get(r.To)
	d := dossier{Back: kit.Link{Href: v.to("/office/cases/" + r.CaseReference), Text: r.CaseReference}, Step: v.t("referral.one"), Heading: v.t("referral.heading", "agency", to.Name.In(v.lang)), Chips: []kit.Chip{*v.referralChip(r)}}
	d.Way = v.way("referral.state-", string(r.State), "drafted", "sent", "delivered", "accepted", "answered", "published")
	if r.State == referral.Rejected || r.State == referral.Invalid || r.State == referral.Recalled {
		d.Way = nil
	}
	status := d.said(v, "referral", v.referralDeeds(p), p.wrong)
	if v.URL.Query().Get("done") == "refer" && p.wrong == nil {
		d.Done = v.t("referral.drafted")
	}
	var fields []errs.Field
	if p.wrong != nil {
		fields = p.wrong.Fields
	}
	d.Deeds = v.deedForms("referral", referralsBase+r.ID, v.referralDeeds(p), v.referralOffered(r), p.doing, fields)
	words := dossierPart{ID: "words", Title: v.t("referral.words")}
	switch {
	case !p.opened:
		words.Lead, words.Post, words.Button = v.t("referral.words-closed"), v.to(referralsBase+r.ID+"/words"), v.t("referral.words-open")
	default:
		words.Rows = []kit.Row{{Key: v.t("referral.reason"), Lines: strings.Split(p.reason, "\n")}}
		if p.answer != "" {
			words.Rows = append(words.Rows, kit.Row{Key: v.t("referral.answer-text"), Lines: strings.Split(p.answer, "\n")})
		}
	}
	d.Parts = append(d.Parts, dossierPart{ID: "letter", Title: v.t("referral.letter"), Lead: v.t("referral.letter-lead"), Links: []kit.Link{{Href: v.to(lettersBase + r.Letter), Text: v.t("referral.letter-open")}}}, words)
	after, err := v.followUpsOf(r.ID)
	if err != nil {
		return err
	}
	if after != nil {
		d.Parts = append(d.Parts, *after)
	}
	if r.OwesInterim(v.f.Now()) && d.Note == nil {
		d.Note = &kit.Note{Tone: "warn", Title: v.t("referral.owes-interim")}
	}
	mails, err := v.mailPart(r.ID)
	if err != nil {
		return err
	}
	d.Parts = append(d.Parts, mails...)
	names, err := v.namesOf(r.CreatedBy)
	if err != nil {
		return err
	}
	d.Facts = v.referralFacts(r, names)
	return v.page(status, d.Heading, "office/dossier", d)
}

func (v *visit) referralFacts(r *referral.Referral, names people) []kit.Row {
	labels := v.f.Labels(referral.Activity, v.lang)
	var given []string
	for _, e := range r.Elements {
		given = append(given, or(labels[e], v.elementName(e)))
	}
	out := []kit.Row{
		{Key: v.t("referral.from"), Value: v.agency(r.Agency)}, {Key: v.t("referral.to"), Value: v.agency(r.To)},
		{Key: v.t("referral.fields"), Lines: given}, {Key: v.t("referral.basis"), Value: v.t("referral.section", "n", r.Basis)},
		{Key: v.t("referral.created"), Lines: []string{v.when(r.CreatedAt), names.name(r.CreatedBy)}},
		{Key: v.t("referral.due-at"), Value: thai.DateLong(r.DueAt, v.lang)},
	}
	if r.Contact != "" {
		out = append(out, kit.Row{Key: v.t("referral.contact"), Value: r.Contact})
	}
	for _, x := range []struct {
		key string
		at  time.Time
	}{{"referral.sent-at", r.SentAt}, {"referral.delivered-at", r.DeliveredAt}, {"referral.accepted-at", r.AcceptedAt}, {"referral.interim-at", r.InterimAt}, {"referral.answered-at", r.AnsweredAt}, {"referral.published-at", r.PublishedAt}} {
		if !x.at.IsZero() {
			out = append(out, kit.Row{Key: v.t(x.key), Value: v.when(x.at)})
		}
	}
	if r.AcceptNumber != "" {
		out = append(out, kit.Row{Key: v.t("referral.receipt"), Value: r.AcceptNumber})
	}
	if s := r.Suggestion; s.Agency != "" {
		out = append(out, kit.Row{Key: v.t("referral.suggested"), Value: v.agency(s.Agency)})
	}
	return out
}
