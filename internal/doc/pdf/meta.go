package pdf

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"math"
	"sync"
	"time"

	"prasan/internal/thai"
)

const producer = "Prasan"

func pdfDate(t time.Time) string { return t.In(thai.Bangkok).Format("D:20060102150405+07'00'") }

// infoDict says the same as the metadata, as PDF/A-1 6.7.3 demands.
func (d *Document) infoDict() string {
	var b bytes.Buffer
	b.WriteString("<<")
	for _, e := range [][2]string{{"Title", d.info.Title}, {"Author", d.info.Author}, {"Subject", d.info.Subject}} {
		if e[1] != "" {
			fmt.Fprintf(&b, "/%s <%s> ", e[0], utf16Hex(e[1]))
		}
	}
	fmt.Fprintf(&b, "/Producer (%s) /Creator (%s) /CreationDate (%s) /ModDate (%s)>>", producer, producer, pdfDate(d.info.Created), pdfDate(d.info.Created))
	return b.String()
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}

// metadata is the XMP packet that makes the document PDF/A-1b (ISO 19005-1, 6.7).
func (d *Document) metadata() []byte {
	at := d.info.Created.In(thai.Bangkok).Format(time.RFC3339)
	var b bytes.Buffer
	b.WriteString("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\n")
	b.WriteString("<rdf:Description rdf:about=\"\" xmlns:pdfaid=\"http://www.aiim.org/pdfa/ns/id/\"><pdfaid:part>1</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance></rdf:Description>\n")
	b.WriteString("<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:format>application/pdf</dc:format>")
	alt := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "<dc:%s><rdf:Alt><rdf:li xml:lang=\"x-default\">%s</rdf:li></rdf:Alt></dc:%s>", name, escape(value), name)
		}
	}
	alt("title", d.info.Title)
	alt("description", d.info.Subject)
	if d.info.Author != "" {
		fmt.Fprintf(&b, "<dc:creator><rdf:Seq><rdf:li>%s</rdf:li></rdf:Seq></dc:creator>", escape(d.info.Author))
	}
	b.WriteString("</rdf:Description>\n")
	fmt.Fprintf(&b, "<rdf:Description rdf:about=\"\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\"><xmp:CreateDate>%s</xmp:CreateDate><xmp:ModifyDate>%s</xmp:ModifyDate><xmp:CreatorTool>%s</xmp:CreatorTool></rdf:Description>\n", at, at, producer)
	fmt.Fprintf(&b, "<rdf:Description rdf:about=\"\" xmlns:pdf=\"http://ns.adobe.com/pdf/1.3/\"><pdf:Producer>%s</pdf:Producer></rdf:Description>\n", producer)
	b.WriteString("</rdf:RDF></x:xmpmeta>\n<?xpacket end=\"r\"?>")
	return b.Bytes()
}

// sRGB is a profile of the colour space of screens (IEC 61966-2-1) in the form of ICC
// version 2, which PDF 1.4 knows: primaries adapted to D50, and the curve as a table.
var sRGB = sync.OnceValue(func() []byte {
	curve := append([]byte("curv\x00\x00\x00\x00"), 0, 0, 2, 0)
	for i := range 512 {
		v := float64(i) / 511
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		curve = binary.BigEndian.AppendUint16(curve, uint16(v*65535+0.5))
	}
	fixed := func(v float64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(int32(math.Round(v*65536)))) }
	xyz := func(x, y, z float64) []byte {
		return bytes.Join([][]byte{[]byte("XYZ \x00\x00\x00\x00"), fixed(x), fixed(y), fixed(z)}, nil)
	}
	name := "sRGB IEC61966-2.1"
	desc := append([]byte("desc\x00\x00\x00\x00"), 0, 0, 0, byte(len(name)+1))
	desc = append(append(desc, name...), make([]byte, 1+8+3+67)...)
	tags := []struct {
		tag  string
		data []byte
	}{
		{"desc", desc}, {"cprt", []byte("text\x00\x00\x00\x00Public domain\x00")},
		{"wtpt", xyz(0.9642, 1, 0.8249)}, {"rXYZ", xyz(0.4360747, 0.2225045, 0.0139322)}, {"gXYZ", xyz(0.3850649, 0.7168786, 0.0971045)}, {"bXYZ", xyz(0.1430804, 0.0606169, 0.7141733)},
		{"rTRC", curve}, {"gTRC", nil}, {"bTRC", nil}, // the curve is one
	}
	var table, data bytes.Buffer
	offset, last := 128+4+12*len(tags), 0
	table.Write(binary.BigEndian.AppendUint32(nil, uint32(len(tags))))
	size := 0
	for _, t := range tags {
		if t.data != nil {
			last, size = offset+data.Len(), len(t.data)
			data.Write(t.data)
			for data.Len()%4 != 0 {
				data.WriteByte(0)
			}
		}
		table.WriteString(t.tag)
		table.Write(binary.BigEndian.AppendUint32(nil, uint32(last)))
		table.Write(binary.BigEndian.AppendUint32(nil, uint32(size)))
	}
	head := make([]byte, 128)
	binary.BigEndian.PutUint32(head, uint32(offset+data.Len()))
	copy(head[8:], "\x02\x10\x00\x00mntrRGB XYZ ")
	for i, v := range []uint16{2026, 1, 1, 0, 0, 0} {
		binary.BigEndian.PutUint16(head[24+2*i:], v)
	}
	copy(head[36:], "acsp")
	copy(head[68:], bytes.Join([][]byte{fixed(0.9642), fixed(1), fixed(0.8249)}, nil))
	return bytes.Join([][]byte{head, table.Bytes(), data.Bytes()}, nil)
})
