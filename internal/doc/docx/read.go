package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of what is read.
const (
	MaxXML   = 16 << 20
	maxDepth = 200
	maxRows  = 5000
)

// Document is what a document holds, as text.
type Document struct {
	Blocks   []Block           // in their order
	Controls map[string]string // text of content controls by tag
	Twice    []string          // tags of more than one control
	Data     [][]byte          // the parts under customXml
}

// Block is a paragraph (Text) or a row of a table (Cells).
type Block struct {
	Text  string
	Cells []string
	Table int      // from 1; 0 for a paragraph
	Row   int      // from 1
	Tags  []string // of the content controls that stand in the row
}

// Read reads a document. The caller has checked the limits of the package.
func Read(data []byte) (*Document, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, errors.New("a broken zip file")
	}
	d := &Document{Controls: map[string]string{}}
	for _, f := range z.File {
		name := strings.TrimPrefix(f.Name, "/")
		isData := strings.HasPrefix(name, "customXml/item") && strings.HasSuffix(name, ".xml") && !strings.Contains(name, "Props")
		if name != "word/document.xml" && !isData {
			continue
		}
		part, err := unpack(f)
		if err != nil {
			return nil, err
		}
		if isData {
			d.Data = append(d.Data, part)
			continue
		}
		if err := d.parse(part); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func unpack(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("the part %q cannot be unpacked", f.Name)
	}
	defer func() { _ = r.Close() }() // reading is all that was done
	out, err := io.ReadAll(io.LimitReader(r, MaxXML+1))
	if err != nil || len(out) > MaxXML {
		return nil, fmt.Errorf("the part %q cannot be unpacked, or is too large", f.Name)
	}
	return out, nil
}

// parser walks the body. Cells of nested tables belong to the cell around them.
type parser struct {
	d       *Document
	tables  int
	depth   int // of tables
	row     int
	cells   []string
	cell    *strings.Builder
	control []open
	tags    []string        // of the row
	text    strings.Builder // of a paragraph outside tables
	inText  bool
}

// open is a content control that has not ended; text is what stood in it so far.
type open struct {
	tag   string
	text  strings.Builder
	first bool
}

func (d *Document) parse(part []byte) error {
	x := xml.NewDecoder(bytes.NewReader(part))
	x.Entity = map[string]string{}
	p := parser{d: d}
	depth := 0
	for {
		t, err := x.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.New("a document whose XML is broken")
		}
		switch e := t.(type) {
		case xml.StartElement:
			if depth++; depth > maxDepth || len(d.Blocks) > maxRows {
				return errors.New("a document deeper or longer than any form")
			}
			p.start(e)
		case xml.EndElement:
			depth--
			p.end(e.Name.Local)
		case xml.CharData:
			if p.inText {
				p.write(string(e))
			}
		case xml.Directive:
			return errors.New("a document that declares entities")
		}
	}
}

func (p *parser) start(e xml.StartElement) {
	switch e.Name.Local {
	case "tbl":
		if p.depth++; p.depth == 1 {
			p.tables++
			p.row = 0
		}
	case "tr":
		if p.depth == 1 {
			p.cells, p.tags = nil, nil
			p.row++
		}
	case "tc":
		if p.depth == 1 {
			p.cell = &strings.Builder{}
		}
	case "p":
		p.paragraph()
	case "t":
		p.inText = true
	case "br", "cr":
		p.write("\n")
	case "tab":
		p.write("\t")
	case "sdt":
		p.control = append(p.control, open{first: true})
	case "tag":
		for _, a := range e.Attr {
			if n := len(p.control); n > 0 && a.Name.Local == "val" {
				p.control[n-1].tag = a.Value
				p.tags = append(p.tags, a.Value)
			}
		}
	case "gridSpan":
		for _, a := range e.Attr {
			if n := 0; a.Name.Local == "val" && p.cell != nil && p.depth == 1 {
				if _, err := fmt.Sscan(a.Value, &n); err == nil {
					for range min(n, 30) - 1 {
						p.cells = append(p.cells, "")
					}
				}
			}
		}
	}
}

// paragraph begins a line of its own, where one stands before it already.
func (p *parser) paragraph() {
	if p.cell != nil && p.cell.Len() > 0 {
		p.cell.WriteByte('\n')
	}
	for i := range p.control {
		if !p.control[i].first {
			p.control[i].text.WriteByte('\n')
		}
		p.control[i].first = false
	}
}

func (p *parser) write(s string) {
	if p.cell != nil {
		p.cell.WriteString(s)
	} else {
		p.text.WriteString(s)
	}
	for i := range p.control {
		p.control[i].text.WriteString(s)
	}
}

func (p *parser) end(name string) {
	switch name {
	case "tbl":
		p.depth--
	case "t":
		p.inText = false
	case "tc":
		if p.depth == 1 && p.cell != nil {
			p.cells = append(p.cells, p.cell.String())
			p.cell = nil
		}
	case "tr":
		if p.depth == 1 {
			p.d.Blocks = append(p.d.Blocks, Block{Cells: p.cells, Table: p.tables, Row: p.row, Tags: p.tags})
		}
	case "p":
		if p.depth == 0 && p.cell == nil {
			p.d.Blocks = append(p.d.Blocks, Block{Text: p.text.String()})
			p.text.Reset()
		}
	case "sdt":
		p.endControl()
	}
}

func (p *parser) endControl() {
	n := len(p.control) - 1
	if n < 0 {
		return
	}
	c := &p.control[n]
	if _, ok := p.d.Controls[c.tag]; ok && c.tag != "" {
		p.d.Twice = append(p.d.Twice, c.tag)
	} else if c.tag != "" {
		p.d.Controls[c.tag] = c.text.String()
	}
	p.control = p.control[:n]
}
