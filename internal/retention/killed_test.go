package retention_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/audit"
	"prasan/internal/blob"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/housetest"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/retention"
)

// executeIn names the folder of a process that executes the round there until it is killed.
const executeIn = "PRASAN_TEST_EXECUTE"

func TestMain(m *testing.M) {
	housetest.Child(executeIn, func(dir string) error {
		o, err := officeIn(dir)
		if err != nil {
			return err
		}
		rounds, err := o.retention.Rounds(ctx, registrar)
		if err != nil {
			return err
		}
		fmt.Println(housetest.Begun)
		return o.retention.Execute(ctx, rounds[0].ID)
	})
	os.Exit(m.Run())
}

// officeIn is the office of a folder on the day after the year's end.
func officeIn(dir string) (*office, error) {
	e, err := housetest.EngineIn(dir, time.Date(2037, 1, 2, 3, 0, 0, 0, time.UTC))
	if err != nil {
		return nil, err
	}
	h, err := housetest.In(dir, e, housetest.ContactUs())
	if err != nil {
		return nil, err
	}
	agencies, err := org.NewDirectory(ctx, e.DB)
	if err != nil {
		return nil, err
	}
	o := &office{e: e, cases: h.Cases, record: h.Record, house: h}
	o.letters = letters.New(letters.Deps{DB: e.DB, Vault: h.Vault, Processing: h.Processing, Audit: h.Audit, Jobs: h.Jobs, Agencies: agencies, Now: e.Clock.Now})
	o.keepsRounds(agencies)
	return o, nil
}

func (o *office) shut() {
	o.t.Helper()
	must(o.t, o.e.DB.Close())
	must(o.t, o.house.Shut())
}

const many = 400

// prepared is a folder with a round of many cases, some with files, that was ordered.
func prepared(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	o, err := officeIn(dir)
	must(t, err)
	o.t, o.house.T = t, t
	o.e.Clock.Set(dbtest.Start)
	must(t, o.e.DB.InTx(ctx, func(tx *db.Tx) error { return org.Put(tx, org.Bodies("industry.test")) }))
	for i := range many {
		s := cases.Submission{Site: housetest.Site, Topic: "problem", Channel: "web", Lang: "th", Message: fmt.Sprintf("เรื่องที่ %d", i), NoticeID: "n1", Nonce: []byte(fmt.Sprintf("nonce-of-16-bytes-%d", i)), FormAge: time.Minute, Sender: map[string]string{"given_name": "มานี", "email": fmt.Sprintf("p%d@example.com", i)}}
		if i%10 == 0 {
			staged, err := o.cases.Files.(*blob.Files).Stage(ctx, "photo.txt", strings.NewReader(fmt.Sprintf("ภาพที่ %d", i)))
			must(t, err)
			s.Attachments = []cases.Staged{cases.Staged(staged)}
		}
		r, err := o.cases.Submit(ctx, s)
		must(t, err)
		o.house.Close(r.Reference)
	}
	o.ordered("2037-01-02")
	o.shut()
	return dir
}

// copied is the folder, once more.
func copied(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	must(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}

// certificate executes the round of a folder to its end, and looks at what is left.
func certificate(t *testing.T, dir string) string {
	t.Helper()
	o, err := officeIn(dir)
	must(t, err)
	o.t = t
	defer o.shut()
	must(t, o.retention.Execute(ctx, o.theRound().ID))
	text := o.theRound().Certificate
	c, err := retention.VerifyCertificate([]byte(text))
	if err != nil || c.Counts["case"].Destroyed != many || c.Sampled != c.Unreadable {
		t.Errorf("%v %+v", err, c)
	}
	if n := o.count(`SELECT COUNT(*) FROM cases`) + o.count(`SELECT COUNT(*) FROM attachments`) + o.count(`SELECT COUNT(*) FROM case_index`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	if n := o.count(`SELECT n FROM destroyed_counts`); n != many {
		t.Errorf("%d are counted", n)
	}
	var files int
	must(t, filepath.WalkDir(filepath.Join(dir, "blobs"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files++
		}
		return err
	}))
	if files != 0 {
		t.Errorf("%d files are left", files)
	}
	rep, err := audit.Verify(ctx, o.e.DB, nil)
	if err != nil || len(rep.Faults) != 0 {
		t.Errorf("the audit: %v %+v", err, rep)
	}
	return text
}

func TestARoundThatIsKilledAnywhereEndsInTheSameCertificate(t *testing.T) {
	dir := prepared(t)
	whole := copied(t, dir)
	began := time.Now()
	want := certificate(t, whole)
	longest := time.Since(began)
	half := 0
	for n := 0; n < 6 || half < 3 && n < 40; n++ {
		work := copied(t, dir)
		for range 1 + n%3 { // some are killed more than once
			housetest.Killed(t, executeIn, work, longest)
		}
		o, err := officeIn(work)
		must(t, err)
		o.t = t
		if o.count(`SELECT COUNT(*) FROM round_items WHERE done_at <> 0`) > 0 && o.theRound().State == retention.Ordered {
			half++
		}
		o.shut()
		if got := certificate(t, work); got != want {
			t.Errorf("after %d kills the certificate is another one:\n%s\n%s", 1+n%3, got, want)
		}
	}
	if half == 0 {
		t.Error("no process was killed in the middle: this test proves nothing")
	}
}
