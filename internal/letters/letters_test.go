package letters_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/policy"
)

var ctx = context.Background()

// office is a house with the agencies, people, and the letters of it.
type office struct {
	*housetest.House
	*letters.Service
	t *testing.T
}

var (
	drafter   = policy.Actor{Account: "drafter", Agency: "rayong", Roles: []string{"officer"}, Orders: []policy.Order{{Number: "รย 0033/5", Activity: letters.Activity, Agency: "rayong"}}}
	head      = policy.Actor{Account: "head", Agency: "rayong", Roles: []string{"head"}, IsHead: true}
	registrar = policy.Actor{Account: "registrar", Agency: "rayong", Roles: []string{"registrar"}, Orders: drafter.Orders}
	delegate  = policy.Actor{Account: "delegate", Agency: "rayong", Roles: []string{"officer"}, Orders: []policy.Order{{Number: "รย 0033/9", Activity: letters.Activity, Agency: "rayong"}}}
	stranger  = policy.Actor{Account: "stranger", Agency: "trat", Roles: []string{"head", "registrar"}, IsHead: true}
)

func newOffice(t *testing.T, e *dbtest.Engine) *office {
	t.Helper()
	record := housetest.ContactUs()
	record.Duties[policy.DutyClassify] = []policy.Principal{{Kind: policy.HeadOrDelegate}}
	h := housetest.New(t, e, record)
	housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := org.Put(tx, org.Bodies("industry.test")); err != nil {
			return err
		}
		for name, agency := range map[string]string{"drafter": "rayong", "head": "rayong", "registrar": "rayong", "delegate": "rayong", "stranger": "trat", "acting": "rayong"} {
			if _, err := tx.Exec(`INSERT INTO accounts (name, display_th, display_en, person, email, agency, roles, password_hash, must_change, created_at) VALUES ($1, $2, $3, '', '', $4, '[]', '', FALSE, 0)`, name, "นาย"+map[string]string{"head": "สมมติ ตัวอย่าง"}[name]+name, name, agency); err != nil {
				return err
			}
		}
		from, to := dbtest.Start.AddDate(-1, 0, 0), dbtest.Start.AddDate(1, 0, 0)
		if err := org.PutHead(tx, org.Headship{Agency: "rayong", Account: "head", Capacity: "head", From: from, To: to}); err != nil {
			return err
		}
		if err := org.PutHead(tx, org.Headship{Agency: "rayong", Account: "acting", Capacity: "acting", Order: "รย 0033/7", From: from, To: to}); err != nil {
			return err
		}
		return org.PutDelegation(tx, org.Delegation{ID: db.NewID(), Number: "รย 0033/9", Agency: "rayong", Account: "delegate", Activity: letters.Activity, Matter: "ลงนามหนังสือส่งต่อเรื่อง", SignedBy: "head", From: from, To: to})
	}))
	dir, err := org.NewDirectory(ctx, e.DB)
	housetest.Must(t, err)
	s := letters.New(letters.Deps{DB: e.DB, Vault: h.Vault, Processing: h.Processing, Audit: h.Audit, Jobs: h.Jobs, Agencies: dir, Record: func(string) *policy.Snapshot { return h.Record }, Now: e.Clock.Now,
		VerifyURL: func(code string) string { return "http://rayong.industry.test/th/letter/" + code }})
	s.Register()
	return &office{h, s, t}
}

