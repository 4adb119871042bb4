package office

import (
	"slices"
	"strconv"
	"strings"

	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/rights"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

const rightsBase = "/office/rights/"

// rightsPage is what is known of the request that is shown, and what just happened.
type rightsPage struct {
	rights.Request
	doing     string
	wrong     *errs.E
	statement string // opened by a button, and that is logged
}

func showRights(v *visit) error {
	r, err := v.f.Rights.Get(v.Context(), v.session.Actor, v.PathValue("reference"))
	if err != nil {
		return err
	}
	return v.rightsPage(rightsPage{Request: r})
}

// openStatement shows what was asked; the service logs the reading.
func openStatement(v *visit) error {
	r, err := v.f.Rights.Get(v.Context(), v.session.Actor, v.PathValue("reference"))
	if err != nil {
		return err
	}
	p := rightsPage{Request: r}
	if p.statement, err = v.f.Rights.Statement(v.Context(), v.session.Actor, r.Reference); err != nil {
		return err
	}
	if p.statement == "" {
		p.statement = v.t("rights.statement-none")
	}
	return v.rightsPage(p)
}

// copyAtCounter makes the copy for a person who shows the code of his request.
func copyAtCounter(v *visit) error {
	r, err := v.f.Rights.Get(v.Context(), v.session.Actor, v.PathValue("reference"))
	if err != nil {
		return err
	}
	copied, err := v.f.Rights.Bundle(v.Context(), r.Reference, v.PostFormValue("code"))
	switch errs.KindOf(err) {
	case errs.NotFound:
		x := errs.As(errs.InvalidField("code", "rights.error-code"))
		return v.rightsPage(rightsPage{Request: r, doing: "copy", wrong: x})
	case errs.Conflict:
		return v.rightsPage(rightsPage{Request: r, doing: "copy", wrong: errs.As(err)})
	}
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Cache-Control", kit.CacheNone)
	h.Set("Content-Disposition", `attachment; filename="`+r.Reference+`.zip"`)
	return copied.Write(v.Context(), v.w)
}

func actOnRights(v *visit) error {
	r, err := v.f.Rights.Get(v.Context(), v.session.Actor, v.PathValue("reference"))
	if err != nil {
		return err
	}
	return v.perform(rightsBase+r.Reference, v.rightsDeeds(r), func(doing string, e *errs.E) error {
		return v.rightsPage(rightsPage{Request: r, doing: doing, wrong: e})
	})
}

// rightsDeeds are all deeds on a request.
func (v *visit) rightsDeeds(r rights.Request) []deed {
	s, ctx, who := v.f.Rights, v.Context(), v.session.Actor
	return []deed{
		{"decide", func(t *typed) []ask {
			return []ask{t.radios("outcome", "rights.outcome", "rights.outcome-", "", rights.Granted, rights.Partly, rights.Refused),
				t.line("ground", "rights.ground", "").help(v.t("rights.ground-help")).optional(v), t.area("reasons", "rights.reasons", "", 4).help(v.t("rights.reasons-help"))}
		}, func(in func(string) string) error {
			_, err := s.Decide(ctx, who, r.Reference, rights.Decision{Outcome: in("outcome"), Ground: sectionOf(in("ground")), Reasons: in("reasons")})
			return err
		}, false},
		{"execute", v.executeAsks(r), func(in func(string) string) error {
			_, err := s.Execute(ctx, who, r.Reference, rights.Order{Element: in("element"), Value: in("value")})
			return err
		}, r.Right == rights.Erasure},
		{"draft", nothing, func(func(string) string) error { _, err := s.Draft(ctx, who, r.Reference); return err }, false},
		{"answer", func(t *typed) []ask { return []ask{t.area("text", "rights.answer-text", "", 4).optional(v)} }, func(in func(string) string) error {
			_, err := s.Answer(ctx, who, r.Reference, in("text"))
			return err
		}, false},
		{"copy", func(t *typed) []ask { return []ask{t.line("code", "rights.code", "").help(v.t("rights.code-counter"))} }, nil, false},
		{"close", nothing, func(func(string) string) error { _, err := s.Close(ctx, who, r.Reference); return err }, false},
		{"lift", func(t *typed) []ask { return []ask{t.area("reason", "rights.lift-reason", "", 3)} }, func(in func(string) string) error {
			return s.Lift(ctx, who, r.Reference, in("reason"))
		}, false},
	}
}

// sectionOf is the bare number of a section, however it was typed.
func sectionOf(typed string) string {
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(thai.ArabicDigits(strings.TrimSpace(typed)), "มาตรา"), "s."))
}

