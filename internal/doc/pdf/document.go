package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"fmt"
	"image"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/shaping"
)

// Info describes a document. The same content with the same Info gives the same bytes.
type Info struct {
	Title, Author, Subject string
	Language               string // RFC 3066, e.g. "th-TH"
	Created                time.Time
}

// Document is a document under way. It belongs to one goroutine.
type Document struct {
	info   Info
	shaper shaping.HarfbuzzShaper
	shapes map[shapeKey]shaped
	faces  map[*Font]*font.Face
	fonts  []*Font
	used   map[*Font]map[uint16]string // glyphs in use and what each stands for
	cmap   map[*Font]map[uint16]string
	pages  []*Page
	images []picture
	seal   Sealer
}

// Image is a picture that was added to a document.
type Image struct {
	number        int
	Width, Height int // in pixels
}

type picture struct {
	Image
	rgb  []byte
	gray bool
}

// New begins a document.
func New(info Info) *Document {
	if info.Language == "" {
		info.Language = "th-TH"
	}
	return &Document{info: info, faces: map[*Font]*font.Face{}, used: map[*Font]map[uint16]string{}, cmap: map[*Font]map[uint16]string{}}
}

// Add begins a page.
func (d *Document) Add(s Size) *Page {
	p := &Page{Size: s, Number: len(d.pages) + 1, doc: d, fonts: map[*Font]bool{}, images: map[int]bool{}}
	d.pages = append(d.pages, p)
	return p
}

// Pages are the pages so far: what needs their number is drawn last.
func (d *Document) Pages() []*Page { return d.pages }

// AddImage adds a picture once, to be drawn any number of times. What is transparent is
// laid on white: PDF/A-1 knows no transparency.
func (d *Document) AddImage(m image.Image) Image {
	b := m.Bounds()
	p := picture{Image: Image{len(d.images) + 1, b.Dx(), b.Dy()}, gray: true, rgb: make([]byte, 0, 3*b.Dx()*b.Dy())}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, a := m.At(x, y).RGBA()
			white := 0xffff - a
			px := [3]byte{byte((r + white) >> 8), byte((g + white) >> 8), byte((bl + white) >> 8)}
			p.gray = p.gray && px[0] == px[1] && px[1] == px[2]
			p.rgb = append(p.rgb, px[0], px[1], px[2])
		}
	}
	if p.gray {
		for i := range b.Dx() * b.Dy() {
			p.rgb[i] = p.rgb[3*i]
		}
		p.rgb = p.rgb[:b.Dx()*b.Dy()]
	}
	d.images = append(d.images, p)
	return p.Image
}

func (d *Document) use(f *Font) map[uint16]string {
	if d.used[f] == nil {
		d.used[f] = map[uint16]string{}
		d.fonts = append(d.fonts, f)
	}
	return d.used[f]
}

func (d *Document) fontName(f *Font) string {
	d.use(f)
	return fmt.Sprintf("F%d", slices.Index(d.fonts, f)+1)
}

// nominal is the character that a glyph stands for by itself, if the font says one.
func (d *Document) nominal(f *Font, id uint16) string {
	if d.cmap[f] == nil {
		m := map[uint16]string{}
		face := d.faceOf(f)
		for r := rune(0x20); r < 0x0e80; r++ {
			if g, ok := face.NominalGlyph(r); ok && m[uint16(g)] == "" {
				m[uint16(g)] = string(r)
			}
		}
		d.cmap[f] = m
	}
	if s := d.cmap[f][id]; s != "" {
		return s
	}
	return "\ufffd"
}

// file writes numbered objects and remembers where they begin.
type file struct {
	bytes.Buffer
	offsets []int
}

// reserve takes a number for an object that comes later.
func (f *file) reserve() int {
	f.offsets = append(f.offsets, 0)
	return len(f.offsets)
}

func (f *file) put(number int, body string) {
	f.offsets[number-1] = f.Len()
	fmt.Fprintf(f, "%d 0 obj\n%s\nendobj\n", number, body)
}

func (f *file) add(body string) int {
	n := f.reserve()
	f.put(n, body)
	return n
}

// packers are used again: making one costs more than packing a page. The usual level is
// within a hundredth of the best one on pages, in a third of its time.
var packers = sync.Pool{New: func() any { return zlib.NewWriter(io.Discard) }}

// stream adds a compressed stream; dict are its other entries.
func (f *file) stream(dict string, data []byte) int {
	var packed bytes.Buffer
	z := packers.Get().(*zlib.Writer)
	z.Reset(&packed)
	_, _ = z.Write(data)
	_ = z.Close()
	packers.Put(z)
	return f.raw(dict+" /Filter /FlateDecode", packed.Bytes())
}

func (f *file) raw(dict string, data []byte) int {
	n := f.reserve()
	f.offsets[n-1] = f.Len()
	fmt.Fprintf(f, "%d 0 obj\n<<%s /Length %d>>\nstream\n", n, dict, len(data))
	f.Write(data)
	f.WriteString("\nendstream\nendobj\n")
	return n
}

// WriteTo finishes the document and writes it. It may be called once.
func (d *Document) WriteTo(w io.Writer) (int64, error) {
	out, err := d.bytes()
	if err != nil {
		return 0, err
	}
	n, err := w.Write(out)
	return int64(n), err
}

