package letters

import (
	"bytes"
	"image/png"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"

	"prasan/internal/doc/pdf"
	"prasan/internal/org"
	"prasan/internal/thai"
)

func numeral(n int) string { return strconv.Itoa(n) }

// breaker keeps the names of the body and of who is named in the letter whole.
func (s *Service) breaker(l *Letter, c *Content) *thai.Breaker {
	names := []string{c.Addressee, c.Office, c.Owner, l.ToName}
	if l.Signer.Name != "" {
		names = append(names, l.Signer.Name)
	}
	for _, a := range s.Agencies.All() {
		names = append(names, a.Name.TH, a.Short.TH)
	}
	// A name that is wider than half a line would tear a hole: it may be broken.
	return thai.NewBreaker(slices.DeleteFunc(names, func(n string) bool { return n == "" || len([]rune(n)) > 60 })...)
}

// paper is a letter with what it takes to draw it.
type paper struct {
	*sheet
	l      *Letter
	c      *Content
	agency org.Agency
	garuda *pdf.Image
	date   string // as the letter says it
	number string
}

// render draws a letter: as a draft, or finished with its seal.
func (s *Service) render(l *Letter, c *Content, sealer *pdf.Sealer) ([]byte, error) {
	at := l.NumberedAt
	if at.IsZero() {
		at = l.ChangedAt
	}
	doc := pdf.New(pdf.Info{Title: strings.TrimSpace(l.NumberText + " " + l.Subject), Author: c.Office, Subject: l.Subject, Created: at})
	agency, _ := s.Agencies.Get(l.Agency)
	p := &paper{sheet: newSheet(doc, s.breaker(l, c)), l: l, c: c, agency: agency, number: ThaiDigits(l.NumberText)}
	p.date = thai.LetterDate(l.NumberedAt)
	if l.NumberedAt.IsZero() { // the day is left open until the number is given
		p.date = "        " + strings.TrimLeft(thai.LetterDate(at), "๐๑๒๓๔๕๖๗๘๙ ")
		p.number = ThaiDigits(agency.Letters) + "/"
	}
	if s.Garuda != nil {
		m, err := png.Decode(bytes.NewReader(s.Garuda))
		if err != nil {
			return nil, err
		}
		g := doc.AddImage(m)
		p.garuda = &g
	}
	page := doc.Add(pdf.A4)
	top := map[Kind]func(*pdf.Page) float64{External: p.external, Memo: p.memo, Stamped: p.stamped}[l.Kind](page)
	p.owner(s)
	p.flow(page, top)
	for _, page := range doc.Pages() {
		p.marks(page)
	}
	if sealer != nil {
		doc.Seal(*sealer)
	}
	var out bytes.Buffer
	_, err := doc.WriteTo(&out)
	return out.Bytes(), err
}

// marks prints the class of secrecy in red at the top and the bottom of every page, and
// says that a draft is none yet.
func (p *paper) marks(page *pdf.Page) {
	if mark := p.l.Secrecy.Mark(); mark != "" {
		style := p.face.strong(26)
		style.Color = pdf.Red
		page.TextCenter(page.Width/2, 1.1*pdf.CM, style, mark)
		page.TextCenter(page.Width/2, page.Height-0.55*pdf.CM, style, mark)
	}
	note := ""
	switch {
	case p.l.State == Cancelled:
		note = "ยกเลิก"
	case p.l.NumberedAt.IsZero():
		note = "ร่าง"
	}
	if note != "" {
		style := p.face.strong(20)
		style.Color = pdf.Grey
		page.TextRight(p.right, 1.1*pdf.CM, style, note)
	}
}

func (p *paper) urgency(page *pdf.Page, y float64) {
	if mark := p.l.Urgency.Mark(); mark != "" {
		style := p.face.strong(32)
		style.Color = pdf.Red
		page.Text(p.left, y, style, mark)
	}
}

// emblem draws the Garuda, or says where it goes.
func (p *paper) emblem(page *pdf.Page, x, y, height float64) {
	width := height * 0.92
	if p.garuda != nil {
		width = height * float64(p.garuda.Width) / float64(p.garuda.Height)
		page.Image(*p.garuda, x-width/2, y, width, height)
		return
	}
	page.Circle(x, y+height/2, height/2, 0.4, pdf.Grey)
	style := p.face.text(9)
	style.Color = pdf.Grey
	page.TextCenter(x, y+height/2+2, style, "ตราครุฑ")
}

const emblemTop = 1.5 * pdf.CM

// centre is where closing, name and position of the signer are centred: they begin at the
// middle of the page.
const centre = 12.2 * pdf.CM

