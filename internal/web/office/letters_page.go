package office

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/saraban"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// writingOf reads a letter as it was typed; paragraphs and enclosures are lines.
func (v *visit) writingOf(in func(string) string) letters.Writing {
	return letters.Writing{Agency: v.session.Account.Agency, Kind: letters.Kind(in("kind")), Series: or(in("series"), "ordinary"), Urgency: letters.Urgency(or(in("urgency"), "none")), To: in("to"), ToName: in("to_name"), Subject: in("subject"),
		Content: letters.Content{Paragraphs: linesOf(in("text")), Enclosures: linesOf(in("enclosures"))}}
}

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func linesOf(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// writingAsks are the inputs of a letter. What is left empty is filled in from the
// agency and the one that it goes to.
func (v *visit) writingAsks(t *typed, w letters.Writing) []ask {
	to := &kit.Field{Name: "to", ID: t.id("to"), Label: v.t("letters.to"), Error: t.wrong("to"), Options: append([]kit.Option{{Label: v.t("letters.to-other")}}, v.agencyOptions(t.value("to", w.To), func(code string) bool { return code != v.session.Account.Agency })...)}
	var kinds, urgencies []string
	for _, k := range letters.Kinds {
		kinds = append(kinds, string(k))
	}
	for _, u := range letters.Urgencies {
		urgencies = append(urgencies, string(u))
	}
	return []ask{
		t.radios("kind", "letters.form", "letters.form-", or(string(w.Kind), string(letters.External)), kinds...),
		{Field: to},
		t.line("to_name", "letters.to-name", w.ToName).help(v.t("letters.to-name-help")).optional(v),
		t.line("subject", "letters.subject", w.Subject).help(v.t("letters.subject-help")),
		t.area("text", "letters.text", strings.Join(w.Content.Paragraphs, "\n"), 10).help(v.t("letters.text-help")),
		t.area("enclosures", "letters.enclosures", strings.Join(w.Content.Enclosures, "\n"), 3).optional(v),
		t.radios("urgency", "letters.urgency", "letters.urgency-", or(string(w.Urgency), "none"), urgencies...),
	}
}

// writing is the form of a letter with where its preview is.
type writing struct {
	taking
	Preview string
}

func newLetter(v *visit) error { return v.writing(http.StatusOK, false, nil) }

func (v *visit) writing(status int, posted bool, fields []errs.Field) error {
	t := &typed{v: v, deed: "new", active: posted, fields: fields}
	f := deedForm{Title: v.t("letters.new"), Help: v.t("letters.new-help"), Action: v.to("/office/letters/new"), Button: v.t("letters.draft"), Asks: v.writingAsks(t, letters.Writing{})}
	f.Errors = summaryIn(v, t, fields)
	return v.page(status, f.Title, "office/writing", writing{taking{kit.Link{Href: v.to("/office/letters"), Text: v.t("letters.out")}, f}, v.to("/office/letters/preview")})
}

func draftLetter(v *visit) error {
	l, err := v.f.Letters.Draft(v.Context(), v.session.Actor, v.writingOf(v.PostFormValue))
	if errs.KindOf(err) == errs.Invalid {
		return v.writing(http.StatusUnprocessableEntity, true, errs.As(err).Fields)
	}
	if err != nil {
		return err
	}
	return v.seeOther(lettersBase + l.ID)
}

// letterPage is what is known of a letter, and what just happened.
type letterPage struct {
	out   *letters.Letter
	in    *saraban.In
	doing string
	wrong *errs.E
	words *letters.Content // opened by a button, and that is logged
	reply string
}

// destroyedAt is when what the letter said was destroyed; the zero time if it was not.
func (p letterPage) destroyedAt() time.Time {
	if p.in != nil {
		return p.in.DestroyedAt
	}
	return p.out.DestroyedAt
}

// theLetter is a letter that leaves, else one that came.
func (v *visit) theLetter() (letterPage, error) {
	l, err := v.f.Letters.Get(v.Context(), v.session.Actor, v.PathValue("id"))
	if errs.KindOf(err) != errs.NotFound {
		return letterPage{out: &l}, err
	}
	i, err := v.f.Saraban.GetIn(v.Context(), v.session.Actor, v.PathValue("id"))
	return letterPage{in: &i}, err
}

func showLetter(v *visit) error {
	p, err := v.theLetter()
	if err != nil {
		return err
	}
	return v.letterPage(p)
}

// letterFile is a letter as a file: the PDF, sealed or as it would be; or for a word
// processor.
func letterFile(v *visit) error {
	p, err := v.theLetter()
	if err != nil {
		return err
	}
	ctx, who, id := v.Context(), v.session.Actor, v.PathValue("id")
	var body []byte
	kind := "application/pdf"
	switch file := v.PathValue("file"); {
	case p.in != nil && file == letterFileName(p.in.FileType):
		kind = p.in.FileType
		body, err = v.f.Saraban.FileIn(ctx, who, id)
	case p.out != nil && file == letterFileName(p.out.FileType):
		kind = p.out.FileType
		body, err = v.f.Letters.PDF(ctx, who, id)
	case file == "letter.docx" && p.out != nil && !p.out.Paper:
		kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
		body, err = v.f.Letters.DOCX(ctx, who, id)
	case strings.HasPrefix(file, attachmentPath) && p.in != nil:
		return v.letterAttachment(strings.TrimPrefix(file, attachmentPath))
	default:
		return errs.New(errs.NotFound, "error.not-found")
	}
	if err != nil {
		return err
	}
	return v.download(kind, v.PathValue("file"), body)
}

// attachmentPath, with a number from 1, is a file that came with a letter.
const attachmentPath = "attachment-"

// letterAttachment sends such a file. It is of a stranger: it is saved, never shown here.
func (v *visit) letterAttachment(number string) error {
	n, err := strconv.Atoi(number)
	if err != nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	f, err := v.f.Saraban.AttachmentIn(v.Context(), v.session.Actor, v.PathValue("id"), n-1)
	if err != nil {
		return err
	}
	extension := map[string]string{"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png", "image/heic": ".heic", "text/plain": ".txt"}[f.Type]
	return v.download("application/octet-stream", attachmentPath+number+extension, f.Data)
}

func actOnLetter(v *visit) error {
	p, err := v.theLetter()
	if err != nil {
		return err
	}
	if v.PathValue("act") == "open" {
		return v.openLetter(p)
	}
	return v.perform(lettersBase+v.PathValue("id"), v.letterDeeds(p), func(doing string, e *errs.E) error {
		again := p
		again.doing, again.wrong = doing, e
		return v.letterPage(again)
	})
}

// openLetter shows what a letter says; the service logs the reading.
func (v *visit) openLetter(p letterPage) error {
	ctx, who := v.Context(), v.session.Actor
	if p.in != nil {
		in, words, reply, err := v.f.Saraban.ReadIn(ctx, who, p.in.ID)
		if err != nil {
			return err
		}
		p.in, p.words, p.reply = &in, &words, reply
		return v.letterPage(p)
	}
	_, words, err := v.f.Letters.Read(ctx, who, p.out.ID)
	if err != nil {
		return err
	}
	p.words = &words
	return v.letterPage(p)
}

func (v *visit) letterDeeds(p letterPage) []deed {
	if p.in != nil {
		return v.inDeeds(p.in)
	}
	return v.outDeeds(p)
}

// outDeeds are the deeds on a letter that leaves.
func (v *visit) outDeeds(p letterPage) []deed {
	l, s, x, ctx, who := p.out, v.f.Letters, v.f.Saraban, v.Context(), v.session.Actor
	plain := func(f func() error) func(func(string) string) error {
		return func(func(string) string) error { return f() }
	}
	reason := func(t *typed) []ask { return []ask{t.area("reason", "letters.reason", "", 3)} }
	return []deed{
		{"check", nothing, plain(func() error { _, err := s.Check(ctx, who, l.ID); return err }), false},
		{"approve", func(t *typed) []ask {
			return []ask{t.line("position", "letters.position", "").help(v.t("letters.position-help")).optional(v)}
		}, func(in func(string) string) error {
			_, err := s.Approve(ctx, who, l.ID, in("position"))
			return err
		}, false},
		{"number", func(t *typed) []ask {
			return []ask{t.line("reserved", "letters.reserved", "").help(v.t("letters.reserved-help")).optional(v)}
		}, func(in func(string) string) error {
			n, err := numberIn(in("reserved"))
			if err == nil {
				_, err = s.Number(ctx, who, l.ID, n)
			}
			return err
		}, false},
		{"dispatch", func(t *typed) []ask {
			channels := []string{""}
			for _, c := range saraban.Channels {
				channels = append(channels, string(c))
			}
			return []ask{t.radios("channel", "letters.channel", "letters.channel-", "", channels...), t.line("note", "letters.carrier", "").help(v.t("letters.carrier-help")).optional(v)}
		}, func(in func(string) string) error {
			_, _, err := x.Dispatch(ctx, who, l.ID, saraban.Sending{Channel: saraban.Channel(in("channel")), Note: in("note")})
			return err
		}, false},
		{"revise", func(t *typed) []ask {
			w := letters.Writing{Kind: l.Kind, Urgency: l.Urgency, To: l.To, ToName: l.ToName, Subject: l.Subject}
			if p.words != nil {
				w.Content = *p.words
			}
			return v.writingAsks(t, w)
		}, func(in func(string) string) error {
			_, err := s.Revise(ctx, who, l.ID, v.writingOf(in))
			return err
		}, false},
		{"classify", func(t *typed) []ask {
			var all []string
			for _, c := range letters.Secrecies {
				all = append(all, string(c))
			}
			return []ask{t.radios("secrecy", "letters.secrecy", "letters.secrecy-", string(l.Secrecy), all...)}
		}, func(in func(string) string) error {
			_, err := s.Classify(ctx, who, l.ID, letters.Secrecy(in("secrecy")))
			return err
		}, false},
		{"return", reason, func(in func(string) string) error { _, err := s.Return(ctx, who, l.ID, in("reason")); return err }, false},
		{"confirm", func(t *typed) []ask { return []ask{t.line("number", "letters.receipt", "")} }, func(in func(string) string) error {
			_, err := x.Confirm(ctx, who, l.ID, in("number"))
			return err
		}, false},
		{"cancel", reason, func(in func(string) string) error { _, err := s.Cancel(ctx, who, l.ID, in("reason")); return err }, true},
	}
}

// numberIn reads a number that may stay empty.
func numberIn(text string) (int64, error) {
	text = thai.ArabicDigits(strings.TrimSpace(text))
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, errs.InvalidField("reserved", "letters.error-number")
	}
	return n, nil
}

