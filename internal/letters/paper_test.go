package letters_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/letters"
)

var jpeg = append([]byte("\xff\xd8\xff\xe0"), bytes.Repeat([]byte{7}, 900)...)

func paper(name string, scan []byte) letters.Paper {
	w := writing()
	w.Content = letters.Content{}
	return letters.Paper{Writing: w, Signer: "นายสมมติ ตัวอย่าง", Position: "อุตสาหกรรมจังหวัดระยอง", Name: name, Scan: bytes.NewReader(scan)}
}

// A letter that was signed on paper stands in the register like any other; its scan is its
// file, as it is.
func TestALetterSignedOnPaperIsRegisteredWithItsScan(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		first := o.numbered()
		p := paper("หนังสือ.jpg", jpeg)
		p.Dated = e.Clock.Now().AddDate(0, 0, -1)
		l, err := o.RegisterPaper(ctx, registrar, p)
		housetest.Must(t, err)
		if l.Number != first.Number+1 || l.State != letters.Sealed || !l.Paper || l.FileType != "image/jpeg" || l.Signer.Name != "นายสมมติ ตัวอย่าง" {
			t.Errorf("%+v", l)
		}
		got, err := o.Get(ctx, registrar, l.ID)
		if err != nil || !got.NumberedAt.Equal(p.Dated) || got.Signer.Lines[0] != p.Position || !got.Paper {
			t.Errorf("stored: %+v %v", got, err)
		}
		file, err := o.PDF(ctx, registrar, l.ID)
		if err != nil || !bytes.Equal(file, jpeg) {
			t.Errorf("the scan: %d bytes, %v", len(file), err)
		}
		if _, _, err := o.Read(ctx, registrar, l.ID); err != nil {
			t.Errorf("its content is not what was hashed: %v", err)
		}
		entries, err := o.RegisterOut(ctx, registrar, "rayong", "ordinary", letters.Year(e.Clock.Now()), 0, 10)
		if err != nil || len(entries) != 2 || entries[0].Letter.ID != l.ID {
			t.Errorf("the register: %+v %v", entries, err)
		}
		if next, err := o.Offered(ctx, registrar, got); err != nil || strings.Join(next[0], " ") != "dispatch cancel" {
			t.Errorf("offered: %v %v", next, err)
		}
		if _, err := o.Revise(ctx, drafter, l.ID, writing()); kind(err) != errs.Conflict {
			t.Errorf("revised: %v", err)
		}
	})
}

func TestWhatIsNoScanOrNotWholeIsNotRegistered(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	zip := paper("a.docx", []byte("PK\x03\x04"+strings.Repeat("x", 600)))
	lying := paper("a.pdf", jpeg)
	lying.Name = "a.txt"
	late := paper("a.jpg", jpeg)
	late.Dated = dbtest.Start.AddDate(0, 0, 3)
	lastYear := paper("a.jpg", jpeg)
	lastYear.Dated = time.Date(2025, 12, 30, 3, 0, 0, 0, time.UTC)
	nobody := paper("a.jpg", jpeg)
	nobody.Signer = " "
	large := paper("a.pdf", append([]byte("%PDF-1.4"), make([]byte, 11<<20)...))
	none := paper("a.pdf", nil)
	none.Scan = nil
	for name, p := range map[string]letters.Paper{"a document": zip, "a name that does not agree": lying, "of tomorrow": late, "of last year": lastYear, "signed by nobody": nobody, "too large": large, "empty": paper("a.pdf", nil), "no scan": none} {
		if _, err := o.RegisterPaper(ctx, registrar, p); kind(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := o.RegisterPaper(ctx, drafter, paper("a.jpg", jpeg)); kind(err) != errs.Forbidden {
		t.Errorf("by who may not number: %v", err)
	}
	secret := paper("a.jpg", jpeg)
	secret.Secrecy = letters.Secret
	if _, err := o.RegisterPaper(ctx, stranger, secret); kind(err) != errs.Forbidden {
		t.Errorf("by a stranger: %v", err)
	}
	if entries, _ := o.RegisterOut(ctx, registrar, "rayong", "ordinary", letters.Year(dbtest.Start), 0, 10); len(entries) != 0 {
		t.Errorf("a number was taken: %+v", entries)
	}
}
