package rights_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/housetest"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/rights"
)

// eraseIn names the folder of a process that carries the request there out until it is killed.
const eraseIn = "PRASAN_TEST_ERASE"

func TestMain(m *testing.M) {
	housetest.Child(eraseIn, func(dir string) error {
		o, err := officeIn(dir)
		if err != nil {
			return err
		}
		reference, err := o.theRequest()
		if err != nil {
			return err
		}
		fmt.Println(housetest.Begun)
		_, err = o.rights.Execute(ctx, housetest.DPO, reference, rights.Order{})
		return err
	})
	os.Exit(m.Run())
}

// officeIn is the office of a folder.
func officeIn(dir string) (*office, error) {
	e, err := housetest.EngineIn(dir, dbtest.Start)
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
	o := &office{House: h, passed: []string{"diw", "chonburi"}}
	o.letters = letters.New(letters.Deps{DB: e.DB, Vault: h.Vault, Processing: h.Processing, Audit: h.Audit, Jobs: h.Jobs, Agencies: agencies, Record: h.Cases.Record, Now: e.Clock.Now})
	o.keepsPromises(agencies)
	return o, nil
}

func (o *office) shut() {
	must(o.T, o.Engine.DB.Close())
	must(o.T, o.Shut())
}

func (o *office) theRequest() (reference string, err error) {
	list, err := o.rights.List(ctx, housetest.DPO)
	if err == nil && len(list) != 1 {
		err = fmt.Errorf("%d requests", len(list))
	}
	if err != nil {
		return "", err
	}
	return list[0].Reference, nil
}

const written = 40

// decided is a folder with a request for erasure about many cases, decided.
func decided(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	o, err := officeIn(dir)
	must(t, err)
	must(t, o.Engine.DB.InTx(ctx, func(tx *db.Tx) error { return org.Put(tx, org.Bodies("industry.test")) }))
	must(t, o.Engine.DB.Close())
	must(t, o.Shut())
	o, err = officeIn(dir) // with its agencies
	must(t, err)
	o.T = t
	for i := range written {
		_, err := o.Cases.Submit(ctx, cases.Submission{Site: housetest.Site, Topic: "problem", Channel: "web", Lang: "th", Message: fmt.Sprintf("เรื่องที่ %d บัตรประชาชน 1-2345-67890-12-1", i), NoticeID: "n1", Nonce: []byte(fmt.Sprintf("nonce-of-16-bytes-%d", i)), FormAge: time.Minute, Sender: map[string]string{"given_name": "มานี", "email": "manee@example.com"}})
		must(t, err)
	}
	r, err := o.rights.Submit(ctx, rights.Submission{Right: rights.Erasure, Channel: "web", Lang: "th", Proof: o.proof("email", "manee@example.com")})
	must(t, err)
	o.decide(r.Reference, rights.Partly, "33")
	o.shut()
	return dir
}

// carriedOut goes on with the request of a folder to its end, unless a process that was
// killed had just come to it, and looks at what it says and what is left.
func carriedOut(t *testing.T, dir string) {
	t.Helper()
	o, err := officeIn(dir)
	must(t, err)
	o.T = t
	defer o.shut()
	reference, err := o.theRequest()
	must(t, err)
	r, err := o.rights.Get(ctx, housetest.DPO, reference)
	must(t, err)
	if r.State == rights.Decided {
		_, err = o.rights.Execute(ctx, housetest.DPO, reference, rights.Order{})
		must(t, err)
	}
	history, err := o.rights.History(ctx, housetest.DPO, reference)
	must(t, err)
	var said []string
	for _, e := range history {
		if e.Kind == "execute" {
			said = append(said, e.Body["erased"])
		}
	}
	if strings.Join(said, " ") != fmt.Sprint(written) {
		t.Errorf("it says that so much was erased: %v", said)
	}
	_, _, excess, err := o.rights.Assessment(ctx, housetest.DPO, reference)
	if err != nil || len(excess) != 0 {
		t.Errorf("%v is left: %v", excess, err)
	}
	if rep, err := o.Cases.Verify(ctx); err != nil || len(rep.Faults) != 0 {
		t.Errorf("the cases do not verify: %v %+v", err, rep)
	}
	must(t, o.Engine.DB.Read(ctx, func(tx *db.Tx) error {
		list, err := o.letters.About(tx, "rights-recipient:"+reference)
		if err != nil || len(list) != 2 {
			t.Errorf("%d recipients are told: %v", len(list), err)
		}
		return err
	}))
}

func TestAnErasureThatIsKilledAnywhereIsCarriedOutOnce(t *testing.T) {
	dir := decided(t)
	copied := func() string {
		to := filepath.Join(t.TempDir(), "copy")
		must(t, os.CopyFS(to, os.DirFS(dir)))
		return to
	}
	whole := copied()
	began := time.Now()
	carriedOut(t, whole)
	longest := time.Since(began)
	half := 0
	for n := 0; n < 6 || half < 3 && n < 40; n++ {
		work := copied()
		housetest.Killed(t, eraseIn, work, longest)
		o, err := officeIn(work)
		must(t, err)
		o.T = t
		var gone int
		must(t, o.Engine.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM processing_log WHERE ground = 'erase-excess'`, nil, &gone)
		}))
		if gone > 0 && gone < written {
			half++
		}
		o.shut()
		carriedOut(t, work)
	}
	if half == 0 {
		t.Error("no process was killed in the middle: this test proves nothing")
	}
}
