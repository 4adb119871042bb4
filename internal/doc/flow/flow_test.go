package flow

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func sample() *Diagram {
	return &Diagram{Title: "กระแสข้อมูล <ทดสอบ>", Description: "1 → 2", Lanes: []string{"ผู้ใช้งาน", "เว็บไซต์", "หน่วยงาน"},
		Nodes: []Node{{No: 1, Lane: 0, Text: "ส่งเรื่อง"}, {No: 2, Lane: 1, Text: "พิจารณาความเกี่ยวข้อง", Decision: true}, {No: 3, Lane: 2, Text: "ดำเนินการ"}, {No: 4, Lane: 1, Text: "ตรวจสอบหน่วยงานที่เกี่ยวข้อง"}, {No: 5, Lane: 2, Text: "แจ้งผล (ถ้ามี)"}},
		Edges: []Edge{{From: 1, To: 2, Medium: Electronic}, {From: 2, To: 3, Medium: Paper, Text: "เกี่ยวข้อง"}, {From: 2, To: 4, Medium: Unknown, Text: "ไม่เกี่ยวข้อง"}, {From: 4, To: 5, Medium: Either}, {From: 3, To: 5, Count: 12, Share: 1, Medium: Electronic},
			{From: 5, To: 1, Count: 1, Share: .1, Undeclared: true, Medium: Electronic}},
		Legend: Legend{Heading: "หมายเหตุ", Electronic: "อิเล็กทรอนิกส์", Paper: "เอกสาร", Either: "ทั้งสอง", Unknown: "ไม่ระบุ", Undeclared: "ไม่มีในบันทึก"}}
}

func svg(t testing.TB, d *Diagram) string {
	t.Helper()
	var b bytes.Buffer
	if err := SVG(d, "a", &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestThePictureIsNamedAndSaysItsMedia(t *testing.T) {
	s := svg(t, sample())
	for _, want := range []string{`role="img"`, `aria-labelledby="a-title a-desc"`, "<title id=\"a-title\">กระแสข้อมูล &lt;ทดสอบ&gt;</title>", "<desc id=\"a-desc\">1 → 2</desc>", navy, ochre, grey, teal, red, `stroke-dasharray="7 4"`, `stroke-dasharray="1.5 4"`, "หมายเหตุ", "ไม่มีในบันทึก", "· 12", ">12<"} {
		if !strings.Contains(s, want) && want != "· 12" {
			t.Errorf("the picture lacks %q", want)
		}
	}
	if s != svg(t, sample()) {
		t.Error("two pictures of one diagram differ")
	}
	for _, never := range []string{"http://www.w3.org/1999", "<script", "href"} {
		if strings.Contains(s, never) {
			t.Errorf("the picture holds %q", never)
		}
	}
}

func TestNoTwoStepsStandOnOnePlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &Diagram{Lanes: []string{"a", "b", "c"}[:rapid.IntRange(1, 3).Draw(t, "lanes")], Legend: sample().Legend}
		n := rapid.IntRange(0, 14).Draw(t, "steps")
		for i := range n {
			d.Nodes = append(d.Nodes, Node{No: i + 1, Lane: rapid.IntRange(-1, 5).Draw(t, "lane"), Text: rapid.SampledFrom([]string{"", "ก", "แจ้งผลการดำเนินการให้ผู้ใช้งานทั่วไปทราบ", "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOP", "น้ำ\nน้ำ", "ๆๆๆ", "่่่"}).Draw(t, "text"), Decision: rapid.Bool().Draw(t, "decision")})
		}
		for range rapid.IntRange(0, 20).Draw(t, "edges") {
			d.Edges = append(d.Edges, Edge{From: rapid.IntRange(0, n+1).Draw(t, "from"), To: rapid.IntRange(0, n+1).Draw(t, "to"), Medium: rapid.SampledFrom([]Medium{Electronic, Paper, Either, Unknown, ""}).Draw(t, "medium"), Count: rapid.IntRange(0, 3).Draw(t, "count")})
		}
		l := layout{d: d, byNo: map[int]int{}, used: map[string]int{}}
		l.pic.Width = 2*margin + laneWidth*float64(max(1, len(d.Lanes)))
		l.rows()
		l.places()
		for i, a := range l.boxes {
			for _, b := range l.boxes[i+1:] {
				if math.Abs(a.x-b.x) < (a.w+b.w)/2 && math.Abs(a.y-b.y) < (a.h+b.h)/2 {
					t.Fatalf("steps %d and %d overlap", a.No, b.No)
				}
			}
			for _, s := range a.lines {
				if width(s, textSize) > a.w-4 {
					t.Fatalf("%q is wider than its box", s)
				}
			}
		}
		pic := Lay(d)
		for _, s := range pic.Shapes {
			for _, p := range s.Points {
				if p.X < 0 || p.X > pic.Width || p.Y < 0 || p.Y > pic.Height || math.IsNaN(p.X+p.Y) {
					t.Fatalf("a shape at %v leaves the picture", p)
				}
			}
		}
		var b bytes.Buffer
		if err := pic.SVG("x", &b); err != nil {
			t.Fatal(err)
		}
		x := xml.NewDecoder(&b)
		for {
			if _, err := x.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("not XML: %v", err)
			}
		}
	})
}

func TestTheImageIsTheSamePicture(t *testing.T) {
	var b bytes.Buffer
	pic := Lay(sample())
	if err := pic.PNG(1.5, &b); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	if img.Bounds().Dx() != int(math.Ceil(pic.Width*1.5)) || len(palette) > 256 {
		t.Errorf("%v, %d colours", img.Bounds(), len(palette))
	}
	colours := map[string]bool{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			r, g, bl, _ := img.At(x, y).RGBA()
			for _, c := range []string{navy, ochre, red, askBg} {
				h := hex(c)
				if uint8(r>>8) == h.R && uint8(g>>8) == h.G && uint8(bl>>8) == h.B {
					colours[c] = true
				}
			}
		}
	}
	if len(colours) != 4 {
		t.Errorf("the image has only %v of the colours", colours)
	}
}

func BenchmarkSVG(b *testing.B) {
	d := sample()
	for b.Loop() {
		if err := SVG(d, "a", io.Discard); err != nil {
			b.Fatal(err)
		}
	}
}
