package analytics

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"prasan/internal/db"
	"prasan/internal/doc/docx"
	"prasan/internal/doc/pdf"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/thai"
	"prasan/third_party/fonts"
)

// Yearly is the report of a fiscal year in the form of an official paper (รายงานประจำปี): what
// was counted, the goals with their evaluations, the plans with their measured effects.
type Yearly struct {
	Year     int // Buddhist era; the fiscal year that ends in September of it
	Office   string
	Made     time.Time
	Sections []YearlySection
}

// YearlySection is a part of the report, in Thai.
type YearlySection struct {
	Heading    string
	Paragraphs []string
	Head       []string
	Rows       [][]string
	Widths     []int // shares of the page
}

// FiscalYear are the days of a fiscal year of the Buddhist era: October to September.
func FiscalYear(year int) (from, to int64) {
	first := time.Date(year-543-1, 10, 1, 0, 0, 0, 0, time.UTC)
	return first.Unix() / 86400, first.AddDate(1, 0, 0).Unix()/86400 - 1
}

// LastFiscalYear is the last one that is over at a moment.
func LastFiscalYear(now time.Time) int {
	l := now.In(thai.Bangkok)
	if l.Month() >= time.October {
		return l.Year() + 543
	}
	return l.Year() + 542
}

// Yearly makes the report of a fiscal year for the sites that an actor may see.
func (s *Service) Yearly(ctx context.Context, actor policy.Actor, year int, office string) (y Yearly, err error) {
	if year < 2500 || year > 2700 {
		return y, errs.InvalidField("year", "analytics.error-period")
	}
	q := Query{Compare: "year", Limit: 10}
	q.From, q.To = FiscalYear(year)
	q.To = max(q.From, min(q.To, dayOf(db.Micros(s.Now())))) // of a year that is not over, as many days as of the one before
	y = Yearly{Year: year, Office: office, Made: s.Now()}
	if r := s.Record(Activity); office == "" && r != nil {
		y.Office = r.Controller.Department.TH
	}
	o, err := s.Overview(ctx, actor, q)
	if err != nil {
		return y, err
	}
	y.Sections = append(y.Sections, s.yearlyBasis(), yearlyFigures(o))
	for _, name := range []string{"pages", "channels", "devices"} {
		t, err := s.Report(ctx, actor, name, q)
		if err != nil {
			return y, err
		}
		y.Sections[1].Paragraphs = append(y.Sections[1].Paragraphs, yearlyTop(t))
	}
	goals, err := s.yearlyGoals(ctx, actor, q)
	if err != nil {
		return y, err
	}
	plans, err := s.yearlyPlans(ctx, actor, q)
	y.Sections = append(y.Sections, goals, plans, YearlySection{Heading: "ข้อจำกัดของตัวเลข", Paragraphs: []string{"จำนวนผู้เข้าชมของหลายวันเป็นผลรวมของผู้เข้าชมแต่ละวันและแต่ละเว็บไซต์ เพราะรหัสผู้เข้าชมใช้ได้วันเดียวแล้วทำลาย จึงไม่ใช่จำนวนบุคคล", "ผลที่วัดได้หลังการปรับปรุงแสดงความแตกต่างก่อนและหลัง มิได้แสดงว่าการปรับปรุงเป็นเหตุเพียงอย่างเดียว"}})
	return y, err
}

func (s *Service) yearlyBasis() YearlySection {
	text := "ขณะนี้ไม่มีบันทึกรายการกิจกรรมการประมวลผลที่ใช้บังคับ"
	if r := s.Record(Activity); r != nil {
		text = fmt.Sprintf("รายงานนี้จัดทำตามบันทึกรายการกิจกรรมการประมวลผล %s ฉบับที่ %d ข้อมูลนับและเก็บไว้ในระบบของหน่วยงานตามระดับที่บันทึกกำหนด", r.Name.TH, r.Revision)
	}
	return YearlySection{Heading: "หลักการ", Paragraphs: []string{text}}
}

