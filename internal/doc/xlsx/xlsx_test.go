package xlsx

import (
	"bytes"
	"testing"
)

func TestWhatIsWrittenIsReadWithItsNames(t *testing.T) {
	w := New()
	s := w.Sheet("แบบฟอร์ม ก", Page{Widths: []float64{20, 40}, Footer: "ก & ข"})
	s.Title(1, 2, "หัวเรื่อง")
	s.Cell(2, 1, "คำถาม", Ask)
	s.Cell(2, 2, "_x0041_ =1+2\nบรรทัดที่สอง\x01", Answer)
	s.Name("ropa.a", 2, 2)
	s.Fit(2)
	h := w.Sheet("_h", Page{Hidden: true})
	h.Put("A1", "x")
	var first, second bytes.Buffer
	if err := w.Write(&first); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(&second); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("two writings differ: %v", err)
	}
	book, err := Read(first.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if len(book.Sheets) != 2 || book.Sheets[0].Hidden || !book.Sheets[1].Hidden {
		t.Fatalf("%+v", book.Sheets)
	}
	if text, ok := book.Text(book.Names["ropa.a"]); !ok || text != "_x0041_ =1+2\nบรรทัดที่สอง" {
		t.Errorf("%q %v at %+v", text, ok, book.Names)
	}
	if kind, err := Kind(first.Bytes()); err != nil || kind != "xlsx" {
		t.Errorf("%s %v", kind, err)
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	w := New()
	w.Sheet("a", Page{}).Put("A1", "ก")
	if err := w.Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = Read(data) // whatever it is, it must end
	})
}