// external is form 1.
func (p *paper) external(page *pdf.Page) float64 {
	p.emblem(page, page.Width/2, emblemTop, 3*pdf.CM)
	y := emblemTop + 3*pdf.CM - 0.1*pdf.CM
	p.urgency(page, y-1.2*pdf.CM)
	page.Text(p.left, y, p.body, "ที่  "+p.number)
	y = p.letterhead(page, y)
	y += p.line + before
	page.Text(page.Width/2, y, p.body, p.date)
	p.opening("เรื่อง", p.l.Subject)
	p.text()
	p.signature(true)
	return y + p.line - p.face.regular.Ascent(p.body.Size)
}

// letterhead prints office and address at the right; it returns the last baseline.
func (p *paper) letterhead(page *pdf.Page, y float64) float64 {
	const column = 6.6 * pdf.CM
	runs := p.doc.Lines(p.body, p.c.Office, p.words, column, column)
	if p.c.Address != "" {
		runs = append(runs, p.doc.Lines(p.body, ThaiDigits(p.c.Address), p.words, column, column)...)
	}
	width := 0.0
	for _, r := range runs {
		width = max(width, r.Width)
	}
	for i, r := range runs {
		page.Draw(p.right-width, y+float64(i)*p.line, r)
	}
	return y + float64(len(runs)-1)*p.line
}

// opening is what comes before the text: the subject (unless the head says it), the
// addressee, what is referred to and what is enclosed.
func (p *paper) opening(label, subject string) {
	if label != "" {
		p.labelled(label, ThaiDigits(subject))
	}
	p.labelled(p.c.Opening, ThaiDigits(p.c.Addressee))
	if len(p.c.References) > 0 {
		entries := make([]string, len(p.c.References))
		for i, r := range p.c.References {
			entries[i] = ThaiDigits(referenceText(r))
		}
		p.list("อ้างถึง", entries)
	}
	if len(p.c.Enclosures) > 0 {
		entries := make([]string, len(p.c.Enclosures))
		for i, e := range p.c.Enclosures {
			entries[i] = ThaiDigits(e)
		}
		p.list("สิ่งที่ส่งมาด้วย", entries)
	}
}

func referenceText(r Reference) string {
	text := r.Number
	if r.Subject != "" {
		text += " เรื่อง " + r.Subject
	}
	if at, err := time.ParseInLocation(time.DateOnly, r.Date, thai.Bangkok); err == nil {
		text += " ลงวันที่\u00a0" + strings.ReplaceAll(thai.DateLong(at, "th"), " ", "\u00a0")
	}
	return text
}

func (p *paper) text() {
	for _, para := range p.c.Paragraphs {
		for _, line := range strings.Split(para, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				p.paragraph(ThaiDigits(line))
			}
		}
	}
}

// signature is the closing, room for the hand, the name and the capacity, which stay
// together.
func (p *paper) signature(closing bool) {
	lines := []string{}
	if closing && p.c.Closing != "" {
		lines = append(lines, p.c.Closing)
	}
	room := 3
	for range room {
		lines = append(lines, "")
	}
	name := "(………………………………………)"
	if p.l.Signer.Name != "" {
		name = "(" + p.l.Signer.Name + ")"
	}
	lines = append(lines, name)
	for _, l := range p.l.Signer.Lines {
		lines = append(lines, ThaiDigits(l))
	}
	if p.l.Signer.Name == "" {
		lines = append(lines, p.agency.Head.TH)
	}
	p.block(centre, beforeEnd, lines...)
	if p.l.Signer.Name == "" {
		return
	}
	// Who signs on the screen leaves no trace of a pen; that he did is said.
	last := &p.items[len(p.items)-1]
	draw, head := last.draw, len(lines)-len(p.l.Signer.Lines)-2
	last.draw = func(page *pdf.Page, y float64) {
		draw(page, y)
		style := p.face.text(12)
		style.Color = pdf.Grey
		page.TextCenter(centre, p.baseline(y)+(float64(head)-0.5)*p.line, style, "ลงนามด้วยวิธีการทางอิเล็กทรอนิกส์")
	}
}

// memo is form 2: labels in bold, each followed by a dotted leader.
func (p *paper) memo(page *pdf.Page) float64 {
	p.emblem(page, p.left+0.7*pdf.CM, emblemTop, 1.5*pdf.CM)
	y := emblemTop + 1.25*pdf.CM
	page.TextCenter(page.Width/2, y, p.face.strong(29), "บันทึกข้อความ")
	if p.l.Urgency != NoUrgency {
		style := p.face.strong(32)
		style.Color = pdf.Red
		page.TextRight(p.right, y, style, p.l.Urgency.Mark())
	}
	y += 1.15 * pdf.CM
	office := p.c.Office
	if p.c.Phone != "" {
		office += "  โทร.\u00a0" + ThaiDigits(strings.ReplaceAll(p.c.Phone, " ", "\u00a0"))
	}
	y = p.leader(page, p.left, p.right, y, "ส่วนราชการ", office)
	half := page.Width / 2
	p.leader(page, half, p.right, y+p.line*1.1, "วันที่", p.date)
	y = p.leader(page, p.left, half-6, y+p.line*1.1, "ที่", p.number)
	y = p.leader(page, p.left, p.right, y+p.line*1.1, "เรื่อง", ThaiDigits(p.l.Subject))
	p.opening("", "")
	p.text()
	p.signature(false)
	return y + p.line - p.face.regular.Ascent(p.body.Size)
}