// inDeeds are the deeds on a letter that came.
func (v *visit) inDeeds(i *saraban.In) []deed {
	x, ctx, who := v.f.Saraban, v.Context(), v.session.Actor
	reason := func(t *typed) []ask { return []ask{t.area("reason", "letters.reason", "", 3)} }
	refuse := func(action string) func(func(string) string) error {
		return func(in func(string) string) error {
			_, err := x.Refuse(ctx, who, i.ID, action, in("reason"))
			return err
		}
	}
	return []deed{
		{"receive", nothing, func(func(string) string) error { _, err := x.Receive(ctx, who, i.ID); return err }, false},
		{"accept", nothing, func(func(string) string) error { _, err := x.Accept(ctx, who, i.ID); return err }, false},
		{"forward", func(t *typed) []ask {
			return []ask{t.line("account", "office.account", ""), t.area("text", "letters.endorsement", "", 3)}
		}, func(in func(string) string) error {
			_, err := x.Forward(ctx, who, i.ID, in("account"), in("text"))
			return err
		}, false},
		{"answer", func(t *typed) []ask {
			return []ask{t.radios("to", "letters.answer-to", "letters.answer-to-", "sender", "sender", "citizen"), t.area("text", "letters.answer-text", "", 6)}
		}, func(in func(string) string) error {
			_, err := x.Answer(ctx, who, i.ID, in("to"), in("text"))
			return err
		}, false},
		{"interim", nothing, func(func(string) string) error { _, err := v.f.Referral.Interim(ctx, who, i.ID); return err }, false},
		{"reject", reason, refuse("reject"), true},
		{"invalid", reason, refuse("invalid"), true},
	}
}

