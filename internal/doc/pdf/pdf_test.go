package pdf

import (
	"bytes"
	"image"
	"image/color"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/thai"
	"prasan/third_party/fonts"
)

func laksaman(t testing.TB) *Font {
	t.Helper()
	f, err := ParseFont("Laksaman", fonts.LaksamanRegular)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var info = Info{Title: "หนังสือ (ทดสอบ) <ก>", Author: "สำนักงาน", Created: time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)}

func finish(t testing.TB, d *Document) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := d.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read has another program read the file.
func read(t *testing.T, file []byte, program string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed (Debian's poppler-utils)", program)
	}
	path := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	for i, a := range args {
		if a == "FILE" {
			args[i] = path
		}
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	return string(out)
}

func TestTheTextIsReadExactlyAsItWasWritten(t *testing.T) {
	lines := []string{
		"น้ำใจของผู้ให้ที่ปู่ญาติฐานฏีกาทำให้ซ้ำ กำลังจำนำน้ำมัน ที่นี้ ปีนี้ ฟ้าฝ่าฟันป้าปั้นปิ่นโต",
		"ตามหนังสือที่อ้างถึง ๑ ลงวันที่ ๒๔ พฤศจิกายน ๒๕๖๙ กฎหมาย ฤๅษี ฦๅ เก๋ไก๋ ศุกร์ วิญญู ฐาน",
		"saraban@ops.example โทร. 0 2430 6967 A&B (1) 100% “ก” ‘ข’ – …",
		"เปิ้ล เป็ด เสื้อ เนื้อที่ เมื่อใด เพื่อ ผื่นคัน ฟื้นฟู บึ้ง กู้ ญู่ ฐู ญ ฐ",
	}
	d := New(info)
	p := d.Add(A4)
	for i, l := range lines {
		p.Text(85, 100+30*float64(i), Style{Font: laksaman(t), Size: 10.65}, l)
	}
	got := strings.Split(strings.TrimRight(read(t, finish(t, d), "pdftotext", "-layout", "FILE", "-"), "\f\n"), "\n")
	var said []string
	for _, l := range got {
		if strings.TrimSpace(l) != "" {
			said = append(said, strings.TrimSpace(l))
		}
	}
	if strings.Join(said, "\n") != strings.Join(lines, "\n") {
		t.Errorf("read\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(lines, "\n"))
	}
}

const story = "ด้วยสำนักงานอุตสาหกรรมจังหวัดระยองได้รับเรื่องร้องเรียนจากประชาชนในพื้นที่ตำบลมาบตาพุด อำเภอเมืองระยอง จังหวัดระยอง ว่าได้รับความเดือดร้อนรำคาญจากกลิ่นเหม็นและเสียงดังของโรงงานอุตสาหกรรมซึ่งตั้งอยู่ใกล้ชุมชน ทั้งในเวลากลางวันและกลางคืน จึงขอให้กรมโรงงานอุตสาหกรรมตรวจสอบข้อเท็จจริงและดำเนินการตามอำนาจหน้าที่ต่อไป"

func TestParagraphsAreBrokenAtWordsWithinTheirWidth(t *testing.T) {
	d := New(info)
	s := Style{Font: laksaman(t), Size: 10.65}
	names := thai.NewBreaker("กรมโรงงานอุตสาหกรรม")
	for _, width := range []float64{80, 150, 300, 453} {
		lines := d.Lines(s, story, names, width-70, width)
		joined := ""
		for i, l := range lines {
			limit := width
			if i == 0 {
				limit -= 70
			}
			if l.Width > limit+0.01 && width > 100 {
				t.Errorf("a line of %.1f in %.1f: %q", l.Width, limit, l.Text)
			}
			if just := l.Justified(limit); !just.last && just.Width > l.Width && (just.Width > limit+0.01 || just.Width < limit-0.01) {
				t.Errorf("justified to %.2f, not %.2f", just.Width, limit)
			}
			joined += l.Text
		}
		if strings.ReplaceAll(joined, " ", "") != strings.ReplaceAll(story, " ", "") {
			t.Errorf("width %v lost text: %q", width, joined)
		}
	}
}

// What a page shows is looked at as well: PRASAN_LOOK names a folder for it.
func TestAPageWithEverything(t *testing.T) {
	d := New(info)
	p := d.Add(A4)
	s := Style{Font: laksaman(t), Size: 10.65}
	y := 100.0
	for i, l := range d.Lines(s, story, thai.NewBreaker(), 453-71, 453) {
		x, width := 85.0, 453.0
		if i == 0 {
			x, width = x+71, width-71
		}
		p.Draw(x, y, l.Justified(width))
		y += s.Font.LineHeight(s.Size)
	}
	p.TextCenter(A4.Width/2, 40, Style{Font: s.Font, Size: 21.3, Color: Red}, "ลับ")
	p.Dots(85, 538, 300)
	p.Line(85, 310, 538, 310, 0.5, Black)
	p.Rect(85, 320, 100, 50, 0.5, Grey)
	m := image.NewNRGBA(image.Rect(0, 0, 20, 20))
	for i := range 20 {
		m.Set(i, i, color.NRGBA{255, 0, 0, 255})
	}
	p.Image(d.AddImage(m), 200, 320, 50, 50)
	file := finish(t, d)
	if len(file) > 40<<10 {
		t.Errorf("a page of %d bytes", len(file))
	}
	if out := read(t, file, "pdffonts", "FILE"); !strings.Contains(out, "+Laksaman") || !strings.Contains(out, "yes yes yes") {
		t.Errorf("not embedded as a subset with its text: %s", out)
	}
	if out := read(t, file, "pdftotext", "-layout", "FILE", "-"); strings.Contains(out, "\ufffd") || !strings.Contains(out, "ลับ") {
		t.Errorf("read as %s", out)
	}
	if dir := os.Getenv("PRASAN_LOOK"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "page.pdf"), file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheSameContentGivesTheSameBytes(t *testing.T) {
	write := func() []byte {
		d := New(info)
		d.Add(A4).Text(85, 100, Style{Font: laksaman(t), Size: 10.65}, story[:90])
		return finish(t, d)
	}
	if !bytes.Equal(write(), write()) {
		t.Error("two writings differ")
	}
}

func BenchmarkLetterPage(b *testing.B) {
	f := laksaman(b)
	words := thai.NewBreaker()
	for b.Loop() {
		d := New(info)
		p := d.Add(A4)
		s := Style{Font: f, Size: 10.65}
		y := 100.0
		for range 4 {
			for _, l := range d.Lines(s, story, words, 382, 453) {
				p.Draw(85, y, l.Justified(453))
				y += 20
			}
		}
		if _, err := d.bytes(); err != nil {
			b.Fatal(err)
		}
	}
}
