package letters

import (
	"bytes"
	"context"
	"image/png"
	"strings"

	"prasan/internal/doc/wordml"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// DOCX returns a letter as a document for those who work on it with a word processor.
// What is sealed is the PDF alone.
func (s *Service) DOCX(ctx context.Context, a policy.Actor, id string) ([]byte, error) {
	l, c, err := s.Read(ctx, a, id)
	if err != nil {
		return nil, err
	}
	agency, _ := s.Agencies.Get(l.Agency)
	w := &word{l: &l, c: &c, agency: agency, garuda: s.Garuda, date: thai.LetterDate(l.NumberedAt), number: ThaiDigits(l.NumberText)}
	if l.NumberedAt.IsZero() {
		w.date = "        " + strings.TrimLeft(thai.LetterDate(l.ChangedAt), "๐๑๒๓๔๕๖๗๘๙ ")
		w.number = ThaiDigits(agency.Letters) + "/"
	}
	d := wordml.Document{Title: l.Subject, Author: c.Office, Created: l.ChangedAt, Font: "TH SarabunPSK", Size: 16, Top: 850, Right: 2 * wordml.CM, Bottom: 2 * wordml.CM, Left: 3 * wordml.CM,
		Later: []wordml.Paragraph{{Align: "center", Runs: []wordml.Run{{Text: "- "}, {Page: true}, {Text: " -"}}}}}
	if mark := l.Secrecy.Mark(); mark != "" {
		red := []wordml.Paragraph{{Align: "center", Runs: []wordml.Run{{Text: mark, Bold: true, Size: 26, Color: "CC0000"}}}}
		d.Header, d.Footer = red, red
	}
	w.write()
	d.Body = w.body
	var out bytes.Buffer
	_, err = d.WriteTo(&out)
	return out.Bytes(), err
}

// word is a letter on its way into paragraphs.
type word struct {
	l            *Letter
	c            *Content
	agency       org.Agency
	garuda       []byte
	date, number string
	body         []wordml.Paragraph
}

const (
	docWidth  = 16 * wordml.CM
	docMiddle = 75 * wordml.CM / 10 // half the page, from the left margin
	docCentre = 92 * wordml.CM / 10 // where closing and signature are centred
)

func (w *word) add(p wordml.Paragraph) { w.body = append(w.body, p) }

func (w *word) line(before int, text string) {
	w.add(wordml.Paragraph{Before: before, Runs: []wordml.Run{{Text: text}}})
}

// hanging is a label with its text beside it.
func (w *word) hanging(label, text string, tab int) {
	w.add(wordml.Paragraph{Before: 6 * wordml.Pt, Left: tab, First: -tab, Tabs: []wordml.Tab{{At: tab}}, Runs: []wordml.Run{{Text: label + "\t" + ThaiDigits(text)}}})
}

func (w *word) write() {
	switch w.l.Kind {
	case Memo:
		w.memo()
	case Stamped:
		w.emblem("center", 3)
		w.urgency()
		w.line(0, "ที่  "+w.number)
		w.hanging("ถึง", w.c.Addressee, 13*wordml.CM/10)
	default:
		w.emblem("center", 3)
		w.urgency()
		w.add(wordml.Paragraph{Tabs: []wordml.Tab{{At: docWidth, Right: true}}, Runs: []wordml.Run{{Text: "ที่  " + w.number + "\t" + w.c.Office}}})
		if w.c.Address != "" {
			w.add(wordml.Paragraph{Left: 9 * wordml.CM, Align: "right", Runs: []wordml.Run{{Text: ThaiDigits(w.c.Address)}}})
		}
		w.add(wordml.Paragraph{Before: 6 * wordml.Pt, Left: docMiddle, Runs: []wordml.Run{{Text: w.date}}})
		w.hanging("เรื่อง", w.l.Subject, 13*wordml.CM/10)
	}
	if w.l.Kind != Stamped {
		w.opening()
	}
	for _, para := range w.c.Paragraphs {
		for _, line := range strings.Split(para, "\n") {
			w.add(wordml.Paragraph{Before: 6 * wordml.Pt, First: 25 * wordml.CM / 10, Align: "justified", Runs: []wordml.Run{{Text: ThaiDigits(line)}}})
		}
	}
	w.end()
}

func (w *word) opening() {
	w.hanging(w.c.Opening, w.c.Addressee, 13*wordml.CM/10)
	for i, r := range w.c.References {
		label := ""
		if i == 0 {
			label = "อ้างถึง"
		}
		w.hanging(label, referenceText(r), 15*wordml.CM/10)
	}
	for i, e := range w.c.Enclosures {
		label, number := "", ""
		if i == 0 {
			label = "สิ่งที่ส่งมาด้วย"
		}
		if len(w.c.Enclosures) > 1 {
			number = numeral(i+1) + ". "
		}
		w.hanging(label, number+e, 27*wordml.CM/10)
	}
}

func (w *word) emblem(align string, cm float64) {
	m, err := png.DecodeConfig(bytes.NewReader(w.garuda))
	if err != nil { // none is set: the place is kept
		w.add(wordml.Paragraph{Align: align, Runs: []wordml.Run{{Text: "(ตราครุฑ)", Color: "808080"}}})
		return
	}
	height := int(cm * wordml.EMU)
	w.add(wordml.Paragraph{Align: align, Picture: &wordml.Picture{PNG: w.garuda, Width: height * m.Width / m.Height, Height: height}})
}

func (w *word) urgency() {
	if mark := w.l.Urgency.Mark(); mark != "" {
		w.add(wordml.Paragraph{Runs: []wordml.Run{{Text: mark, Bold: true, Size: 32, Color: "CC0000"}}})
	}
}

func (w *word) memo() {
	w.emblem("left", 1.5)
	w.urgency()
	w.add(wordml.Paragraph{Align: "center", Runs: []wordml.Run{{Text: "บันทึกข้อความ", Bold: true, Size: 29}}})
	label := func(s string) wordml.Run { return wordml.Run{Text: s + "  ", Bold: true, Size: 20} }
	office := w.c.Office
	if w.c.Phone != "" {
		office += "  โทร. " + ThaiDigits(w.c.Phone)
	}
	end := wordml.Tab{At: docWidth, Right: true, Dots: true}
	w.add(wordml.Paragraph{Tabs: []wordml.Tab{end}, Runs: []wordml.Run{label("ส่วนราชการ"), {Text: office + "\t"}}})
	w.add(wordml.Paragraph{Tabs: []wordml.Tab{{At: docMiddle, Dots: true}, end}, Runs: []wordml.Run{label("ที่"), {Text: w.number + "\t"}, label("วันที่"), {Text: w.date + "\t"}}})
	w.add(wordml.Paragraph{Tabs: []wordml.Tab{end}, Runs: []wordml.Run{label("เรื่อง"), {Text: ThaiDigits(w.l.Subject) + "\t"}}})
}

// end is the closing, the signature and whose matter it is.
func (w *word) end() {
	middle := func(before int, text string) {
		// Centred at docCentre: between the indents that lie as far from it.
		w.add(wordml.Paragraph{Before: before, Align: "center", Left: 2*docCentre - docWidth, KeepNext: true, KeepLines: true, Runs: []wordml.Run{{Text: text}}})
	}
	if w.l.Kind == Stamped {
		middle(12*wordml.Pt, w.c.Office)
		middle(48*wordml.Pt, "(ตราชื่อส่วนราชการ)")
		middle(12*wordml.Pt, w.date)
	} else {
		if w.l.Kind == External && w.c.Closing != "" {
			middle(12*wordml.Pt, w.c.Closing)
		}
		name := "(………………………………………)"
		lines := []string{w.agency.Head.TH}
		if w.l.Signer.Name != "" {
			name, lines = "("+w.l.Signer.Name+")", w.l.Signer.Lines
		}
		middle(62*wordml.Pt, name)
		for _, l := range lines {
			middle(0, ThaiDigits(l))
		}
	}
	if w.l.Kind != Memo {
		w.line(20*wordml.Pt, w.c.Owner)
		if w.c.Phone != "" {
			w.line(0, "โทร. "+ThaiDigits(w.c.Phone))
		}
		if w.c.Email != "" {
			w.line(0, "ไปรษณีย์อิเล็กทรอนิกส์ "+w.c.Email)
		}
	}
	if len(w.c.CopiesTo) > 0 {
		w.line(0, "สำเนาส่ง "+ThaiDigits(strings.Join(w.c.CopiesTo, ", ")))
	}
}