func yearlyFigures(o Overview) YearlySection {
	out := YearlySection{Heading: "ผลการใช้งาน", Paragraphs: []string{Sentence(o, "th")}, Head: []string{"รายการ", "ปีนี้", "ปีก่อน"}, Widths: []int{50, 25, 25}}
	for _, x := range []struct {
		name, column string
		value        func(f Figures) float64
	}{
		{"จำนวนครั้งที่เปิดหน้า", "views", func(f Figures) float64 { return float64(f.Views) }}, {"ผู้เข้าชมรายวันรวม", "visitors", func(f Figures) float64 { return float64(f.Visitors) }}, {"การเข้าชม", "visits", func(f Figures) float64 { return float64(f.Visits) }},
		{"ร้อยละที่เปิดหน้าเดียว", "bounce-rate", Figures.BounceRate}, {"หน้าที่หาไม่พบ", "times", func(f Figures) float64 { return float64(f.NotFound) }}, {"โปรแกรมอัตโนมัติ (ไม่รวมในรายการอื่น)", "times", func(f Figures) float64 { return float64(f.Bots) }},
	} {
		out.Rows = append(out.Rows, []string{x.name, Number(x.column, x.value(o.Now)), Number(x.column, x.value(*o.Before))})
	}
	return out
}

// yearlyTop names the first lines of a table in a sentence.
func yearlyTop(t Table) string {
	text := map[string]string{"pages": "หน้าที่เปิดดูมากที่สุด", "channels": "ช่องทางที่นำมาสู่เว็บไซต์", "devices": "อุปกรณ์"}[t.Widget] + " ได้แก่"
	for i, l := range t.Lines {
		if i == 5 {
			break
		}
		text += " " + Name(t.Widget, l, "th") + " (" + Number(t.Columns[0], l.Values[0]) + ")"
	}
	if len(t.Lines) == 0 {
		text += " ไม่มีข้อมูล"
	}
	return text
}

func (s *Service) yearlyGoals(ctx context.Context, actor policy.Actor, q Query) (YearlySection, error) {
	out := YearlySection{Heading: "เป้าหมายและการประเมินผล", Head: []string{"เป้าหมาย", "ค่าเป้าหมาย", "ผล", "ข้อค้นพบ", "ผู้ลงนาม"}, Widths: []int{30, 12, 12, 32, 14}}
	list, err := s.Evaluations(ctx, actor, "")
	for _, e := range list {
		if e.State != "signed" || e.Body.To < q.From || e.Body.From > q.To {
			continue
		}
		met, unit := "ยังไม่ถึงเป้าหมาย", e.Body.Goal.Metric.Unit()
		if e.Body.Met {
			met = "ถึงเป้าหมาย"
		}
		out.Rows = append(out.Rows, []string{e.Body.Goal.Name, Number(unit, e.Body.Goal.Target), Number(unit, e.Body.Value) + " " + met, e.Body.Findings, e.Body.SignedBy})
	}
	if len(out.Rows) == 0 {
		out.Paragraphs = []string{"ไม่มีการประเมินผลที่ลงนามแล้วในปีนี้"}
	}
	return out, err
}

func (s *Service) yearlyPlans(ctx context.Context, actor policy.Actor, q Query) (YearlySection, error) {
	out := YearlySection{Heading: "แผนปรับปรุงและผล", Head: []string{"แผน", "การดำเนินการ", "ผลที่วัดได้"}, Widths: []int{28, 36, 36}}
	list, err := s.Plans(ctx, actor, "")
	if err != nil {
		return out, err
	}
	for _, p := range list {
		if day := dayOf(db.Micros(p.CreatedAt)); day < q.From || day > q.To {
			continue
		}
		actions := ""
		for i, a := range p.Body.Actions {
			if i > 0 {
				actions += "\n"
			}
			actions += strconv.Itoa(i+1) + ". " + a.Text
		}
		effect, err := s.Effect(ctx, actor, p.ID)
		if err != nil && errs.KindOf(err) != errs.Conflict {
			return out, err
		}
		out.Rows = append(out.Rows, []string{p.Body.Name, actions, yearlyEffect(effect)})
	}
	if len(out.Rows) == 0 {
		out.Paragraphs = []string{"ไม่มีแผนปรับปรุงที่เริ่มในปีนี้"}
	}
	return out, nil
}

