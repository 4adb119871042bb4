package docx

import (
	"bytes"
	"testing"
)

func TestControlsAndTablesAreReadBack(t *testing.T) {
	w := New("ท้ายหน้า")
	w.Data([]byte(`<a xmlns="urn:x">1</a>`))
	w.Paragraph("หัวเรื่อง & <ก>", "head", Look{Bold: true, Center: true})
	w.Labelled("ป้าย : ", "ค่า", "value", Look{})
	w.Table([]int{2000, 3000}, []Row{
		{Cells: []Cell{{Text: "ก", Merge: Begins}, {Text: "หนึ่ง\nสอง\tสาม\x02", Tag: "cell"}}},
		{Cells: []Cell{{Merge: Continues}, {Text: "", Tag: "empty"}}},
	})
	w.Section(true)
	var first, second bytes.Buffer
	if err := w.Write(&first); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(&second); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Errorf("two writings differ: %v", err)
	}
	d, err := Read(first.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]string{"head": "หัวเรื่อง & <ก>", "value": "ค่า", "cell": "หนึ่ง\nสอง\tสาม", "empty": ""} {
		if got, ok := d.Controls[tag]; !ok || got != want {
			t.Errorf("%s: %q, not %q", tag, got, want)
		}
	}
	if len(d.Data) != 1 || len(d.Twice) != 0 {
		t.Errorf("%d parts of data, twice %v", len(d.Data), d.Twice)
	}
	if b := d.Blocks[2]; b.Table != 1 || b.Row != 1 || len(b.Cells) != 2 || b.Cells[0] != "ก" {
		t.Errorf("%+v", b)
	}
}
