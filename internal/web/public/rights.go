package public

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/rights"
	"prasan/internal/web/kit"
)

// Rights is what the public may do with requests about personal data.
type Rights interface {
	Submit(ctx context.Context, s rights.Submission) (rights.Receipt, error)
	Find(ctx context.Context, reference, code, addr string) (rights.Request, []rights.Event, error)
	Again(ctx context.Context, reference, code string) (rights.Request, []rights.Event, error)
	Bundle(ctx context.Context, reference, code string) (rights.Copy, error)
	Withdraw(ctx context.Context, reference, code string) (rights.Request, error)
	AnswerLetter(ctx context.Context, reference, code string) (letters.Letter, []byte, error)
}

// rightsToken is what the addresses of a receipt and of a request's page hold, sealed:
// the service keeps the code only hashed.
type rightsToken struct {
	Reference string    `json:"r"`
	Code      string    `json:"c"`
	Right     string    `json:"t,omitempty"`
	DueAt     time.Time `json:"d,omitzero"`
	LawDueAt  time.Time `json:"l,omitzero"`
}

// rightRow is a right in plain words, and whether it lies against the contact form.
type rightRow struct {
	Name, Text, Section string
	Days                int
	Chip                kit.Chip
	Why                 string
}

type rightsPage struct {
	Errors          *kit.Summary
	Rights          []rightRow
	Right           kit.Radios
	Statement       kit.Field
	Reference       kit.Field
	Code            kit.Field
	Consent         kit.Field // number of a proof of consent
	Name, Mail, Tel string
	Proof, Shown    string // of a check of identity that was made before
}

func rightsForm(v *visit) error { return v.rightsForm(http.StatusOK, nil) }

func (v *visit) rightsForm(status int, bad []errs.Field) error {
	p := rightsPage{Errors: kit.Summarise(v.lang, bad), Rights: v.rightRows()}
	p.Name, p.Mail, p.Tel = v.f.DPO(v.site.Agency)
	p.Proof = v.PathValue("token")
	if p.Proof == "" {
		p.Proof = v.PostForm.Get("proof")
	}
	if proof, err := v.proof(p.Proof); proof != nil && err == nil {
		p.Shown = v.shown(proof)
	} else {
		p.Proof = ""
	}
	typed, wrong := v.PostForm.Get, func(name string) string { return kit.FieldError(v.lang, bad, name) }
	chosen := typed("right")
	if chosen == "" {
		chosen = v.URL.Query().Get("right")
	}
	p.Right = kit.Radios{Name: "right", Legend: v.t("rights.which"), Error: wrong("right")}
	for _, l := range rights.Laws {
		p.Right.Options = append(p.Right.Options, kit.Option{Value: l.Right, Label: v.t("rights.ask-" + l.Right), Selected: chosen == l.Right})
	}
	p.Statement = kit.Field{Name: "statement", Label: v.t("rights.statement"), Help: v.t("rights.statement-help"), Optional: v.t("public.optional"), Rows: 5, Max: 5000, Counter: v.t("public.counter"), Value: typed("statement"), Error: wrong("statement")}
	p.Reference = kit.Field{Name: "reference", Label: v.t("public.reference"), Help: v.t("public.reference-help"), Value: typed("reference"), Width: "medium", Autocomplete: "off", Required: true, Error: wrong("reference")}
	p.Consent = kit.Field{Name: "consent_number", Label: v.t("rights.consent-number"), Help: v.t("rights.consent-number-help"), Optional: v.t("public.optional"), Value: typed("consent_number"), Autocomplete: "off", Error: wrong("consent_number")}
	p.Code = kit.Field{Name: "code", Label: v.t("public.code"), Help: v.t("rights.code-help"), Value: typed("code"), Width: "medium", Autocomplete: "off", Required: true, Error: wrong("code")}
	return v.page(kit.Page{Status: status, Title: v.t("public.rights"), Path: "/rights", Cache: v.rightsCache()}, "rights", p)
}