func yearlyEffect(e Effect) string {
	if e.Days == 0 {
		return "ยังไม่มีข้อมูลพอที่จะวัด"
	}
	text := fmt.Sprintf("เฉลี่ยต่อวันจาก %.1f เป็น %.1f ส่วนต่างอยู่ระหว่าง %.1f ถึง %.1f ที่ความเชื่อมั่นร้อยละ 95", e.Before, e.After, e.Low, e.High)
	if !e.Sure {
		text += " จึงยังสรุปไม่ได้ว่าเปลี่ยนแปลงจริง"
	}
	return text
}

func (y *Yearly) title() string {
	return "รายงานผลการวิเคราะห์และประเมินผลการใช้งานเว็บไซต์\nประจำปีงบประมาณ พ.ศ. " + strconv.Itoa(y.Year)
}

// heading numbers a section as papers do.
func (y *Yearly) heading(i int) string {
	return thai.Digits(strconv.Itoa(i+1) + ". " + y.Sections[i].Heading)
}

// signature is the block that the head of the centre signs.
func (y *Yearly) signature() []string {
	return []string{"(ลงชื่อ) ........................................", "(........................................)", "ผู้อำนวยการศูนย์เทคโนโลยีสารสนเทศและการสื่อสาร", thai.LetterDate(y.Made)}
}

// DOCX writes the report as a word processor's document.
func (y *Yearly) DOCX(w io.Writer) error {
	d := docx.New(thai.Digits("รายงานประจำปีงบประมาณ พ.ศ. " + strconv.Itoa(y.Year)))
	d.Paragraph(thai.Digits(y.title()), "", docx.Look{Size: 36, Bold: true, Center: true})
	d.Paragraph(y.Office, "", docx.Look{Size: 32, Center: true})
	const page = 9300 // twentieths of a point between the margins
	for i, s := range y.Sections {
		d.Paragraph(y.heading(i), "", docx.Look{Size: 32, Bold: true, Before: 240, Keep: true})
		for _, p := range s.Paragraphs {
			d.Paragraph(thai.Digits(p), "", docx.Look{Size: 32})
		}
		if len(s.Rows) == 0 {
			continue
		}
		widths := make([]int, len(s.Widths))
		for k, share := range s.Widths {
			widths[k] = page * share / 100
		}
		rows := []docx.Row{{Head: true}}
		for _, h := range s.Head {
			rows[0].Cells = append(rows[0].Cells, docx.Cell{Text: h, Look: docx.Look{Bold: true}, Fill: "E8EBF2"})
		}
		for _, r := range s.Rows {
			var row docx.Row
			for _, c := range r {
				row.Cells = append(row.Cells, docx.Cell{Text: thai.Digits(c)})
			}
			rows = append(rows, row)
		}
		d.Table(widths, rows)
	}
	for i, line := range y.signature() {
		before := 0
		if i == 0 {
			before = 720
		}
		d.Paragraph(line, "", docx.Look{Size: 32, Center: true, Before: before})
	}
	return d.Write(w)
}

// yearlyFonts are parsed once; documents share them.
var yearlyFonts = sync.OnceValue(func() [2]*pdf.Font {
	var out [2]*pdf.Font
	for i, data := range [][]byte{fonts.LaksamanRegular, fonts.LaksamanBold} {
		f, err := pdf.ParseFont([]string{"Laksaman", "Laksaman-Bold"}[i], data)
		if err != nil {
			panic("analytics: embedded font: " + err.Error()) // a mistake of the build
		}
		out[i] = f
	}
	return out
})

