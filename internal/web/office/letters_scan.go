package office

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"prasan/internal/blob"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/saraban"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// scanRoutes: letters that were signed on paper, going and coming, with their scans; and
// packages that were carried here.
var scanRoutes = []route{
	{"GET /{lang}/office/letters/paper", full, "letter.number", paperForm},
	{"POST /{lang}/office/letters/paper", full, "letter.number", registerPaper},
	{"GET /{lang}/office/letters/scan", full, "letter.receive", scanForm},
	{"POST /{lang}/office/letters/scan", full, "letter.receive", registerScan},
}

// scanFile is the input of a scan.
func (v *visit) scanFile() kit.Field {
	return kit.Field{Name: "attachment", Label: v.t("letters.scan"), Help: v.t("letters.scan-help", "max", blob.MaxMB), Type: "file", Accept: ".pdf,.jpg,.jpeg,.png", Required: true}
}

// file is what was uploaded; nil where nothing was chosen. The caller closes it.
func (v *visit) file() (io.ReadCloser, string, error) {
	if err := v.ParseMultipartForm(maxForm); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, "", kit.BadPost(err)
	}
	file, header, err := v.FormFile("attachment")
	if err != nil || header.Filename == "" {
		return nil, "", nil
	}
	return file, header.Filename, nil
}

func (v *visit) choices(prefix, chosen string, values ...string) []kit.Option {
	var out []kit.Option
	for _, x := range values {
		out = append(out, kit.Option{Value: x, Label: v.t(prefix + x), Selected: x == chosen})
	}
	return out
}

// classFields are the inputs of a letter's classes.
func (v *visit) classFields() []kit.Field {
	var secrecies, urgencies []string
	for _, x := range letters.Secrecies {
		secrecies = append(secrecies, string(x))
	}
	for _, x := range letters.Urgencies {
		urgencies = append(urgencies, string(x))
	}
	return []kit.Field{
		{Name: "secrecy", Label: v.t("letters.secrecy"), Options: v.choices("letters.secrecy-", v.FormValue("secrecy"), secrecies...)},
		{Name: "urgency", Label: v.t("letters.urgency"), Options: v.choices("letters.urgency-", v.FormValue("urgency"), urgencies...)},
	}
}

func (v *visit) text(name, key string, required bool) kit.Field {
	f := kit.Field{Name: name, Label: v.t(key), Value: v.FormValue(name), Required: required, Autocomplete: "off"}
	if !required {
		f.Optional = v.t("office.optional")
	}
	return f
}

func (v *visit) dateField(name, key string) kit.Field {
	f := v.text(name, key, true)
	f.Type, f.Width = "date", "short"
	return f
}

func (v *visit) correspondents(name, key string) kit.Field {
	return kit.Field{Name: name, Label: v.t(key), Options: append([]kit.Option{{Label: v.t("letters.to-other")}}, v.agencyOptions(v.FormValue(name), func(code string) bool { return code != v.session.Account.Agency })...)}
}

func (v *visit) paperAsks() form {
	var kinds []string
	for _, k := range letters.Kinds {
		kinds = append(kinds, string(k))
	}
	toName, reserved := v.text("to_name", "letters.to-name", false), v.text("reserved", "letters.reserved", false)
	toName.Help, reserved.Help, reserved.InputMode, reserved.Width = v.t("letters.to-name-help"), v.t("letters.reserved-help"), "numeric", "short"
	subject := v.text("subject", "letters.subject", true)
	subject.Help = v.t("letters.subject-help")
	return form{Title: v.t("letters.paper"), Action: v.to("/office/letters/paper"), Button: v.t("letters.paper-register"), Upload: true, Fields: append([]kit.Field{
		{Name: "kind", Label: v.t("letters.form"), Options: v.choices("letters.form-", v.FormValue("kind"), kinds...)},
		v.correspondents("to", "letters.to"), toName, subject, v.dateField("dated", "letters.date"), v.text("signer", "letters.signer", true), v.text("position", "letters.position", true), reserved}, append(v.classFields(), v.scanFile())...)}
}

func (v *visit) scanSheet(heading, lead string, f form) sheet {
	return sheet{Heading: v.t(heading), Lead: v.t(lead), Links: v.letterLinks(), Forms: []form{f}}
}