// rightsCache keeps a page out of caches once something was typed into it, or proved.
func (v *visit) rightsCache() string {
	if len(v.PostForm) > 0 || v.PathValue("token") != "" {
		return kit.CacheNone
	}
	return ""
}

// rightRows are the rights in the order of the form. Whether one applies follows from
// the lawful bases of the record in force.
func (v *visit) rightRows() []rightRow {
	snap := v.f.Policy(cases.Activity)
	var out []rightRow
	for _, l := range rights.Laws {
		r := rightRow{Name: v.t("rights.name-" + l.Right), Text: v.t("rights.text-" + l.Right), Section: l.Section, Days: l.Days}
		if snap != nil {
			r.Chip, r.Why = v.rightApplies(l.Right, rights.Assess(snap, l.Right))
		}
		out = append(out, r)
	}
	return out
}

func (v *visit) rightApplies(right string, found []rights.Finding) (kit.Chip, string) {
	why := ""
	for _, f := range found {
		if !f.Applies {
			why = v.t(f.Why)
		}
	}
	verdict := rights.Verdict(found)
	if right == rights.Erasure && verdict != rights.Granted {
		why += " " + v.t("rights.excess-goes")
	}
	return kit.Chip{Tone: map[string]string{rights.Granted: "good", rights.Partly: "wait", rights.Refused: "quiet"}[verdict], Text: v.t("rights.applies-" + verdict)}, why
}

// rightsSend takes a request. An unknown reference and a wrong code get the same answer.
func rightsSend(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	in := v.PostForm.Get
	var bad []errs.Field
	if _, ok := rights.LawOf(in("right")); !ok {
		bad = append(bad, errs.Field{Name: "right", Key: "error.rights-right"})
	}
	if len([]rune(in("statement"))) > 5000 {
		bad = append(bad, errs.Field{Name: "statement", Key: "error.message-long", Args: []any{"max", 5000}})
	}
	proof, err := v.proof(in("proof"))
	if err != nil {
		return err
	}
	if proof == nil {
		bad = append(bad, v.proofMissing()...)
	}
	if len(bad) > 0 {
		return v.rightsForm(http.StatusUnprocessableEntity, bad)
	}
	reference, known := cases.Reference(in("reference"))
	if !known {
		reference = in("reference")
	}
	addr, _ := v.f.Client(v.Request)
	r, err := v.f.Rights.Submit(v.Context(), rights.Submission{Right: in("right"), Statement: in("statement"), Channel: "web", Lang: v.lang, CaseReference: reference, Code: in("code"), ConsentNumber: in("consent_number"), Proof: proof, Addr: addr})
	switch x := errs.As(err); {
	case err == nil:
		t := rightsToken{r.Reference, r.Code, in("right"), r.DueAt, r.LawDueAt}
		return v.seeOther("/rights/receipt/" + v.f.Seal.Seal("rights-receipt:"+v.site.Host, t, receiptLifetime))
	case x.Kind == errs.NotFound:
		return v.rightsForm(http.StatusUnprocessableEntity, []errs.Field{{Name: "reference", Key: "error.case-not-found"}})
	case len(x.Fields) > 0:
		return v.rightsForm(http.StatusUnprocessableEntity, x.Fields)
	}
	return err
}

// proofMissing are the errors of a form that wants reference and code.
func (v *visit) proofMissing() (bad []errs.Field) {
	if strings.TrimSpace(v.PostForm.Get("reference")) == "" {
		bad = append(bad, errs.Field{Name: "reference", Key: "public.error-reference"})
	}
	if strings.TrimSpace(v.PostForm.Get("code")) == "" {
		bad = append(bad, errs.Field{Name: "code", Key: "public.error-code"})
	}
	return bad
}