// PDF writes the report as PDF/A.
func (y *Yearly) PDF(w io.Writer) error {
	p := newPaper(pdf.Info{Title: y.title(), Author: y.Office, Created: y.Made}, thai.Digits)
	p.center(thai.Digits(y.title()), 18, true)
	p.center(y.Office, 16, false)
	for i, s := range y.Sections {
		p.y += 8
		p.text(y.heading(i), 16, true)
		for _, x := range s.Paragraphs {
			p.text(thai.Digits(x), 16, false)
		}
		if len(s.Rows) > 0 {
			p.table(s)
		}
	}
	p.room(5 * 24)
	p.y += 30
	for _, line := range y.signature() {
		p.center(line, 16, false)
	}
	return p.end(w, "หน้า ")
}

// yearlyPaper is a PDF under way.
type yearlyPaper struct {
	doc    *pdf.Document
	page   *pdf.Page
	words  *thai.Breaker
	digits func(string) string // how numbers are written in tables
	y      float64
}

func newPaper(about pdf.Info, digits func(string) string) *yearlyPaper {
	p := &yearlyPaper{doc: pdf.New(about), words: thai.NewBreaker("ผู้เข้าชม", "เว็บไซต์", "ประมวลผล"), digits: digits}
	p.turn()
	return p
}

// end numbers the pages and writes them.
func (p *yearlyPaper) end(w io.Writer, word string) error {
	for _, page := range p.doc.Pages() {
		page.TextCenter(page.Width/2, page.Height-28, p.style(12, false), p.digits(word+strconv.Itoa(page.Number)))
	}
	_, err := p.doc.WriteTo(w)
	return err
}

const (
	paperLeft, paperRight = 3 * pdf.CM, 2 * pdf.CM // as the regulation has it for letters
	paperTop, paperBottom = 2 * pdf.CM, 2 * pdf.CM
	paperPad              = 4.0
)

func (p *yearlyPaper) style(size float64, bold bool) pdf.Style {
	f := yearlyFonts()[0]
	if bold {
		f = yearlyFonts()[1]
	}
	return pdf.Style{Font: f, Size: size}
}

func (p *yearlyPaper) turn() { p.page, p.y = p.doc.Add(pdf.A4), paperTop }

// room begins a page where what comes does not fit on this one.
func (p *yearlyPaper) room(height float64) {
	if p.y+height > p.page.Height-paperBottom {
		p.turn()
	}
}

func (p *yearlyPaper) width() float64 { return p.page.Width - paperLeft - paperRight }

func (p *yearlyPaper) draw(text string, size float64, bold bool, at func(r pdf.Run) float64) {
	s := p.style(size, bold)
	for _, r := range p.doc.Lines(s, text, p.words, p.width(), p.width()) {
		p.room(s.Font.LineHeight(size))
		p.page.Draw(at(r), p.y+s.Font.Ascent(size), r)
		p.y += s.Font.LineHeight(size)
	}
}

func (p *yearlyPaper) center(text string, size float64, bold bool) {
	p.draw(text, size, bold, func(r pdf.Run) float64 { return paperLeft + (p.width()-r.Width)/2 })
}

func (p *yearlyPaper) text(text string, size float64, bold bool) {
	p.draw(text, size, bold, func(pdf.Run) float64 { return paperLeft })
}

func (p *yearlyPaper) table(s YearlySection) {
	p.y += 4
	p.row(s.Head, s.Widths, true)
	for _, r := range s.Rows {
		p.row(r, s.Widths, false)
	}
	p.y += 6
}

func (p *yearlyPaper) row(cells []string, shares []int, bold bool) {
	s := p.style(14, bold)
	line, height := s.Font.LineHeight(14), 0.0
	runs := make([][]pdf.Run, len(cells))
	for i, c := range cells {
		width := p.width()*float64(shares[i])/100 - 2*paperPad
		runs[i] = p.doc.Lines(s, p.digits(c), p.words, width, width)
		height = max(height, float64(len(runs[i]))*line+2*paperPad)
	}
	p.room(height)
	x := float64(paperLeft)
	for i, list := range runs {
		width := p.width() * float64(shares[i]) / 100
		p.page.Rect(x, p.y, width, height, .4, pdf.Black)
		for k, r := range list {
			p.page.Draw(x+paperPad, p.y+paperPad+s.Font.Ascent(14)+float64(k)*line, r)
		}
		x += width
	}
	p.y += height
}