func writing() letters.Writing {
	return letters.Writing{Agency: "rayong", To: "diw", Subject: "ขอส่งเรื่องร้องเรียนเกี่ยวกับกลิ่นจากโรงงาน", Urgency: letters.VeryUrgent, Content: letters.Content{
		Paragraphs: []string{
			"ด้วยสำนักงานอุตสาหกรรมจังหวัดระยองได้รับเรื่องร้องเรียนจากประชาชนในพื้นที่ตำบลมาบตาพุด อำเภอเมืองระยอง จังหวัดระยอง เลขที่เรื่อง IND-7K2M เมื่อวันที่ 20 พฤศจิกายน 2569 ว่าได้รับความเดือดร้อนรำคาญจากกลิ่นเหม็นและเสียงดังของโรงงานอุตสาหกรรมซึ่งตั้งอยู่ใกล้ชุมชน ทั้งในเวลากลางวันและกลางคืน",
			"สำนักงานอุตสาหกรรมจังหวัดระยองพิจารณาแล้วเห็นว่า เรื่องดังกล่าวอยู่ในอำนาจหน้าที่ของกรมโรงงานอุตสาหกรรม จึงขอส่งเรื่องมาเพื่อพิจารณาดำเนินการตามอำนาจหน้าที่ และขอได้โปรดแจ้งผลการดำเนินการให้ทราบภายใน 15 วัน เพื่อจะได้แจ้งให้ผู้ร้องทราบต่อไป",
			"จึงเรียนมาเพื่อโปรดพิจารณา",
		},
		References: []letters.Reference{{Number: "หนังสือกรมโรงงานอุตสาหกรรม ที่ อก 0300/12", Date: "2026-10-01"}}, Enclosures: []string{"สำเนาเรื่องร้องเรียน จำนวน 1 ฉบับ", "แผนที่สังเขป จำนวน 1 แผ่น"},
	}}
}

func (o *office) draft() letters.Letter {
	o.t.Helper()
	l, err := o.Draft(ctx, drafter, writing())
	housetest.Must(o.t, err)
	return l
}

func (o *office) approved() letters.Letter {
	o.t.Helper()
	l := o.draft()
	_, err := o.Check(ctx, registrar, l.ID)
	housetest.Must(o.t, err)
	l, err = o.Approve(ctx, head, l.ID, "")
	housetest.Must(o.t, err)
	return l
}

func (o *office) numbered() letters.Letter {
	o.t.Helper()
	l, err := o.Number(ctx, registrar, o.approved().ID, 0)
	housetest.Must(o.t, err)
	return l
}

func (o *office) sealed() letters.Letter {
	o.t.Helper()
	l := o.numbered()
	housetest.Must(o.t, o.Seal(ctx, l.ID))
	l, err := o.Get(ctx, registrar, l.ID)
	housetest.Must(o.t, err)
	return l
}

func kind(err error) errs.Kind { return errs.KindOf(err) }

func TestFromDraftToSeal(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		l := o.sealed()
		if l.State != letters.Sealed || l.NumberText != "รย 0033/1" || l.FileHash == "" || l.Signer.Capacity != "head" {
			t.Errorf("sealed: %+v", l)
		}
		if got := strings.Join(l.Signer.Lines, "|"); got != "อุตสาหกรรมจังหวัดระยอง|ปฏิบัติราชการแทน ผู้ว่าราชการจังหวัดระยอง" {
			t.Errorf("the block says %s", got)
		}
		file, err := o.PDF(ctx, registrar, l.ID)
		housetest.Must(t, err)
		path := filepath.Join(t.TempDir(), "l.pdf")
		housetest.Must(t, os.WriteFile(path, file, 0o600))
		if out, _ := exec.Command("pdfsig", "-nocert", path).CombinedOutput(); !strings.Contains(string(out), "Signature is Valid") || !strings.Contains(string(out), "Total document signed") {
			t.Errorf("pdfsig: %s", out)
		}
		if len(file) > 40<<10 {
			t.Errorf("%d bytes", len(file))
		}
		proof, err := o.Verify(ctx, l.VerifyCode)
		if err != nil || proof.Number != l.NumberText || proof.SHA256 != l.FileHash || !proof.Date.Equal(dbtest.Start) {
			t.Errorf("proof %+v, %v", proof, err)
		}
		if _, err := o.Verify(ctx, "0"+l.VerifyCode[1:]); kind(err) != errs.NotFound {
			t.Errorf("another code: %v", err)
		}
		events, err := o.History(ctx, registrar, l.ID)
		housetest.Must(t, err)
		var kinds []string
		for _, e := range events {
			kinds = append(kinds, e.Kind)
		}
		if strings.Join(kinds, " ") != "draft check approve number seal" {
			t.Errorf("history %v", kinds)
		}
	})
}

