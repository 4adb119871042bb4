package pdf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
)

// Font is a TrueType font, read once and shared by all documents.
type Font struct {
	name    string // PostScript name, without the tag of a subset
	face    *font.Font
	tables  map[string][]byte
	upem    float64
	ascent  float64 // in em
	descent float64 // in em, positive
	capital float64
	italic  float64
	bbox    [4]int16
	widths  []uint16 // by glyph, in font units
	loca    []uint32
}

// kept are the tables that a reader of PDF needs; the rest is left out of a subset.
var kept = []string{"cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep"}

var errFont = errors.New("pdf: not a usable TrueType font")

// ParseFont reads a TrueType font. name is its PostScript name.
func ParseFont(name string, data []byte) (*Font, error) {
	face, err := font.ParseTTF(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	loader, err := opentype.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	f := &Font{name: name, face: face.Font, tables: map[string][]byte{}}
	for _, tag := range append([]string{"OS/2", "post"}, kept...) {
		table, err := loader.RawTable(opentype.MustNewTag(tag))
		if err == nil {
			f.tables[tag] = table
		}
	}
	return f, f.measure()
}

func (f *Font) measure() error {
	head, hhea, maxp, hmtx, loca := f.tables["head"], f.tables["hhea"], f.tables["maxp"], f.tables["hmtx"], f.tables["loca"]
	if len(head) < 54 || len(hhea) < 36 || len(maxp) < 6 || f.tables["glyf"] == nil {
		return errFont
	}
	u16 := func(b []byte, at int) uint16 { return binary.BigEndian.Uint16(b[at:]) }
	f.upem = float64(u16(head, 18))
	for i := range f.bbox {
		f.bbox[i] = int16(u16(head, 36+2*i))
	}
	f.ascent, f.descent = float64(int16(u16(hhea, 4)))/f.upem, -float64(int16(u16(hhea, 6)))/f.upem
	f.capital = f.ascent * 0.6
	if os2 := f.tables["OS/2"]; len(os2) >= 90 {
		f.capital = float64(int16(u16(os2, 88))) / f.upem
	}
	glyphs, metrics := int(u16(maxp, 4)), int(u16(hhea, 34))
	if metrics == 0 || len(hmtx) < 4*metrics {
		return errFont
	}
	f.widths = make([]uint16, glyphs)
	for i := range f.widths {
		f.widths[i] = u16(hmtx, 4*min(i, metrics-1))
	}
	long := u16(head, 50) == 1
	if size := 2; len(loca) < (glyphs+1)*size || long && len(loca) < (glyphs+1)*4 {
		return errFont
	}
	f.loca = make([]uint32, glyphs+1)
	for i := range f.loca {
		if long {
			f.loca[i] = binary.BigEndian.Uint32(loca[4*i:])
		} else {
			f.loca[i] = 2 * uint32(u16(loca, 2*i))
		}
	}
	if int(f.loca[glyphs]) > len(f.tables["glyf"]) || !slices.IsSorted(f.loca) {
		return errFont
	}
	return nil
}

// LineHeight is the distance of single-spaced lines at a size.
func (f *Font) LineHeight(size float64) float64 { return (f.ascent + f.descent) * size }

// Ascent is how far above the baseline the line of a size begins.
func (f *Font) Ascent(size float64) float64 { return f.ascent * size }

// subset returns the font with the outlines of the given glyphs alone. Glyphs keep
// their numbers, so that what was written with them stays right.
func (f *Font) subset(used map[uint16]string) []byte {
	glyf := f.tables["glyf"]
	keep := map[uint16]bool{0: true}
	for g := range used {
		f.add(keep, g)
	}
	var outlines bytes.Buffer
	loca := make([]byte, 0, 4*len(f.loca))
	for g := range len(f.loca) - 1 {
		loca = binary.BigEndian.AppendUint32(loca, uint32(outlines.Len()))
		if keep[uint16(g)] {
			outlines.Write(glyf[f.loca[g]:f.loca[g+1]])
			for outlines.Len()%4 != 0 {
				outlines.WriteByte(0)
			}
		}
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(outlines.Len()))
	head := bytes.Clone(f.tables["head"])
	binary.BigEndian.PutUint32(head[8:], 0)  // checkSumAdjustment, set below
	binary.BigEndian.PutUint16(head[50:], 1) // offsets of four bytes
	tables := map[string][]byte{"glyf": outlines.Bytes(), "loca": loca, "head": head}
	for _, tag := range kept {
		if t := f.tables[tag]; t != nil && tables[tag] == nil {
			tables[tag] = t
		}
	}
	return assemble(tables)
}

// add keeps a glyph and those that it is made of.
func (f *Font) add(keep map[uint16]bool, g uint16) {
	if keep[g] || int(g) >= len(f.loca)-1 {
		return
	}
	keep[g] = true
	b := f.tables["glyf"][f.loca[g]:f.loca[g+1]]
	if len(b) < 10 || int16(binary.BigEndian.Uint16(b)) >= 0 {
		return
	}
	const words, scale, more, xy, matrix = 1, 8, 32, 64, 128
	for at := 10; at+4 <= len(b); {
		flags := binary.BigEndian.Uint16(b[at:])
		f.add(keep, binary.BigEndian.Uint16(b[at+2:]))
		at += 6
		if flags&words != 0 {
			at += 2
		}
		switch {
		case flags&scale != 0:
			at += 2
		case flags&xy != 0:
			at += 4
		case flags&matrix != 0:
			at += 8
		}
		if flags&more == 0 {
			break
		}
	}
}

// assemble writes the tables as a font file.
func assemble(tables map[string][]byte) []byte {
	tags := make([]string, 0, len(tables))
	for tag := range tables {
		tags = append(tags, tag)
	}
	slices.Sort(tags)
	var out bytes.Buffer
	power, log := 1, 0
	for power*2 <= len(tags) {
		power, log = power*2, log+1
	}
	out.Write([]byte{0, 1, 0, 0})
	for _, v := range []int{len(tags), power * 16, log, len(tags)*16 - power*16} {
		out.Write(binary.BigEndian.AppendUint16(nil, uint16(v)))
	}
	offset, headAt := 12+16*len(tags), 0
	for _, tag := range tags {
		t := tables[tag]
		out.WriteString(tag)
		for _, v := range []uint32{checksum(t), uint32(offset), uint32(len(t))} {
			out.Write(binary.BigEndian.AppendUint32(nil, v))
		}
		if tag == "head" {
			headAt = offset
		}
		offset += (len(t) + 3) &^ 3
	}
	for _, tag := range tags {
		out.Write(tables[tag])
		for out.Len()%4 != 0 {
			out.WriteByte(0)
		}
	}
	b := out.Bytes()
	binary.BigEndian.PutUint32(b[headAt+8:], 0xB1B0AFBA-checksum(b))
	return b
}

func checksum(b []byte) (sum uint32) {
	for len(b) >= 4 {
		sum += binary.BigEndian.Uint32(b)
		b = b[4:]
	}
	var rest [4]byte
	copy(rest[:], b)
	return sum + binary.BigEndian.Uint32(rest[:])
}