func (d *Document) bytes() ([]byte, error) {
	f := &file{}
	// Four bytes above 127 tell transfer programs that the file is not text.
	f.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	fonts := ""
	for i, font := range d.fonts {
		fonts += fmt.Sprintf("/F%d %d 0 R ", i+1, d.writeFont(f, font))
	}
	images := map[int]int{}
	for _, p := range d.images {
		images[p.number] = writeImage(f, &p)
	}
	tree, kids := f.reserve(), make([]string, 0, len(d.pages))
	first := 0
	widget := d.seal.reserve(f)
	for i, p := range d.pages {
		n := d.writePage(f, p, tree, fonts, images, i == 0 && widget > 0, widget)
		kids = append(kids, fmt.Sprintf("%d 0 R", n))
		if i == 0 {
			first = n
		}
	}
	f.put(tree, fmt.Sprintf("<</Type /Pages /Count %d /Kids [%s]>>", len(kids), strings.Join(kids, " ")))
	profile := f.stream("/N 3", sRGB())
	intent := f.add(fmt.Sprintf("<</Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (sRGB IEC61966-2.1) /Info (sRGB IEC61966-2.1) /RegistryName (http://www.color.org) /DestOutputProfile %d 0 R>>", profile))
	meta := f.raw("/Type /Metadata /Subtype /XML", d.metadata())
	form := d.seal.form(f, widget, first)
	catalog := f.add(fmt.Sprintf("<</Type /Catalog /Pages %d 0 R /Metadata %d 0 R /OutputIntents [%d 0 R] /Lang (%s) /MarkInfo <</Marked false>> /ViewerPreferences <</DisplayDocTitle true>>%s>>", tree, meta, intent, d.info.Language, form))
	info := f.add(d.infoDict())
	return d.seal.finish(f, catalog, info)
}

// trailer ends the file: the table of where objects begin, and where that begins.
func (f *file) trailer(catalog, info int) {
	id := sha256.Sum256(f.Bytes())
	at := f.Len()
	fmt.Fprintf(f, "xref\n0 %d\n0000000000 65535 f \n", len(f.offsets)+1)
	for _, o := range f.offsets {
		fmt.Fprintf(f, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(f, "trailer\n<</Size %d /Root %d 0 R /Info %d 0 R /ID [<%X> <%X>]>>\nstartxref\n%d\n%%%%EOF\n", len(f.offsets)+1, catalog, info, id[:16], id[:16], at)
}

func (d *Document) writePage(f *file, p *Page, tree int, fonts string, images map[int]int, sealed bool, widget int) int {
	content := f.stream("", p.ops.Bytes())
	pictures := ""
	numbers := make([]int, 0, len(p.images))
	for n := range p.images {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		pictures += fmt.Sprintf("/I%d %d 0 R ", n, images[n])
	}
	annots := ""
	if sealed {
		annots = fmt.Sprintf(" /Annots [%d 0 R]", widget)
	}
	return f.add(fmt.Sprintf("<</Type /Page /Parent %d 0 R /MediaBox [0 0 %s %s] /Contents %d 0 R /Resources <</Font <<%s>> /XObject <<%s>>>>%s>>", tree, num(p.Width), num(p.Height), content, fonts, pictures, annots))
}

func writeImage(f *file, p *picture) int {
	space := "DeviceRGB"
	if p.gray {
		space = "DeviceGray"
	}
	return f.stream(fmt.Sprintf("/Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /%s /BitsPerComponent 8", p.Width, p.Height, space), p.rgb)
}

// writeFont embeds a font, cut down to what is used of it, as a composite font whose
// codes are the numbers of its glyphs.
func (d *Document) writeFont(f *file, font *Font) int {
	used := d.used[font]
	ids := make([]int, 0, len(used))
	for id := range used {
		ids = append(ids, int(id))
	}
	slices.Sort(ids)
	data := font.subset(used)
	program := f.stream(fmt.Sprintf("/Length1 %d", len(data)), data)
	name := subsetTag(ids) + "+" + font.name
	thousand := func(em float64) int { return int(em*1000 + 0.5) }
	unit := func(v int16) int { return int(float64(v) * 1000 / font.upem) }
	bits := make([]byte, len(font.widths)/8+1)
	bits[0] |= 0x80 // glyph 0 is always there
	var widths strings.Builder
	for _, id := range ids {
		bits[id/8] |= 0x80 >> (id % 8)
		fmt.Fprintf(&widths, "%d [%d] ", id, int(float64(font.widths[id])*1000/font.upem+0.5))
	}
	set := f.stream("", bits)
	descriptor := f.add(fmt.Sprintf("<</Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d /CapHeight %d /StemV 80 /FontFile2 %d 0 R /CIDSet %d 0 R>>",
		name, unit(font.bbox[0]), unit(font.bbox[1]), unit(font.bbox[2]), unit(font.bbox[3]), thousand(font.ascent), -thousand(font.descent), thousand(font.capital), program, set))
	cid := f.add(fmt.Sprintf("<</Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>> /FontDescriptor %d 0 R /DW %d /W [%s] /CIDToGIDMap /Identity>>",
		name, descriptor, int(float64(font.widths[0])*1000/font.upem+0.5), widths.String()))
	unicode := f.stream("", toUnicode(ids, used))
	return f.add(fmt.Sprintf("<</Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R>>", name, cid, unicode))
}

// subsetTag is six letters that tell subsets of one font apart.
func subsetTag(ids []int) string {
	sum := sha256.Sum256([]byte(fmt.Sprint(ids)))
	tag := make([]byte, 6)
	for i := range tag {
		tag[i] = 'A' + sum[i]%26
	}
	return string(tag)
}

// toUnicode says for each glyph which characters it stands for.
func toUnicode(ids []int, used map[uint16]string) []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for len(ids) > 0 {
		n := min(len(ids), 100)
		fmt.Fprintf(&b, "%d beginbfchar\n", n)
		for _, id := range ids[:n] {
			fmt.Fprintf(&b, "<%04X> <%s>\n", id, utf16Hex(used[uint16(id)])[4:])
		}
		b.WriteString("endbfchar\n")
		ids = ids[n:]
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.Bytes()
}
