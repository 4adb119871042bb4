package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// Typeface is the one that Thai official documents are set in.
const Typeface = "TH Sarabun New"

// Look is how a paragraph looks.
type Look struct {
	Size   int // in half points; 0 is 28
	Bold   bool
	Center bool
	Right  bool
	Before int // space before, in twentieths of a point
	Keep   bool
}

// Cell is a cell of a table.
type Cell struct {
	Text  string
	Look  Look
	Fill  string // colour RRGGBB
	Span  int    // columns
	Merge Merge  // with the cell above
	Tag   string // of the content control around the text
}

// Merge says how a cell joins those above and below.
type Merge int

// Merges.
const (
	Alone Merge = iota
	Begins
	Continues
)

// Row is a row of a table; one that heads the table is repeated on each page.
type Row struct {
	Cells []Cell
	Head  bool
}

// Writer is a document under construction.
type Writer struct {
	body    bytes.Buffer
	section string // properties of the section under way
	footer  string
	data    []byte
	media   []media
	sdt     int
}

type media struct {
	name string
	data []byte
}

// New begins a document; footer stands at the foot of each page, before its number.
func New(footer string) *Writer {
	w := &Writer{footer: footer}
	w.Page(false)
	return w
}

// Page sets the orientation of the pages from here to the next Section.
func (w *Writer) Page(landscape bool) {
	size := `<w:pgSz w:w="11906" w:h="16838"/>`
	if landscape {
		size = `<w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/>`
	}
	w.section = `<w:sectPr><w:footerReference w:type="default" r:id="rId2"/>` + size + `<w:pgMar w:top="1000" w:right="850" w:bottom="850" w:left="850" w:header="400" w:footer="400" w:gutter="0"/></w:sectPr>`
}

// Section ends the pages under way and begins others.
func (w *Writer) Section(landscape bool) {
	w.body.WriteString(`<w:p><w:pPr>` + w.section + `</w:pPr></w:p>`)
	w.Page(landscape)
}

// Data puts a part of the caller's own into the package (customXml). Programs that know
// nothing of it keep it.
func (w *Writer) Data(xml []byte) { w.data = xml }

// Paragraph writes a paragraph; with a tag its text stands in a content control.
func (w *Writer) Paragraph(text, tag string, l Look) { w.paragraphs("", text, tag, l) }

// Labelled writes a paragraph that begins with a label before the control.
func (w *Writer) Labelled(label, text, tag string, l Look) { w.paragraphs(label, text, tag, l) }

func (w *Writer) paragraphs(label, text, tag string, l Look) {
	w.body.WriteString(`<w:p><w:pPr>`)
	if l.Keep {
		w.body.WriteString(`<w:keepNext/>`)
	}
	fmt.Fprintf(&w.body, `<w:spacing w:before="%d" w:after="0"/>`, l.Before)
	switch {
	case l.Center:
		w.body.WriteString(`<w:jc w:val="center"/>`)
	case l.Right:
		w.body.WriteString(`<w:jc w:val="right"/>`)
	}
	w.body.WriteString(`</w:pPr>`)
	if label != "" {
		w.run(label, Look{Size: l.Size, Bold: true})
	}
	w.control(tag, func() { w.run(text, l) })
	w.body.WriteString(`</w:p>`)
}

func (w *Writer) run(text string, l Look) {
	w.body.WriteString(`<w:r>` + properties(l))
	for i, line := range strings.Split(text, "\n") {
		if i > 0 {
			w.body.WriteString(`<w:br/>`)
		}
		for j, part := range strings.Split(line, "\t") {
			if j > 0 {
				w.body.WriteString(`<w:tab/>`)
			}
			w.body.WriteString(`<w:t xml:space="preserve">` + escape(part) + `</w:t>`)
		}
	}
	w.body.WriteString(`</w:r>`)
}

