// Package wordml writes Office Open XML documents (ECMA-376) of Thai text: the fonts, sizes
// and languages that complex scripts need are said for every run, and only what Word and
// LibreOffice both understand is used.
package wordml

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// Measures of paragraphs are in twentieths of a point.
const (
	CM = 567
	Pt = 20
)

// Run is a piece of text of one look. Size is in points; 0 is that of the document.
type Run struct {
	Text  string
	Bold  bool
	Size  float64
	Color string // RRGGBB
	Page  bool   // the number of the page, in Thai digits
}

// Tab is a tabulator stop; Dots fills the way to it.
type Tab struct {
	At    int
	Right bool
	Dots  bool
}

// Paragraph is a paragraph. "\t" in its text goes to the next stop, "\n" begins a line.
type Paragraph struct {
	Runs      []Run
	Align     string // left, center, right, justified (กระจายแบบไทย)
	Left      int    // indents
	First     int    // of the first line, beside Left; may be negative
	Before    int    // space
	Tabs      []Tab
	KeepNext  bool
	KeepLines bool
	Picture   *Picture
}

// Picture is drawn in line with the text; measures are in English metric units.
type Picture struct {
	PNG           []byte
	Width, Height int
}

// EMU are English metric units of a centimetre.
const EMU = 360000

// Document is a document under way.
type Document struct {
	Title, Author  string
	Created        time.Time
	Font           string
	Size           float64
	Top, Right     int // margins
	Bottom, Left   int
	Header, Footer []Paragraph // of every page
	Later          []Paragraph // further lines of the header from the second page on
	Body           []Paragraph
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

const namespaces = `xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"`

const declaration = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// WriteTo writes the document.
func (d *Document) WriteTo(w io.Writer) (int64, error) {
	count := &counter{w: w}
	z := zip.NewWriter(count)
	var pictures []*Picture
	add := func(name, content string) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: d.Created})
		if err == nil {
			_, err = io.WriteString(f, content)
		}
		return err
	}
	body := d.paragraphs(d.Body, &pictures)
	section := fmt.Sprintf(`<w:sectPr><w:headerReference w:type="default" r:id="rId3"/><w:headerReference w:type="first" r:id="rId4"/><w:footerReference w:type="default" r:id="rId5"/><w:footerReference w:type="first" r:id="rId5"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="%d" w:right="%d" w:bottom="%d" w:left="%d" w:header="400" w:footer="300" w:gutter="0"/><w:titlePg/></w:sectPr>`, d.Top, d.Right, d.Bottom, d.Left)
	links := `<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/settings" Target="settings.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/header" Target="header1.xml"/><Relationship Id="rId4" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/header" Target="header2.xml"/><Relationship Id="rId5" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer" Target="footer1.xml"/>`
	for i := range pictures {
		links += fmt.Sprintf(`<Relationship Id="rIdP%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="media/image%d.png"/>`, i+1, i+1)
	}
	var none []*Picture
	part := func(tag string, list []Paragraph) string {
		if len(list) == 0 {
			list = []Paragraph{{}}
		}
		return declaration + "<w:" + tag + " " + namespaces + ">" + d.paragraphs(list, &none) + "</w:" + tag + ">"
	}
	const relations = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	for _, f := range [][2]string{
		{"[Content_Types].xml", declaration + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/><Override PartName="/word/settings.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.settings+xml"/><Override PartName="/word/header1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"/><Override PartName="/word/header2.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"/><Override PartName="/word/footer1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/><Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`},
		{"_rels/.rels", declaration + relations + `<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`},
		{"docProps/core.xml", declaration + fmt.Sprintf(`<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><dc:title>%s</dc:title><dc:creator>%s</dc:creator><dc:language>th-TH</dc:language><dcterms:created xsi:type="dcterms:W3CDTF">%s</dcterms:created></cp:coreProperties>`, escape(d.Title), escape(d.Author), d.Created.UTC().Format(time.RFC3339))},
		{"word/_rels/document.xml.rels", declaration + relations + links + `</Relationships>`},
		{"word/settings.xml", declaration + `<w:settings ` + namespaces + `><w:themeFontLang w:val="en-US" w:bidi="th-TH"/></w:settings>`},
		{"word/styles.xml", declaration + `<w:styles ` + namespaces + `><w:docDefaults><w:rPrDefault>` + d.look(Run{}) + `</w:rPrDefault><w:pPrDefault><w:pPr><w:spacing w:before="0" w:after="0" w:line="240" w:lineRule="auto"/></w:pPr></w:pPrDefault></w:docDefaults><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style></w:styles>`},
		{"word/header1.xml", part("hdr", append(append([]Paragraph{}, d.Header...), d.Later...))},
		{"word/header2.xml", part("hdr", d.Header)},
		{"word/footer1.xml", part("ftr", d.Footer)},
		{"word/document.xml", declaration + "<w:document " + namespaces + "><w:body>" + body + section + "</w:body></w:document>"},
	} {
		if err := add(f[0], f[1]); err != nil {
			return count.n, err
		}
	}
	for i, p := range pictures {
		if err := add(fmt.Sprintf("word/media/image%d.png", i+1), string(p.PNG)); err != nil {
			return count.n, err
		}
	}
	err := z.Close()
	return count.n, err
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.n += int64(n)
	return n, err
}

