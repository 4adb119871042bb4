package office

import (
	"path"
	"strconv"
	"strings"

	"prasan/internal/errs"
	incoming "prasan/internal/inbox"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// mailView is the mail that is shown, and what just happened.
type mailView struct {
	incoming.Item
	mail  *incoming.Mail // opened by a button, and that is logged
	doing string
	wrong *errs.E
}

func (v *visit) theMail() (mailView, error) {
	i, err := v.f.Inbox.Get(v.Context(), v.session.Actor, v.PathValue("id"))
	return mailView{Item: i}, err
}

func showMail(v *visit) error {
	p, err := v.theMail()
	if err != nil {
		return err
	}
	return v.mailView(p)
}

func openMail(v *visit) error {
	i, m, err := v.f.Inbox.Read(v.Context(), v.session.Actor, v.PathValue("id"))
	if err != nil {
		return err
	}
	return v.mailView(mailView{Item: i, mail: m})
}

// mailFile gives a file of a mail away, to be saved and not to be shown here.
func mailFile(v *visit) error {
	n, err := strconv.Atoi(strings.TrimPrefix(v.PathValue("file"), attachmentPath))
	if err != nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	f, err := v.f.Inbox.File(v.Context(), v.session.Actor, v.PathValue("id"), n-1)
	if err != nil {
		return err
	}
	return v.download("application/octet-stream", attachmentPath+strconv.Itoa(n)+extensionOf(f.Name), f.Data)
}

// extensionOf is the ending of a name where it is a plain one.
func extensionOf(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if len(ext) < 2 || len(ext) > 6 || strings.Trim(ext[1:], "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return ""
	}
	return ext
}

func actOnMail(v *visit) error {
	p, err := v.theMail()
	if err != nil {
		return err
	}
	return v.perform(mailBase+p.ID, v.mailDeeds(p), func(doing string, e *errs.E) error {
		p.doing, p.wrong = doing, e
		return v.mailView(p)
	})
}

// mailDeeds are the ways out of the pen.
func (v *visit) mailDeeds(p mailView) []deed {
	s, ctx, who, i := v.f.Inbox, v.Context(), v.session.Actor, &p.Item
	return []deed{
		{"link-case", func(t *typed) []ask { return []ask{t.line("case", "inbox.case", i.CaseReference)} }, func(in func(string) string) error {
			_, err := s.LinkCase(ctx, who, i.ID, in("case"))
			return err
		}, false},
		{"link-referral", func(t *typed) []ask {
			return []ask{t.line("referral", "inbox.referral", i.Referral).help(v.t("inbox.referral-help"))}
		}, func(in func(string) string) error {
			_, err := s.LinkReferral(ctx, who, i.ID, in("referral"))
			return err
		}, false},
		{"register", func(t *typed) []ask { return v.mailLetterAsks(t, p) }, func(in func(string) string) error {
			_, err := s.Enter(ctx, who, i.ID, incoming.Entry{From: in("from"), FromName: in("from_name"), Number: in("number"), Dated: in("dated"), Subject: in("subject")})
			return err
		}, false},
		{"discard", func(t *typed) []ask { return []ask{t.area("reason", "inbox.reason", "", 2)} }, func(in func(string) string) error {
			_, err := s.Discard(ctx, who, i.ID, in("reason"))
			return err
		}, true},
		{"take-back", nothing, func(func(string) string) error { _, err := s.TakeBack(ctx, who, i.ID); return err }, false},
	}
}

// mailLetterAsks are what the register needs of a letter; what the mail says is filled in.
func (v *visit) mailLetterAsks(t *typed, p mailView) []ask {
	subject, name, dated := "", "", ""
	if h := p.Head; h != nil {
		subject, name = h.Subject, h.Name
		if !h.Date.IsZero() {
			dated = h.Date.In(thai.Bangkok).Format("2006-01-02")
		}
	}
	from := &kit.Field{Name: "from", ID: t.id("from"), Label: v.t("inbox.letter-from"), Error: t.wrong("from"), Options: append([]kit.Option{{Label: v.t("inbox.letter-other")}}, v.agencyOptions(t.value("from", ""), func(code string) bool { return code != p.Agency })...)}
	return []ask{
		{Field: from},
		t.line("from_name", "inbox.letter-from-name", name).optional(v),
		t.line("number", "inbox.letter-number", "").optional(v),
		t.line("dated", "inbox.letter-dated", dated).optional(v),
		t.line("subject", "inbox.letter-subject", subject).optional(v),
	}
}

func (v *visit) mailView(p mailView) error {
	i := &p.Item
	d := dossier{Back: kit.Link{Href: v.to("/office/mail"), Text: v.t("inbox.heading")}, Step: v.t("inbox.one"), Heading: v.t("inbox.one"), Chips: []kit.Chip{*v.mailChip(i)}}
	if p.mail != nil {
		d.Heading = v.mailSubject(i)
	}
	if why := v.whyChip(i).Chip; why != nil {
		d.Chips = append(d.Chips, *why)
	}
	status := d.said(v, "inbox", v.mailDeeds(p), p.wrong)
	var fields []errs.Field
	if p.wrong != nil {
		fields = p.wrong.Fields
	}
	d.Deeds = v.deedForms("inbox", mailBase+i.ID, v.mailDeeds(p), incoming.Next(v.session.Actor, i), p.doing, fields)
	words := dossierPart{ID: "words", Title: v.t("inbox.words")}
	if p.mail == nil {
		words.Lead, words.Post, words.Button = v.t("inbox.words-closed"), v.to(mailBase+i.ID+"/open"), v.t("inbox.words-open")
	} else {
		words.Paper = or(p.mail.Text, v.t("inbox.words-none"))
		d.Parts = append(d.Parts, dossierPart{ID: "outside", Title: v.t("inbox.from"), Rows: []kit.Row{
			{Key: v.t("inbox.from"), Value: v.mailFrom(i)}, {Key: v.t("inbox.subject"), Value: v.mailSubject(i)}, {Key: v.t("inbox.written"), Value: v.when(i.Head.Date)},
			{Key: v.t("inbox.authentic"), Value: v.t("inbox.authentic-" + string(i.Head.Authentic))}}})
	}
	d.Parts = append(d.Parts, words)
	if p.mail != nil && len(p.mail.Files) > 0 {
		files := dossierPart{ID: "files", Title: v.t("inbox.files"), Lead: v.t("inbox.files-lead")}
		for n, f := range p.mail.Files {
			files.Links = append(files.Links, kit.Link{Href: v.to(mailBase + i.ID + "/" + attachmentPath + strconv.Itoa(n+1)), Text: f.Name})
		}
		d.Parts = append(d.Parts, files)
	}
	if about := v.mailAbout(i); about.Href != "" {
		d.Parts = append(d.Parts, dossierPart{ID: "about", Title: v.t("inbox.about"), Links: []kit.Link{{Href: about.Href, Text: about.Text}}})
	}
	names, err := v.namesOf(i.HandledBy)
	if err != nil {
		return err
	}
	d.Facts = v.mailFacts(i, names)
	return v.page(status, d.Heading, "office/dossier", d)
}

func (v *visit) mailFacts(i *incoming.Item, names people) []kit.Row {
	out := []kit.Row{{Key: v.t("inbox.received"), Value: v.when(i.ReceivedAt)}, {Key: v.t("inbox.agency"), Value: v.agency(i.Agency)}, {Key: v.t("inbox.size"), Value: v.t("inbox.kilobytes", "n", (i.Size+1023)>>10)}}
	if i.Why != "" {
		out = append(out, kit.Row{Key: v.t("inbox.why"), Value: v.t("inbox.why-" + i.Why)})
	}
	if i.CaseReference != "" {
		out = append(out, kit.Row{Key: v.t("inbox.about"), Value: i.CaseReference})
	}
	if i.Note != "" {
		out = append(out, kit.Row{Key: v.t("inbox.note"), Value: i.Note})
	}
	if i.HandledBy != "" {
		out = append(out, kit.Row{Key: v.t("inbox.handled"), Lines: []string{v.when(i.HandledAt), names.name(i.HandledBy)}})
	}
	return out
}