// executeAsks: only a rectification needs to be told what to do.
func (v *visit) executeAsks(r rights.Request) func(t *typed) []ask {
	if r.Right != rights.Rectification || r.Outcome == rights.Refused {
		return nothing
	}
	return func(t *typed) []ask {
		f := &kit.Field{Name: "element", ID: t.id("element"), Label: v.t("rights.element"), Error: t.wrong("element")}
		for _, e := range v.formElements(r.Activity) {
			f.Options = append(f.Options, kit.Option{Value: e.Code, Label: e.Label.In(v.lang), Selected: t.value("element", "") == e.Code})
		}
		return []ask{{Field: f}, t.line("value", "rights.value", "")}
	}
}

func (v *visit) formElements(activity string) []policy.Element {
	if snap := v.f.Rights.Record(activity); snap != nil {
		return snap.FormElements()
	}
	return nil
}

// rightsOffered are the deeds that the state and the person's roles allow.
func (v *visit) rightsOffered(r rights.Request) []string {
	var out []string
	for _, t := range rights.Transitions {
		if slices.Contains(t.From, r.State) && policy.May(v.session.Actor, t.By, r.Agency) {
			out = append(out, t.Action)
		}
	}
	may := func(action string) bool { return policy.May(v.session.Actor, action, r.Agency) }
	if rights.HasCopy(r) && may("rights.work") {
		out = append(out, "copy")
	}
	restricts := r.Right == rights.Objection || r.Right == rights.Restriction && !r.ExecutedAt.IsZero()
	if restricts && r.Outcome != rights.Refused && may("rights.decide") {
		out = append(out, "lift")
	}
	return out
}

func (v *visit) rightsPage(p rightsPage) error {
	r := p.Request
	deeds := v.rightsDeeds(r)
	d := dossier{Back: kit.Link{Href: v.to("/office/rights"), Text: v.t("rights.office")}, Step: v.t("rights.name-" + r.Right), Heading: r.Reference, Chips: []kit.Chip{*v.rightsState(r)},
		Clock: v.rightsClock(r), Way: v.way("rights.short-", string(r.State), "identified", "decided", "executed", "answered", "closed")}
	status := d.said(v, "rights", deeds, p.wrong)
	d.Deeds = v.deedForms("rights", rightsBase+r.Reference, deeds, v.rightsOffered(r), p.doing, fieldsOf(p.wrong))
	if err := v.rightsParts(&d, p); err != nil {
		return err
	}
	if err := v.rightsLetter(&d, r); err != nil {
		return err
	}
	if err := v.rightsHistory(&d, r); err != nil {
		return err
	}
	return v.page(status, r.Reference, "office/dossier", d)
}

// rightsLetter is the answer as a letter, and where it stands.
func (v *visit) rightsLetter(d *dossier, r rights.Request) error {
	if r.LetterID == "" {
		return nil
	}
	l, err := v.f.Letters.Get(v.Context(), v.session.Actor, r.LetterID)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	d.Parts = append(d.Parts, v.letterPart(l))
	return nil
}

