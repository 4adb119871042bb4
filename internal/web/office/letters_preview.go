package office

import (
	"net/http"
	"time"

	"prasan/internal/letters"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// previewRoutes show a letter while it is being written. The button of the form leads to
// the page; a small module fetches the same page while somebody types and shows its sheet
// beside the form. Nothing is stored.
var previewRoutes = []route{
	{"POST /{lang}/office/letters/preview", full, "letter.draft", previewLetter},
	{"POST /{lang}/office/letters/preview.pdf", full, "letter.draft", previewPDF},
}

// previewPage is a letter as it would be.
type previewPage struct {
	letters.Preview
	Back       kit.Link
	Kind       string
	Urgency    string
	References []string
	Text       []string // in the digits of letters
	Enclosures []string
}

func previewLetter(v *visit) error {
	p, err := v.f.Letters.Preview(v.session.Actor, v.writingOf(v.PostFormValue))
	if err != nil {
		return err
	}
	for _, text := range []*string{&p.Letter.Subject, &p.Content.Addressee, &p.Content.Address, &p.Content.Phone} {
		*text = letters.ThaiDigits(*text) // as the letter itself has them
	}
	out := previewPage{Preview: p, Back: kit.Link{Href: v.to("/office/letters/new"), Text: v.t("letters.new")}, Kind: string(p.Letter.Kind), Urgency: p.Letter.Urgency.Mark()}
	for _, r := range p.Content.References {
		line := r.Number
		if at, err := time.ParseInLocation(time.DateOnly, r.Date, thai.Bangkok); err == nil {
			line += " ลงวันที่ " + thai.DateLong(at, "th")
		}
		out.References = append(out.References, letters.ThaiDigits(line))
	}
	for _, text := range p.Content.Paragraphs {
		out.Text = append(out.Text, letters.ThaiDigits(text))
	}
	for _, text := range p.Content.Enclosures {
		out.Enclosures = append(out.Enclosures, letters.ThaiDigits(text))
	}
	return v.page(http.StatusOK, v.t("letters.preview"), "office/preview", out)
}

func previewPDF(v *visit) error {
	body, err := v.f.Letters.PreviewPDF(v.Context(), v.session.Actor, v.writingOf(v.PostFormValue))
	if err != nil {
		return err
	}
	return v.download("application/pdf", "preview.pdf", body)
}