func rightsReceipt(v *visit) error {
	var t rightsToken
	if _, err := v.f.Seal.Open("rights-receipt:"+v.site.Host, v.PathValue("token"), &t); err != nil {
		return errs.New(errs.NotFound, "public.receipt-old")
	}
	return v.page(kit.Page{Title: v.t("rights.receipt"), Class: "receipt", Cache: kit.CacheNone}, "rights-receipt", struct {
		rightsToken
		Name string
	}{t, v.t("rights.name-" + t.Right)})
}

func rightsStatus(v *visit) error {
	return v.rightsStatus(http.StatusOK, v.URL.Query().Get("reference"), "", nil)
}

func (v *visit) rightsStatus(status int, reference, code string, bad []errs.Field) error {
	p := rightsPage{Errors: kit.Summarise(v.lang, bad)}
	p.Reference = kit.Field{Name: "reference", Label: v.t("rights.reference"), Help: v.t("rights.reference-help"), Value: reference, Width: "medium", Autocomplete: "off", Error: kit.FieldError(v.lang, bad, "reference")}
	p.Code = kit.Field{Name: "code", Label: v.t("rights.code"), Help: v.t("rights.code-status-help"), Value: code, Width: "medium", Autocomplete: "off", Error: kit.FieldError(v.lang, bad, "code")}
	return v.page(kit.Page{Status: status, Title: v.t("rights.status"), Path: "/rights/status", Cache: v.rightsCache()}, "rights-status", p)
}

// rightsReference is a request's reference as it is kept: a case's after "R-".
func rightsReference(typed string) string {
	s := strings.ToUpper(strings.TrimSpace(typed))
	for _, head := range []string{"R-", "R"} {
		if rest, ok := strings.CutPrefix(s, head); ok {
			if ref, ok := cases.Reference(rest); ok {
				return "R-" + ref
			}
		}
	}
	if ref, ok := cases.Reference(s); ok {
		return "R-" + ref
	}
	return s
}

func rightsFind(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	reference, code := v.PostForm.Get("reference"), v.PostForm.Get("code")
	if bad := v.proofMissing(); len(bad) > 0 {
		return v.rightsStatus(http.StatusUnprocessableEntity, reference, code, bad)
	}
	t := rightsToken{Reference: rightsReference(reference), Code: code}
	addr, _ := v.f.Client(v.Request)
	_, _, err := v.f.Rights.Find(v.Context(), t.Reference, t.Code, addr)
	if errs.KindOf(err) == errs.NotFound {
		return v.rightsStatus(http.StatusUnprocessableEntity, reference, code, []errs.Field{{Name: "reference", Key: "rights.error-not-found"}})
	}
	if err != nil {
		return err
	}
	return v.seeOther("/rights/status/" + v.f.Seal.Seal("rights:"+v.site.Host, t, trackLifetime))
}

// rightsView is a request as its owner sees it.
type rightsView struct {
	rights.Request
	Name, Path, Outcome string
	Chip                kit.Chip
	Clock               string
	Moments             []kit.Moment
	Copy                bool
	Letter, MayWithdraw bool
	Of, Identified      string
}

var rightsTones = map[rights.State]string{rights.Received: "busy", rights.Identified: "busy", rights.Decided: "busy", rights.Executed: "busy", rights.Answered: "good", rights.Closed: "good", rights.Withdrawn: "quiet"}

func (v *visit) rightsOf() (rightsToken, bool) {
	var t rightsToken
	_, err := v.f.Seal.Open("rights:"+v.site.Host, v.PathValue("token"), &t)
	return t, err == nil
}