// look says how a run looks, for Latin letters and for Thai ones.
func (d *Document) look(r Run) string {
	size := r.Size
	if size == 0 {
		size = d.Size
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<w:rPr><w:rFonts w:ascii="%[1]s" w:hAnsi="%[1]s" w:eastAsia="%[1]s" w:cs="%[1]s"/>`, escape(d.Font))
	if r.Bold {
		b.WriteString(`<w:b/><w:bCs/>`)
	}
	if r.Color != "" {
		fmt.Fprintf(&b, `<w:color w:val="%s"/>`, r.Color)
	}
	fmt.Fprintf(&b, `<w:sz w:val="%[1]d"/><w:szCs w:val="%[1]d"/><w:lang w:val="en-US" w:bidi="th-TH"/></w:rPr>`, int(size*2))
	return b.String()
}

var alignments = map[string]string{"center": "center", "right": "right", "justified": "thaiDistribute"}

func (d *Document) paragraphs(list []Paragraph, pictures *[]*Picture) string {
	var b strings.Builder
	for _, p := range list {
		b.WriteString(`<w:p><w:pPr>`)
		if p.KeepNext {
			b.WriteString(`<w:keepNext/>`)
		}
		if p.KeepLines {
			b.WriteString(`<w:keepLines/>`)
		}
		if len(p.Tabs) > 0 {
			b.WriteString(`<w:tabs>`)
			for _, t := range p.Tabs {
				kind, leader := "left", "none"
				if t.Right {
					kind = "right"
				}
				if t.Dots {
					leader = "dot"
				}
				fmt.Fprintf(&b, `<w:tab w:val="%s" w:leader="%s" w:pos="%d"/>`, kind, leader, t.At)
			}
			b.WriteString(`</w:tabs>`)
		}
		fmt.Fprintf(&b, `<w:spacing w:before="%d"/>`, p.Before)
		if p.Left != 0 || p.First != 0 {
			first := fmt.Sprintf(`w:firstLine="%d"`, p.First)
			if p.First < 0 {
				first = fmt.Sprintf(`w:hanging="%d"`, -p.First)
			}
			fmt.Fprintf(&b, `<w:ind w:left="%d" %s/>`, p.Left, first)
		}
		if a := alignments[p.Align]; a != "" {
			fmt.Fprintf(&b, `<w:jc w:val="%s"/>`, a)
		}
		b.WriteString(`</w:pPr>`)
		if p.Picture != nil {
			*pictures = append(*pictures, p.Picture)
			d.picture(&b, p.Picture, len(*pictures))
		}
		for _, r := range p.Runs {
			d.run(&b, r)
		}
		b.WriteString(`</w:p>`)
	}
	return b.String()
}

func (d *Document) run(b *strings.Builder, r Run) {
	look := d.look(r)
	if r.Page {
		for _, part := range []string{`<w:fldChar w:fldCharType="begin"/>`, `<w:instrText xml:space="preserve"> PAGE \* ThaiArabic </w:instrText>`, `<w:fldChar w:fldCharType="end"/>`} {
			b.WriteString(`<w:r>` + look + part + `</w:r>`)
		}
		return
	}
	b.WriteString(`<w:r>` + look)
	for i, line := range strings.Split(r.Text, "\n") {
		if i > 0 {
			b.WriteString(`<w:br/>`)
		}
		for k, part := range strings.Split(line, "\t") {
			if k > 0 {
				b.WriteString(`<w:tab/>`)
			}
			if part != "" {
				b.WriteString(`<w:t xml:space="preserve">` + escape(part) + `</w:t>`)
			}
		}
	}
	b.WriteString(`</w:r>`)
}

func (d *Document) picture(b *strings.Builder, p *Picture, n int) {
	fmt.Fprintf(b, `<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="%[1]d" cy="%[2]d"/><wp:docPr id="%[3]d" name="picture%[3]d"/><a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="%[3]d" name="picture%[3]d"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed="rIdP%[3]d"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="%[1]d" cy="%[2]d"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>`, p.Width, p.Height, n)
}