func paperForm(v *visit) error {
	return v.show(http.StatusOK, v.scanSheet("letters.paper", "letters.paper-lead", v.paperAsks()))
}

// dayTyped is a day that was typed; the zero time for none or a wrong one.
func dayTyped(text string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, thai.ArabicDigits(strings.TrimSpace(text)), thai.Bangkok)
	if err != nil {
		return time.Time{}
	}
	return t
}

func registerPaper(v *visit) error {
	scan, name, err := v.file()
	if err != nil {
		return err
	}
	p := letters.Paper{Writing: letters.Writing{Kind: letters.Kind(v.FormValue("kind")), Urgency: letters.Urgency(v.FormValue("urgency")), To: v.FormValue("to"), ToName: v.FormValue("to_name"), Subject: v.FormValue("subject")},
		Secrecy: letters.Secrecy(v.FormValue("secrecy")), Signer: v.FormValue("signer"), Position: v.FormValue("position"), Dated: dayTyped(v.FormValue("dated")), Name: name}
	if scan != nil {
		defer scan.Close()
		p.Scan = scan
	}
	if p.Reserved, err = numberIn(v.FormValue("reserved")); err == nil {
		var l letters.Letter
		if l, err = v.f.Letters.RegisterPaper(v.Context(), v.session.Actor, p); err == nil {
			return v.seeOther(lettersBase + l.ID)
		}
	}
	f := v.paperAsks()
	return v.scanRefused(err, "letters.paper", "letters.paper-lead", &f)
}

// scanRefused shows a form again with what is wrong; a file must be chosen anew.
func (v *visit) scanRefused(err error, heading, lead string, f *form) error {
	e := errs.As(err)
	if e.Kind == errs.Conflict {
		f.Errors = &kit.Summary{Title: v.t(e.Key, e.Args...)}
		return v.show(http.StatusConflict, v.scanSheet(heading, lead, *f))
	}
	if _, err := v.refused(err, f); err != nil {
		return err
	}
	return v.show(http.StatusUnprocessableEntity, v.scanSheet(heading, lead, *f))
}

func (v *visit) scanAsks() form {
	fromName := v.text("from_name", "letters.from-name", false)
	fromName.Help = v.t("letters.to-name-help")
	return form{Title: v.t("letters.scan-in"), Action: v.to("/office/letters/scan"), Button: v.t("letters.act-receive"), Upload: true, Fields: append([]kit.Field{
		v.correspondents("from", "letters.from"), fromName, v.text("number", "letters.number", true), v.dateField("dated", "letters.date"), v.text("subject", "letters.subject", true), v.text("to_name", "letters.to", false)}, append(v.classFields(), v.scanFile())...)}
}

func scanForm(v *visit) error {
	return v.show(http.StatusOK, v.scanSheet("letters.scan-in", "letters.scan-in-lead", v.scanAsks()))
}

func registerScan(v *visit) error {
	scan, name, err := v.file()
	if err != nil {
		return err
	}
	q := saraban.Scanned{From: v.FormValue("from"), FromName: v.FormValue("from_name"), ToName: v.FormValue("to_name"), Number: v.FormValue("number"), Dated: dayTyped(v.FormValue("dated")), Subject: v.FormValue("subject"),
		Secrecy: letters.Secrecy(v.FormValue("secrecy")), Urgency: letters.Urgency(v.FormValue("urgency")), Name: name}
	if scan != nil {
		defer scan.Close()
		q.Scan = scan
	}
	in, err := v.f.Saraban.RegisterScan(v.Context(), v.session.Actor, q)
	if err == nil {
		return v.seeOther(lettersBase + in.ID)
	}
	f := v.scanAsks()
	return v.scanRefused(err, "letters.scan-in", "letters.scan-in-lead", &f)
}

// letterFileName is the name under which the file of a letter is handed out.
func letterFileName(media string) string { return "letter" + or(letters.FileTypes[media], ".bin") }

// scanBody is how much the form of a scan may bring.
const scanBody = blob.MaxFile + maxForm

// letterBody is how much may be posted to a route of letters; 0 where it is like others.
func letterBody(pattern string) int64 {
	if strings.Contains(pattern, "/office/letters/paper") || strings.Contains(pattern, "/office/letters/scan") || strings.Contains(pattern, "/office/seals") {
		return scanBody
	}
	return 0
}