func properties(l Look) string {
	size := l.Size
	if size == 0 {
		size = 28
	}
	bold := ""
	if l.Bold {
		bold = `<w:b/><w:bCs/>`
	}
	return fmt.Sprintf(`<w:rPr><w:rFonts w:ascii="%[1]s" w:hAnsi="%[1]s" w:cs="%[1]s"/>%[2]s<w:sz w:val="%[3]d"/><w:szCs w:val="%[3]d"/><w:lang w:bidi="th-TH"/></w:rPr>`, Typeface, bold, size)
}

// control writes what f writes inside a content control.
func (w *Writer) control(tag string, f func()) {
	if tag == "" {
		f()
		return
	}
	w.sdt++
	fmt.Fprintf(&w.body, `<w:sdt><w:sdtPr><w:tag w:val="%s"/><w:id w:val="%d"/></w:sdtPr><w:sdtContent>`, escape(tag), w.sdt)
	f()
	w.body.WriteString(`</w:sdtContent></w:sdt>`)
}

// Table writes a table; widths are in twentieths of a point.
func (w *Writer) Table(widths []int, rows []Row) {
	w.body.WriteString(`<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/><w:tblBorders>`)
	for _, side := range []string{"top", "left", "bottom", "right", "insideH", "insideV"} {
		fmt.Fprintf(&w.body, `<w:%s w:val="single" w:sz="4" w:space="0" w:color="4A5568"/>`, side)
	}
	w.body.WriteString(`</w:tblBorders><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>`)
	for _, width := range widths {
		fmt.Fprintf(&w.body, `<w:gridCol w:w="%d"/>`, width)
	}
	w.body.WriteString(`</w:tblGrid>`)
	for _, r := range rows {
		w.row(widths, r)
	}
	w.body.WriteString(`</w:tbl>`)
}

func (w *Writer) row(widths []int, r Row) {
	w.body.WriteString(`<w:tr><w:trPr><w:cantSplit/>`)
	if r.Head {
		w.body.WriteString(`<w:tblHeader/>`)
	}
	w.body.WriteString(`</w:trPr>`)
	at := 0
	for _, c := range r.Cells {
		span := max(1, c.Span)
		width := 0
		for i := at; i < at+span && i < len(widths); i++ {
			width += widths[i]
		}
		at += span
		w.cell(c, width, span)
	}
	w.body.WriteString(`</w:tr>`)
}