func TestWhoMaySign(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	ready := func() string {
		l := o.draft()
		_, err := o.Check(ctx, registrar, l.ID)
		housetest.Must(t, err)
		return l.ID
	}
	if _, err := o.Approve(ctx, registrar, ready(), ""); kind(err) != errs.Forbidden {
		t.Errorf("a registrar signs: %v", err)
	}
	if _, err := o.Approve(ctx, stranger, ready(), ""); kind(err) != errs.NotFound {
		t.Errorf("the head of another office: %v", err)
	}
	l, err := o.Approve(ctx, delegate, ready(), "หัวหน้ากลุ่มโรงงานอุตสาหกรรม")
	if err != nil || l.Signer.Capacity != "delegate" || l.Signer.Order != "รย 0033/9" || strings.Join(l.Signer.Lines, "|") != "หัวหน้ากลุ่มโรงงานอุตสาหกรรม|ปฏิบัติราชการแทน อุตสาหกรรมจังหวัดระยอง|ปฏิบัติราชการแทน ผู้ว่าราชการจังหวัดระยอง|ตามคำสั่งที่ รย 0033/9" {
		t.Errorf("a delegate: %+v %v", l.Signer, err)
	}
	acting := policy.Actor{Account: "acting", Agency: "rayong", Roles: []string{"head"}, IsHead: true}
	if l, err = o.Approve(ctx, acting, ready(), ""); err != nil || l.Signer.Lines[0] != "รักษาราชการแทน อุตสาหกรรมจังหวัดระยอง" || l.Signer.Order != "รย 0033/7" {
		t.Errorf("who acts for the head: %+v %v", l.Signer, err)
	}
	own, err := o.Draft(ctx, head, writing())
	housetest.Must(t, err)
	_, err = o.Check(ctx, registrar, own.ID)
	housetest.Must(t, err)
	if _, err := o.Approve(ctx, head, own.ID, ""); kind(err) != errs.Forbidden {
		t.Errorf("who drafted it signs: %v", err)
	}
	o.Record.Duties[policy.DutyClassify] = nil
	if _, err := o.Approve(ctx, head, ready(), ""); kind(err) != errs.Forbidden {
		t.Errorf("nobody may classify, yet it is signed: %v", err)
	}
}

