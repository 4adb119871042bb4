package saraban_test

import (
	"bytes"
	"strings"
	"testing"

	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/letters"
	"prasan/internal/saraban"
)

var scan = append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{7}, 900)...)

func scanned() saraban.Scanned {
	return saraban.Scanned{FromName: "บริษัท ตัวอย่าง จำกัด", Number: "ตย ๑๒/๒๕๖๙", Dated: dbtest.Start.AddDate(0, 0, -2), Subject: "ขอความอนุเคราะห์ข้อมูล", Name: "scan.png", Scan: bytes.NewReader(scan)}
}

func TestALetterThatCameOnPaperIsRegisteredWithItsScan(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		r := newRegistry(t, e, nil, drafter, head, sender, diw)
		in, err := r.RegisterScan(ctx, diw, scanned())
		housetest.Must(t, err)
		if in.State != saraban.Registered || in.ReceiptText() != "1/2569" || in.Channel != saraban.Paper || in.FileType != "image/png" || in.Number != "ตย 12/2569" {
			t.Errorf("%+v", in)
		}
		if file, err := r.FileIn(ctx, diw, in.ID); err != nil || !bytes.Equal(file, scan) {
			t.Errorf("the scan: %d bytes, %v", len(file), err)
		}
		if _, _, _, err := r.ReadIn(ctx, diw, in.ID); err != nil {
			t.Errorf("read: %v", err)
		}
		if _, err := r.RegisterScan(ctx, diw, scanned()); errs.KindOf(err) != errs.Conflict || errs.As(err).Key != "error.letter-registered" {
			t.Errorf("once more: %v", err)
		}
		if entries, err := r.RegisterIn(ctx, diw, "diw", "ordinary", 2569, 0, 10); err != nil || len(entries) != 1 {
			t.Errorf("the register: %+v %v", entries, err)
		}
		if _, err := r.RegisterScan(ctx, drafter, scanned()); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("by who does not receive: %v", err)
		}
		wrong := scanned()
		wrong.Number, wrong.Scan = "", strings.NewReader("<html>")
		if _, err := r.RegisterScan(ctx, diw, wrong); errs.KindOf(err) != errs.Invalid {
			t.Errorf("without its number: %v", err)
		}
		wrong.Number = "1"
		if _, err := r.RegisterScan(ctx, diw, wrong); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a page: %v", err)
		}
	})
}

// A scan goes by every channel that a letter goes by, with its own type.
func TestAScannedLetterIsSentAsItIs(t *testing.T) {
	from, to, _ := pair(t, dbtest.SQLite(t), dbtest.SQLite(t))
	w := letters.Writing{Agency: "rayong", To: "diw", Subject: "ขอส่งเรื่องร้องเรียน"}
	l, err := from.letters.RegisterPaper(ctx, sender, letters.Paper{Writing: w, Signer: "นายสมมติ", Position: "อุตสาหกรรมจังหวัดระยอง", Name: "scan.png", Scan: bytes.NewReader(scan)})
	housetest.Must(t, err)
	from.dispatch(l.ID, saraban.ECMS)
	to.poll()
	in := to.arrived()
	if file, err := to.FileIn(ctx, diw, in.ID); err != nil || !bytes.Equal(file, scan) || in.FileType != "image/png" {
		t.Errorf("by e-CMS: %s, %d bytes, %v", in.FileType, len(file), err)
	}
	from.dispatch(l.ID, saraban.File)
	data, err := from.Package(ctx, sender, l.ID)
	housetest.Must(t, err)
	in, err = to.Import(ctx, diw, data)
	if err != nil || in.FileType != "image/png" {
		t.Errorf("as a package: %+v %v", in, err)
	}
}