func (w *Writer) cell(c Cell, width, span int) {
	fmt.Fprintf(&w.body, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/>`, width)
	if span > 1 {
		fmt.Fprintf(&w.body, `<w:gridSpan w:val="%d"/>`, span)
	}
	switch c.Merge {
	case Begins:
		w.body.WriteString(`<w:vMerge w:val="restart"/>`)
	case Continues:
		w.body.WriteString(`<w:vMerge/>`)
	}
	if c.Fill != "" {
		fmt.Fprintf(&w.body, `<w:shd w:val="clear" w:color="auto" w:fill="%s"/>`, c.Fill)
	}
	w.body.WriteString(`</w:tcPr>`)
	w.paragraphs("", c.Text, c.Tag, c.Look)
	w.body.WriteString(`</w:tc>`)
}

// Picture writes a picture in PNG; width and height are in EMU (914,400 an inch).
func (w *Writer) Picture(png []byte, width, height int, title, description string) {
	n := len(w.media) + 1
	w.media = append(w.media, media{fmt.Sprintf("image%d.png", n), png})
	fmt.Fprintf(&w.body, `<w:p><w:pPr><w:jc w:val="center"/></w:pPr><w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="%[1]d" cy="%[2]d"/><wp:docPr id="%[3]d" name="%[4]s" descr="%[5]s"/>`+
		`<a:graphic xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:nvPicPr><pic:cNvPr id="%[3]d" name="%[4]s"/><pic:cNvPicPr/></pic:nvPicPr>`+
		`<pic:blipFill><a:blip r:embed="rIdM%[3]d"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="%[1]d" cy="%[2]d"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>`,
		width, height, n, escape(title), escape(description))
}

// Text is a text as a document can hold it.
func Text(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r >= ' ' && r != 0xfffe && r != 0xffff {
			return r
		}
		return -1
	}, s)
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(Text(s))) // a buffer takes everything
	return b.String()
}

const header = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

const names = ` xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"`

const relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

// Write writes the package. The same content gives the same bytes.
func (w *Writer) Write(out io.Writer) error {
	z := zip.NewWriter(out)
	types := `<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>` +
		`<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>` +
		`<Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/>` +
		`<Override PartName="/word/footer1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/>`
	rels := rel("rId1", "styles", "styles.xml") + rel("rId2", "footer", "footer1.xml")
	for i, m := range w.media {
		rels += rel(fmt.Sprintf("rIdM%d", i+1), "image", "media/"+m.name)
	}
	parts := []media{}
	if w.data != nil {
		types += `<Override PartName="/customXml/itemProps1.xml" ContentType="application/vnd.openxmlformats-officedocument.customXmlProperties+xml"/>`
		rels += rel("rId3", "customXml", "../customXml/item1.xml")
		parts = append(parts, media{"customXml/item1.xml", w.data},
			media{"customXml/itemProps1.xml", []byte(header + `<ds:datastoreItem ds:itemID="{6E1B7E64-2D5C-4A0B-9F35-0C8B1C0D52A1}" xmlns:ds="http://schemas.openxmlformats.org/officeDocument/2006/customXml"><ds:schemaRefs/></ds:datastoreItem>`)},
			media{"customXml/_rels/item1.xml.rels", []byte(relationships(rel("rId1", "customXmlProps", "itemProps1.xml")))})
	}
	for _, m := range w.media {
		parts = append(parts, media{"word/media/" + m.name, m.data})
	}
	parts = append([]media{
		{"[Content_Types].xml", []byte(header + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` + types + `</Types>`)},
		{"_rels/.rels", []byte(relationships(rel("rId1", "officeDocument", "word/document.xml")))},
		{"word/_rels/document.xml.rels", []byte(relationships(rels))},
		{"word/document.xml", []byte(header + `<w:document` + names + `><w:body>` + w.body.String() + w.section + `</w:body></w:document>`)},
		{"word/styles.xml", []byte(header + `<w:styles` + names + `><w:docDefaults><w:rPrDefault>` + properties(Look{}) + `</w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:after="0" w:line="240" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults></w:styles>`)},
		{"word/footer1.xml", []byte(w.footerXML())},
	}, parts...)
	for _, p := range parts {
		f, err := z.CreateHeader(&zip.FileHeader{Name: p.name, Method: method(p.name)})
		if err != nil {
			return err
		}
		if _, err := f.Write(p.data); err != nil {
			return err
		}
	}
	return z.Close()
}

// method: an image is packed already.
func method(name string) uint16 {
	if strings.HasSuffix(name, ".png") {
		return zip.Store
	}
	return zip.Deflate
}

func rel(id, kind, target string) string {
	return fmt.Sprintf(`<Relationship Id="%s" Type="%s%s" Target="%s"/>`, id, relations, kind, target)
}

func relationships(list string) string {
	return header + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` + list + `</Relationships>`
}

func (w *Writer) footerXML() string {
	l := Look{Size: 22}
	field := func(name string) string {
		return `<w:r>` + properties(l) + `<w:fldChar w:fldCharType="begin"/></w:r><w:r>` + properties(l) + `<w:instrText xml:space="preserve"> ` + name + ` </w:instrText></w:r><w:r>` + properties(l) + `<w:fldChar w:fldCharType="end"/></w:r>`
	}
	text := func(s string) string {
		return `<w:r>` + properties(l) + `<w:t xml:space="preserve">` + escape(s) + `</w:t></w:r>`
	}
	return header + `<w:ftr` + names + `><w:p><w:pPr><w:jc w:val="right"/></w:pPr>` + text(w.footer+"    หน้า ") + field("PAGE") + text(" จาก ") + field("NUMPAGES") + `</w:p></w:ftr>`
}