func TestNothingOfASignedLetterChanges(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		l := o.approved()
		if _, err := o.Revise(ctx, drafter, l.ID, writing()); kind(err) != errs.Conflict {
			t.Errorf("revised: %v", err)
		}
		if _, err := o.Classify(ctx, head, l.ID, letters.Secret); kind(err) != errs.Conflict {
			t.Errorf("classified: %v", err)
		}
		housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE letters SET subject = 'อื่น' WHERE id = $1`, l.ID)
			return err
		}))
		if _, _, err := o.Read(ctx, head, l.ID); kind(err) != errs.Internal || errs.As(err).Key != "error.letter-altered" {
			t.Errorf("altered behind our back: %v", err)
		}
	})
}

func TestNumbersHaveNoGapsAndABurntOneStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		var ids []string
		for range 6 {
			ids = append(ids, o.approved().ID)
		}
		errc := make(chan error, len(ids))
		for _, id := range ids {
			go func() { _, err := o.Number(ctx, registrar, id, 0); errc <- err }()
		}
		for range ids {
			housetest.Must(t, <-errc)
		}
		first, last, err := o.Reserve(ctx, registrar, "rayong", "ordinary", 2, "หนังสือด่วนของผู้บริหาร")
		if err != nil || first != 7 || last != 8 {
			t.Fatalf("reserved %d to %d: %v", first, last, err)
		}
		l, err := o.Number(ctx, registrar, o.approved().ID, 8)
		if err != nil || l.NumberText != "รย 0033/8" {
			t.Errorf("with a number set aside: %+v %v", l.NumberText, err)
		}
		if _, err := o.Number(ctx, registrar, o.approved().ID, 8); kind(err) != errs.Invalid {
			t.Errorf("the same number twice: %v", err)
		}
		if _, err := o.Cancel(ctx, registrar, ids[0], "พิมพ์ผิด"); err != nil {
			t.Fatal(err)
		}
		if l := o.numbered(); l.Number != 9 {
			t.Errorf("after a burnt number comes %d", l.Number)
		}
		entries, err := o.RegisterOut(ctx, registrar, "rayong", "ordinary", letters.Year(dbtest.Start), 0, 100)
		housetest.Must(t, err)
		states := map[string]int{}
		for i, en := range entries {
			states[en.State]++
			if en.Number != int64(len(entries)-i) {
				t.Errorf("a gap at %d", en.Number)
			}
		}
		if len(entries) != 9 || states["cancelled"] != 1 || states["reserved"] != 1 || states["used"] != 7 {
			t.Errorf("%d entries, %v", len(entries), states)
		}
		e.Clock.Advance(60 * 24 * time.Hour) // into the next year
		if l := o.numbered(); l.Number != 1 {
			t.Errorf("the year's first letter is number %d", l.Number)
		}
	})
}

func TestLettersWithAClassHaveARegisterOfTheirOwn(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	l := o.draft()
	if _, err := o.Classify(ctx, policy.Actor{Account: "x", Agency: "rayong", Roles: []string{"officer"}}, l.ID, letters.Confidential); kind(err) != errs.Forbidden {
		t.Errorf("classified by one whom the record does not name: %v", err)
	}
	_, err := o.Classify(ctx, head, l.ID, letters.Confidential)
	housetest.Must(t, err)
	_, err = o.Check(ctx, registrar, l.ID)
	housetest.Must(t, err)
	_, err = o.Approve(ctx, head, l.ID, "")
	housetest.Must(t, err)
	if l, err = o.Number(ctx, registrar, l.ID, 0); err != nil || l.Number != 1 {
		t.Fatalf("%+v %v", l, err)
	}
	other := policy.Actor{Account: "other", Agency: "rayong", Roles: []string{"officer"}, Orders: drafter.Orders}
	if _, err := o.Get(ctx, other, l.ID); kind(err) != errs.NotFound {
		t.Errorf("an officer sees a letter with a class: %v", err)
	}
	if all, err := o.List(ctx, other, letters.Filter{}); err != nil || len(all) != 0 {
		t.Errorf("and lists it: %d %v", len(all), err)
	}
	if _, err := o.RegisterOut(ctx, other, "rayong", "secret", letters.Year(dbtest.Start), 0, 10); kind(err) != errs.Forbidden {
		t.Errorf("and reads its register: %v", err)
	}
	if ordinary, err := o.RegisterOut(ctx, registrar, "rayong", "ordinary", letters.Year(dbtest.Start), 0, 10); err != nil || len(ordinary) != 0 {
		t.Errorf("it stands in the ordinary register: %v", ordinary)
	}
}

func TestTheContentOpensOnlyForWhomTheRecordAdmits(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	l := o.draft()
	noOrder := policy.Actor{Account: "x", Agency: "rayong", Roles: []string{"officer"}}
	if _, _, err := o.Read(ctx, noOrder, l.ID); kind(err) != errs.Forbidden {
		t.Errorf("without an order: %v", err)
	}
	if _, err := o.PDF(ctx, noOrder, l.ID); kind(err) != errs.Forbidden {
		t.Errorf("as PDF: %v", err)
	}
	if _, err := o.DOCX(ctx, noOrder, l.ID); kind(err) != errs.Forbidden {
		t.Errorf("as DOCX: %v", err)
	}
}

// What letters look like is looked at: PRASAN_LOOK names a folder for them.
func TestEveryKindSaysEverything(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	for _, k := range letters.Kinds {
		w := writing()
		w.Kind = k
		if k == letters.External {
			for range 4 {
				w.Content.Paragraphs = append(w.Content.Paragraphs[:2:2], w.Content.Paragraphs...)
			}
		}
		l, err := o.Draft(ctx, drafter, w)
		housetest.Must(t, err)
		if k == letters.Stamped {
			_, err = o.Classify(ctx, head, l.ID, letters.Secret)
			housetest.Must(t, err)
		}
		_, err = o.Check(ctx, registrar, l.ID)
		housetest.Must(t, err)
		l, err = o.Approve(ctx, head, l.ID, "")
		housetest.Must(t, err)
		l, err = o.Number(ctx, registrar, l.ID, 0)
		housetest.Must(t, err)
		housetest.Must(t, o.Seal(ctx, l.ID))
		file, err := o.PDF(ctx, head, l.ID)
		housetest.Must(t, err)
		path := filepath.Join(t.TempDir(), string(k)+".pdf")
		if dir := os.Getenv("PRASAN_LOOK"); dir != "" {
			path = filepath.Join(dir, string(k)+".pdf")
		}
		housetest.Must(t, os.WriteFile(path, file, 0o600))
		out, err := exec.Command("pdftotext", "-layout", path, "-").Output()
		if err != nil {
			t.Skip("pdftotext is not installed (Debian's poppler-utils)")
		}
		flat := strings.Join(strings.Fields(string(out)), "")
		_, content, err := o.Read(ctx, head, l.ID)
		housetest.Must(t, err)
		said := append([]string{letters.ThaiDigits(l.NumberText), "๒๔ พฤศจิกายน ๒๕๖๙", letters.ThaiDigits(content.Addressee), l.Signer.Name}, content.Paragraphs...)
		if k == letters.External {
			said = append(said, l.Subject, "ขอแสดงความนับถือ", content.Enclosures[0], "- ๒ -", "saraban@rayong.industry.test")
		}
		for _, text := range said {
			want := strings.Join(strings.Fields(letters.ThaiDigits(text)), "")
			if k == letters.External && strings.HasPrefix(text, "สำนักงานอุตสาหกรรมจังหวัดระยองพิจารณา") {
				continue // one of these is parted by the end of a page
			}
			if !strings.Contains(flat, want) {
				t.Errorf("%s does not say %q", k, text)
			}
		}
		if text, err := json.Marshal(content); err != nil || len(text) == 0 {
			t.Error(err)
		}
	}
}

// What is offered is what may be done: never signing to who may not sign.
func TestOnlyWhatMayBeDoneIsOffered(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	l := o.draft()
	l, err := o.Check(ctx, registrar, l.ID)
	housetest.Must(t, err)
	for name, row := range map[string]struct {
		by   policy.Actor
		want string
	}{
		"the head":                 {head, "classify return approve cancel"},
		"a delegate for signing":   {delegate, "classify return approve cancel"},
		"who drafted it":           {drafter, "classify return cancel"},
		"a registrar":              {registrar, "classify return cancel"},
		"who has no order":         {policy.Actor{Account: "x", Agency: "rayong", Roles: []string{"officer"}}, "return cancel"},
		"the head of another body": {stranger, ""},
	} {
		got, err := o.Offered(ctx, row.by, l)
		if err != nil || strings.Join(got[0], " ") != row.want {
			t.Errorf("%s is offered %v, not %s: %v", name, got, row.want, err)
		}
	}
	o.OnGuard(func(_ *db.Tx, _ policy.Actor, action string, _ *letters.Letter) error {
		if action == "approve" {
			return errs.New(errs.Forbidden, "error.forbidden")
		}
		return nil
	})
	if got, err := o.Offered(ctx, head, l); err != nil || strings.Contains(strings.Join(got[0], " "), "approve") {
		t.Errorf("where more is asked: %v %v", got, err)
	}
	if _, err := o.Approve(ctx, head, l.ID, ""); kind(err) != errs.Forbidden {
		t.Errorf("and done: %v", err)
	}
}