// letterOffered are the deeds that the state allows and the person may do.
func (v *visit) letterOffered(p letterPage) ([]string, error) {
	if !p.destroyedAt().IsZero() {
		return nil, nil
	}
	if p.in != nil {
		out := saraban.Offered(v.session.Actor, p.in)
		if v.f.Referral != nil && policy.May(v.session.Actor, "letter.draft", p.in.Agency) && (p.in.State == saraban.Registered || p.in.State == saraban.AcceptedIn) {
			out = append(out, "interim")
		}
		return out, nil
	}
	all, err := v.f.Letters.Offered(v.Context(), v.session.Actor, *p.out)
	if err != nil {
		return nil, err
	}
	out := all[0]
	if p.out.State == letters.Dispatched && policy.May(v.session.Actor, "letter.dispatch", p.out.Agency) {
		out = append(out, "confirm")
	}
	return out, nil
}

func (v *visit) letterPage(p letterPage) error {
	d := dossier{Step: v.t("letters.letter")}
	var base string
	var history []letters.Event
	var err error
	if p.in != nil {
		base, history, err = v.aboutIn(&d, p.in)
	} else {
		base, history, err = v.aboutOut(&d, p.out)
	}
	if err != nil {
		return err
	}
	offered, err := v.letterOffered(p)
	if err != nil {
		return err
	}
	status := d.said(v, "letters", v.letterDeeds(p), p.wrong)
	var fields []errs.Field
	if p.wrong != nil {
		fields = p.wrong.Fields
	}
	d.Deeds = v.deedForms("letters", base, v.letterDeeds(p), offered, p.doing, fields)
	d.Parts = append(d.Parts, v.letterWords(base, p))
	var who []string
	for _, e := range history {
		who = append(who, e.Actor)
	}
	names, err := v.namesOf(who...)
	if err != nil {
		return err
	}
	for n := len(history) - 1; n >= 0; n-- {
		e := history[n]
		d.Moments = append(d.Moments, kit.Moment{At: e.At, Title: v.t("letters.event-" + e.Kind), Who: names.name(e.Actor), Text: e.Body["reason"]})
	}
	return v.page(status, d.Heading, "office/dossier", d)
}