// leader prints a label of the memo's head with its text over dots; it returns the last
// baseline.
func (p *paper) leader(page *pdf.Page, from, to, y float64, label, text string) float64 {
	head := p.doc.Shape(p.face.strong(20), label)
	page.Draw(from, y, head)
	x := from + head.Width + 5
	for i, run := range p.doc.Lines(p.body, text, p.words, to-x, to-from) {
		if i > 0 {
			x, y = from, y+p.line*1.1
		}
		page.Draw(x+3, y, run)
		page.Dots(x, to, y+2.5)
	}
	return y
}

// stamped is form 3.
func (p *paper) stamped(page *pdf.Page) float64 {
	p.emblem(page, page.Width/2, emblemTop, 3*pdf.CM)
	y := emblemTop + 3*pdf.CM - 0.1*pdf.CM
	p.urgency(page, y-1.2*pdf.CM)
	page.Text(p.left, y, p.body, "ที่  "+p.number)
	p.labelled("ถึง", ThaiDigits(p.c.Addressee))
	p.text()
	p.items = append(p.items, item{height: 5 * pdf.CM, gap: beforeEnd, draw: p.stamp})
	return y + p.line - p.face.regular.Ascent(p.body.Size)
}

// stamp is the name of the office, the round stamp, the initials in red, and the date.
func (p *paper) stamp(page *pdf.Page, y float64) {
	page.TextCenter(centre, p.baseline(y), p.body, p.c.Office)
	middle := y + p.line + 1.6*pdf.CM
	page.Circle(centre, middle, 1.4*pdf.CM, 1, pdf.Red)
	small := p.face.text(10)
	small.Color = pdf.Red
	page.TextCenter(centre, middle-2, small, "ตราชื่อส่วนราชการ")
	if p.l.Signer.Name != "" {
		page.TextCenter(centre, middle+8, small, p.l.Signer.Name)
	}
	page.TextCenter(centre, middle+2.1*pdf.CM, p.body, p.date)
}

// owner is the foot: whose matter it is, how to reach it, who has copies; at the right the
// code by which the letter is confirmed.
func (p *paper) owner(s *Service) {
	var lines []pdf.Run
	add := func(text string) {
		if text != "" {
			lines = append(lines, p.doc.Lines(p.body, text, p.words, 11*pdf.CM, 11*pdf.CM)...)
		}
	}
	if p.l.Kind != Memo {
		add(p.c.Owner)
		if p.c.Phone != "" {
			add("โทร. " + ThaiDigits(strings.ReplaceAll(p.c.Phone, " ", "\u00a0")))
		}
		if p.c.Email != "" {
			add("ไปรษณีย์อิเล็กทรอนิกส์ " + p.c.Email)
		}
	}
	if len(p.c.CopiesTo) > 0 {
		add("สำเนาส่ง " + ThaiDigits(strings.Join(p.c.CopiesTo, ", ")))
	}
	height := float64(len(lines)) * p.line
	code := p.code(s)
	if code != nil {
		height = max(height, 2.1*pdf.CM)
	}
	if height == 0 {
		return
	}
	p.items = append(p.items, item{height: height, gap: p.line, draw: func(page *pdf.Page, y float64) {
		for i, l := range lines {
			page.Draw(p.left, p.baseline(y)+float64(i)*p.line, l)
		}
		if code != nil {
			code(page, y)
		}
	}})
}

// code draws the QR code of a numbered letter.
func (p *paper) code(s *Service) func(*pdf.Page, float64) {
	if p.l.NumberedAt.IsZero() || s.VerifyURL == nil {
		return nil
	}
	m, err := qr.Encode(s.VerifyURL(p.l.VerifyCode), qr.M, qr.Auto)
	if err != nil {
		return nil // an address that is too long for a code; the letter stands without it
	}
	n := m.Bounds().Dx()
	return func(page *pdf.Page, y float64) {
		const size = 1.9 * pdf.CM
		page.Squares(p.right-size, y, size, n, func(column, row int) bool {
			r, _, _, _ := m.At(column, row).RGBA()
			return r == 0
		})
		style := p.face.text(11)
		style.Color = pdf.Grey
		page.TextRight(p.right-size-5, y+size-16, style, "ตรวจสอบเลขที่ วันที่ และความครบถ้วน")
		page.TextRight(p.right-size-5, y+size-5, style, "ของหนังสือฉบับนี้ได้จากรหัส")
	}
}
