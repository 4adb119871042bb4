package analytics_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"prasan/internal/analytics"
	"prasan/internal/db/dbtest"
	"prasan/internal/doc/docx"
	"prasan/internal/housetest"
)

func TestTheYearlyReportHasTheWholeCycle(t *testing.T) {
	ctx, c := context.Background(), newCounter(t, dbtest.SQLite(t))
	c.visits(5)
	g := c.goal("visitors", 3)
	ev, err := c.Evaluate(ctx, ict, g.ID, "ถึงเป้าหมายแล้ว")
	housetest.Must(t, err)
	_, err = c.Sign(ctx, chief, ev.ID)
	housetest.Must(t, err)
	_, err = c.PlanFor(ctx, ict, g.ID, analytics.Plan{Name: "แผนหนึ่ง", Actions: []analytics.Action{{Text: strings.Repeat("ทำให้หน้าแรกอ่านง่ายขึ้น ", 60)}}})
	housetest.Must(t, err)
	y, err := c.Yearly(ctx, ict, 2570, "สำนักงานปลัดกระทรวงอุตสาหกรรม")
	housetest.Must(t, err)
	var word, paper bytes.Buffer
	housetest.Must(t, y.DOCX(&word))
	housetest.Must(t, y.PDF(&paper))
	d, err := docx.Read(word.Bytes())
	housetest.Must(t, err)
	text := ""
	for _, b := range d.Blocks {
		text += b.Text + strings.Join(b.Cells, "\t") + "\n"
	}
	for _, want := range []string{"ประจำปีงบประมาณ พ.ศ. ๒๕๗๐", "ถึงเป้าหมายแล้ว", "chief", "แผนหนึ่ง", "ผู้เข้าชมรายวันรวม", "๒๔ พฤศจิกายน ๒๕๖๙"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the document: %s", want, text)
		}
	}
	if !bytes.HasPrefix(paper.Bytes(), []byte("%PDF-")) || paper.Len() < 5000 {
		t.Errorf("%d bytes of PDF", paper.Len())
	}
}