func rightsShow(v *visit) error {
	t, ok := v.rightsOf()
	if !ok {
		return v.seeOther("/rights/status")
	}
	r, events, err := v.f.Rights.Again(v.Context(), t.Reference, t.Code)
	if err != nil {
		return err
	}
	p := rightsView{Request: r, Name: v.t("rights.name-" + r.Right), Path: v.to("/rights/status/" + v.PathValue("token")), Clock: v.rightsClock(r)}
	p.Chip = kit.Chip{Tone: rightsTones[r.State], Text: v.t("rights.state-" + string(r.State))}
	if r.Outcome != "" {
		p.Outcome = v.t("rights.outcome-" + r.Outcome)
	}
	p.Copy, p.Letter, p.Of = rights.HasCopy(r), r.LetterID != "" && !r.AnsweredAt.IsZero(), strings.Join(r.Mine(), ", ")
	p.MayWithdraw = r.State == rights.Received || r.State == rights.Identified
	p.Identified = strings.TrimSpace(v.t("rights.identity-"+r.Identity) + " " + r.Issuer)
	p.Moments = v.rightsMoments(events)
	return v.page(kit.Page{Title: v.t("rights.request", "reference", r.Reference), Class: "tracking", Cache: kit.CacheNone}, "rights-request", p)
}

// rightsClock says how much of the law's time is left; nothing once it is answered.
func (v *visit) rightsClock(r rights.Request) string {
	if !r.AnsweredAt.IsZero() || r.State == rights.Withdrawn || r.State == rights.Closed {
		return ""
	}
	if r.Overdue(v.f.Now()) {
		return v.t("rights.overdue")
	}
	return v.t("rights.days-left", "n", daysUntil(v.f.Now(), r.LawDueAt))
}

// daysUntil counts a day that has begun as a whole one.
func daysUntil(now, due time.Time) int {
	return int((due.Sub(now) + 24*time.Hour - 1) / (24 * time.Hour))
}

func (v *visit) rightsMoments(events []rights.Event) []kit.Moment {
	var out []kit.Moment
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		m := kit.Moment{At: e.At, Title: v.t("rights.event-" + e.Kind), Now: len(out) == 0}
		switch e.Kind {
		case "decide":
			m.Title = v.t("rights.event-decide-" + e.Body["outcome"])
			m.Text = e.Body["reasons"]
			if g := e.Body["ground"]; g != "" {
				m.Who = v.t("rights.ground-is", "ground", g)
			}
		case "answer":
			m.Text, m.Letter = e.Body["text"], true
			if n := e.Body["letter"]; n != "" {
				m.Who = v.t("rights.letter-number", "number", n)
			}
		case "execute":
			if n, err := strconv.Atoi(e.Body["erased"]); err == nil && n > 0 {
				m.Text = v.t("rights.erased", "n", n)
			}
			if n := e.Body["abroad"]; n != "" {
				m.Text = strings.TrimSpace(m.Text + "\n" + v.t("rights.abroad-"+n))
			}
		}
		out = append(out, m)
	}
	return out
}

// rightsCopy is the copy of his data that a person downloads (s.30).
func rightsCopy(v *visit) error {
	t, ok := v.rightsOf()
	if !ok {
		return v.seeOther("/rights/status")
	}
	copied, err := v.f.Rights.Bundle(v.Context(), t.Reference, t.Code)
	if err != nil {
		return err
	}
	v.asFile("application/zip", t.Reference+".zip")
	return copied.Write(v.Context(), v.w)
}

func (v *visit) asFile(kind, name string) {
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", kit.CacheNone)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// rightsLetter is the letter with which a request was answered.
func rightsLetter(v *visit) error {
	t, ok := v.rightsOf()
	if !ok {
		return v.seeOther("/rights/status")
	}
	_, body, err := v.f.Rights.AnswerLetter(v.Context(), t.Reference, t.Code)
	if err != nil {
		return err
	}
	v.asFile("application/pdf", t.Reference+".pdf")
	_, _ = v.w.Write(body)
	return nil
}

// rightsWithdraw takes a request back.
func rightsWithdraw(v *visit) error {
	t, ok := v.rightsOf()
	if !ok {
		return v.seeOther("/rights/status")
	}
	if _, err := v.f.Rights.Withdraw(v.Context(), t.Reference, t.Code); err != nil {
		return err
	}
	return v.seeOther("/rights/status/" + v.PathValue("token"))
}