// letterWords is what the letter says, behind a button, and its files.
func (v *visit) letterWords(base string, p letterPage) dossierPart {
	part := dossierPart{ID: "words", Title: v.t("letters.words"), Lead: v.t("letters.words-lead"), Post: v.to(base + "/open"), Button: v.t("letters.open")}
	if at := p.destroyedAt(); !at.IsZero() {
		return dossierPart{ID: "words", Title: v.t("letters.words"), Lines: []string{v.t("letters.destroyed", "date", thai.DateLong(at, v.lang))}}
	}
	media := ""
	if p.in != nil {
		media = p.in.FileType
	} else {
		media = p.out.FileType
	}
	name := letterFileName(media)
	part.Links = []kit.Link{{Href: v.to(base + "/" + name), Text: strings.ToUpper(strings.TrimPrefix(name, "letter."))}}
	if p.out != nil && !p.out.Paper {
		part.Links = append(part.Links, kit.Link{Href: v.to(base + "/letter.docx"), Text: "DOCX"})
	}
	if p.words != nil {
		part.Post, part.Paper = "", strings.Join(p.words.Paragraphs, "\n")
		if p.in != nil {
			for n, name := range p.in.Attachments {
				part.Links = append(part.Links, kit.Link{Href: v.to(base + "/" + attachmentPath + strconv.Itoa(n+1)), Text: name})
			}
		}
		if p.reply != "" {
			part.Lines = []string{v.t("letters.answered", "text", p.reply)}
		}
	}
	return part
}