// letterPart shows a letter that was drawn up for a matter.
func (v *visit) letterPart(l letters.Letter) dossierPart {
	p := dossierPart{ID: "letter-" + l.ID, Title: v.t("dossier.letter"), Lead: l.Subject, Rows: []kit.Row{{Key: v.t("office.status"), Value: v.t("letters.state-" + string(l.State))}}, Links: []kit.Link{{Href: v.to("/office/letters/" + l.ID), Text: v.t("dossier.letter-open")}}}
	if l.NumberText != "" {
		p.Rows = append(p.Rows, kit.Row{Key: v.t("dossier.letter-number"), Value: l.NumberText + " · " + thai.DateLong(l.NumberedAt, v.lang)})
	}
	return p
}

func fieldsOf(e *errs.E) []errs.Field {
	if e == nil {
		return nil
	}
	return e.Fields
}

func (v *visit) rightsClock(r rights.Request) *countdown {
	if !r.AnsweredAt.IsZero() || r.State == rights.Closed || r.State == rights.Withdrawn {
		return nil
	}
	chip := v.rightsDue(r)
	law, _ := rights.LawOf(r.Right)
	return &countdown{Text: chip.Text, Until: v.t("rights.until", "law", thai.DateLong(r.LawDueAt, v.lang), "promise", thai.DateLong(r.DueAt, v.lang)), Left: max(0, daysLeft(v.f.Now(), r.LawDueAt)), Of: law.Days, Late: chip.Tone == "late"}
}

// rightsParts: what was asked, whether the right applies and by which section, and what
// there is of the person.
func (v *visit) rightsParts(d *dossier, p rightsPage) error {
	r := p.Request
	findings, manifest, excess, err := v.f.Rights.Assessment(v.Context(), v.session.Actor, r.Reference)
	if err != nil {
		return err
	}
	asked := dossierPart{ID: "asked", Title: v.t("rights.asked"), Paper: p.statement}
	if p.statement == "" {
		asked.Lead, asked.Post, asked.Button = v.t("rights.asked-closed"), v.to(rightsBase+r.Reference+"/statement"), v.t("rights.asked-open")
	}
	applies := kit.Table{Caption: v.t("rights.applies"), Hidden: true, Head: []string{v.t("office.purpose"), v.t("rights.basis"), v.t("rights.verdict"), v.t("rights.ground"), v.t("rights.why")}}
	for _, f := range findings {
		chip := kit.Chip{Tone: "good", Text: v.t("rights.yes")}
		if !f.Applies {
			chip = kit.Chip{Tone: "quiet", Text: v.t("rights.no")}
		}
		applies.Rows = append(applies.Rows, []kit.Cell{{Text: v.purposeText(r.Activity, f.Purpose)}, {Text: v.basisText(r.Activity, f.Basis)}, {Chip: &chip}, {Text: v.t("rights.section", "n", f.Section)}, {Text: v.t(f.Why)}})
	}
	verdict := dossierPart{ID: "applies", Title: v.t("rights.applies"), Lead: v.t("rights.applies-lead-" + rights.Verdict(findings)), Table: &applies}
	stores := kit.Table{Caption: v.t("rights.manifest"), Hidden: true, Head: []string{v.t("rights.store"), v.t("rights.count")}, Empty: v.t("rights.manifest-none")}
	for _, m := range manifest {
		stores.Rows = append(stores.Rows, []kit.Cell{{Text: v.storeName(m.Store)}, {Text: kit.Thousands(m.Count), Number: true}})
	}
	found := dossierPart{ID: "manifest", Title: v.t("rights.manifest"), Lead: v.t("rights.manifest-lead"), Table: &stores}
	if len(excess) > 0 {
		found.Lines = []string{v.t("rights.excess", "list", strings.Join(excess, ", "))}
	}
	d.Parts = []dossierPart{asked, verdict, found}
	return nil
}

// purposeText and basisText are the words of the record; what it has no words for
// stays a code.
func (v *visit) purposeText(activity, code string) string {
	if snap := v.f.Rights.Record(activity); snap != nil {
		for _, p := range snap.Purposes {
			if p.Code == code && p.Text.In(v.lang) != "" {
				return p.Text.In(v.lang)
			}
		}
	}
	return code
}