func (v *visit) aboutOut(d *dossier, l *letters.Letter) (string, []letters.Event, error) {
	base := lettersBase + l.ID
	d.Back = kit.Link{Href: v.to("/office/letters"), Text: v.t("letters.out")}
	d.Heading = l.Subject
	d.Chips = []kit.Chip{*v.letterChip(l.State)}
	if l.State != letters.Cancelled {
		d.Way = v.way("letters.state-", string(l.State), "draft", "checked", "approved", "numbered", "sealed", "dispatched")
	}
	d.Facts = []kit.Row{{Key: v.t("letters.number"), Value: v.numberOr(l.NumberText)}, {Key: v.t("letters.date"), Value: v.day(l.NumberedAt)}, {Key: v.t("letters.form"), Value: v.t("letters.form-" + string(l.Kind))}, {Key: v.t("letters.to"), Value: l.ToName},
		{Key: v.t("letters.secrecy"), Value: v.t("letters.secrecy-" + string(l.Secrecy))}, {Key: v.t("letters.urgency"), Value: v.t("letters.urgency-" + string(l.Urgency))}}
	if l.Signer.Name != "" {
		d.Facts = append(d.Facts, kit.Row{Key: v.t("letters.signer"), Lines: append([]string{l.Signer.Name}, l.Signer.Lines...)})
	}
	if l.FileHash != "" {
		d.Facts = append(d.Facts, kit.Row{Key: "SHA-256", Value: l.FileHash})
	}
	sent, err := v.f.Saraban.Dispatches(v.Context(), v.session.Actor, l.ID)
	if err != nil {
		return base, nil, err
	}
	if len(sent) > 0 {
		t := &kit.Table{Caption: v.t("letters.sendings"), Hidden: true, Head: []string{v.t("letters.channel"), v.t("office.status"), v.t("letters.sent-at"), v.t("letters.receipt"), v.t("letters.note")}}
		for _, x := range sent {
			t.Rows = append(t.Rows, []kit.Cell{{Text: v.t("letters.channel-" + string(x.Channel))}, {Text: v.t("letters.sent-" + string(x.State))}, {Text: v.day(x.SentAt)}, {Text: x.AcceptNumber}, {Text: or(x.Note, v.why(x.LastError))}})
		}
		d.Parts = append(d.Parts, dossierPart{ID: "sendings", Title: v.t("letters.sendings"), Table: t})
	}
	history, err := v.f.Letters.History(v.Context(), v.session.Actor, l.ID)
	return base, history, err
}

// why says what keeps a letter from leaving: a message of this program, or the words of
// the post.
func (v *visit) why(text string) string {
	if strings.HasPrefix(text, "error.") {
		return v.t(text)
	}
	return text
}

func (v *visit) aboutIn(d *dossier, i *saraban.In) (string, []letters.Event, error) {
	d.Back = kit.Link{Href: v.to("/office/letters/in"), Text: v.t("letters.in")}
	d.Heading = i.Subject
	d.Chips = []kit.Chip{*v.gotChip(i.State)}
	d.Facts = []kit.Row{{Key: v.t("letters.number"), Value: v.numberOr(i.Number)}, {Key: v.t("letters.date"), Value: v.day(i.Dated)}, {Key: v.t("letters.from"), Value: i.FromName}, {Key: v.t("letters.to"), Value: i.ToName}, {Key: v.t("letters.secrecy"), Value: v.t("letters.secrecy-" + string(i.Secrecy))},
		{Key: v.t("letters.urgency"), Value: v.t("letters.urgency-" + string(i.Urgency))}, {Key: v.t("letters.channel"), Value: v.t("letters.channel-" + string(i.Channel))}, {Key: "SHA-256", Value: i.FileHash}}
	if i.Signature != "" {
		d.Facts = append(d.Facts, kit.Row{Key: v.t("letters.signature"), Value: v.t("letters.signature-" + i.Signature)})
	}
	if i.Receipt != 0 {
		// The stamp of a received letter: เลขรับ, วันที่, เวลา.
		d.Parts = append(d.Parts, dossierPart{ID: "stamp", Title: v.t("letters.stamp"), Rows: []kit.Row{{Key: v.t("letters.receipt"), Value: i.ReceiptText()}, {Key: v.t("letters.registered"), Value: thai.DateTime(i.RegisteredAt, v.lang)}}})
	}
	history, err := v.f.Saraban.HistoryIn(v.Context(), v.session.Actor, i.ID)
	return lettersBase + i.ID, history, err
}