func (v *visit) basisText(activity, code string) string {
	if snap := v.f.Rights.Record(activity); snap != nil {
		for _, b := range snap.Basis {
			if b.Code == code && b.Text.In(v.lang) != "" {
				return b.Text.In(v.lang)
			}
		}
	}
	return code
}

// storeNames are the stores that features report, and the keys of their names.
var storeNames = map[string]string{"cases": "rights.store-cases", "case events": "rights.store-events", "attachments": "rights.store-attachments", "mails": "rights.store-mails", "mail received": "rights.store-received", "blind index": "rights.store-index", "log of processing": "rights.store-log", "letters": "rights.store-letters", "disclosures": "rights.store-disclosures", "google analytics": "rights.store-abroad", "rights requests": "rights.store-requests", "restrictions": "rights.store-restrictions"}

func (v *visit) storeName(store string) string {
	if key, ok := storeNames[store]; ok {
		return v.t(key)
	}
	return store
}

func (v *visit) rightsHistory(d *dossier, r rights.Request) error {
	events, err := v.f.Rights.History(v.Context(), v.session.Actor, r.Reference)
	if err != nil {
		return err
	}
	accounts := []string{r.DecidedBy}
	for _, e := range events {
		accounts = append(accounts, e.Actor)
	}
	names, err := v.namesOf(accounts...)
	if err != nil {
		return err
	}
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		m := kit.Moment{At: e.At, Title: v.t("rights.event-" + e.Kind), Who: v.rightsActor(names, e.Actor), Now: len(d.Moments) == 0, Text: e.Body["reasons"] + e.Body["text"] + e.Body["reason"]}
		if n, err := strconv.Atoi(e.Body["erased"]); err == nil {
			m.Text = v.t("rights.erased", "n", n)
		}
		if n := e.Body["abroad"]; n != "" {
			m.Text = strings.TrimSpace(m.Text + "\n" + v.t("rights.abroad-"+n))
		}
		d.Moments = append(d.Moments, m)
	}
	d.Facts = v.rightsFacts(r, names)
	return nil
}

func (v *visit) rightsActor(names people, account string) string {
	if account == "person" {
		return v.t("rights.person")
	}
	return names.name(account)
}

func (v *visit) rightsFacts(r rights.Request, names people) []kit.Row {
	out := []kit.Row{
		{Key: v.t("rights.of-case"), Lines: r.Mine()}, {Key: v.t("office.agency"), Value: v.agency(r.Agency)}, {Key: v.t("rights.channel"), Value: v.t("rights.channel-" + r.Channel)},
		{Key: v.t("rights.received"), Value: thai.DateTime(r.ReceivedAt, v.lang)},
		{Key: v.t("rights.identity"), Lines: []string{strings.TrimSpace(v.t("rights.identity-"+r.Identity) + " " + r.Issuer + " " + r.Level), thai.DateTime(r.IdentityAt, v.lang), v.t("rights.identity-kept")}},
		{Key: v.t("rights.law"), Value: v.lawText(r.Right)},
	}
	if r.ConsentNumber != "" {
		out = append(out, kit.Row{Key: v.t("rights.consent-number"), Value: r.ConsentNumber})
	}
	if r.Outcome != "" {
		out = append(out, kit.Row{Key: v.t("rights.outcome"), Lines: []string{v.t("rights.outcome-" + r.Outcome), names.name(r.DecidedBy) + " · " + thai.DateTime(r.DecidedAt, v.lang)}})
	}
	if r.Ground != "" {
		out = append(out, kit.Row{Key: v.t("rights.ground"), Value: v.t("rights.section", "n", r.Ground)})
	}
	return out
}

func (v *visit) lawText(right string) string {
	law, _ := rights.LawOf(right)
	if law.Days == 1 {
		return v.t("rights.section", "n", law.Section) + " · " + v.t("rights.within-once")
	}
	return v.t("rights.section", "n", law.Section) + " · " + v.t("rights.within", "n", law.Days)
}
