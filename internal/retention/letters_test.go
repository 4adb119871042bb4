package retention_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/retention"
	"prasan/internal/saraban"
)

const words = "นางมานี ขอความอนุเคราะห์ โทร 0812345678"

// correspond gives the office letters: an electronic one that left, a classified one, and
// one that came on paper. It returns their ids by the matter of their round.
func (o *office) correspond() map[string]string {
	o.t.Helper()
	dir, err := org.NewDirectory(ctx, o.e.DB)
	must(o.t, err)
	s := saraban.New(saraban.Deps{DB: o.e.DB, Vault: o.house.Vault, Processing: o.house.Processing, Audit: o.house.Audit, Jobs: o.house.Jobs, Mail: o.house.Mail, Letters: o.letters, Agencies: dir, Record: func(string) *policy.Snapshot { return o.house.Record }, Now: o.e.Clock.Now})
	for _, h := range s.Ends() {
		o.retention.Holders = append(o.retention.Holders, h)
	}
	ids := map[string]string{}
	for matter, class := range map[string]letters.Secrecy{letters.Electronic: letters.NoSecrecy, letters.Classified: letters.Secret} {
		l, err := o.letters.Draft(ctx, housetest.Officer, letters.Writing{To: "diw", Subject: "ขอส่งเรื่อง " + matter, Content: letters.Content{Paragraphs: []string{words}}})
		must(o.t, err)
		_, err = o.letters.Classify(ctx, head, l.ID, class)
		must(o.t, err)
		o.house.Sign(o.letters, l.ID, head)
		must(o.t, o.e.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := o.letters.DispatchIn(tx, registrar, l.ID, map[string]string{"note": "ส่งถึงนางมานี"})
			return err
		}))
		ids[matter] = l.ID
	}
	in, err := s.RegisterScan(ctx, registrar, saraban.Scanned{FromName: "บริษัท ตัวอย่าง จำกัด", Number: "ตย 12/2569", Dated: dbtest.Start.AddDate(0, 0, -2), Subject: "ขอความอนุเคราะห์ข้อมูล", Name: "scan.png", Scan: bytes.NewReader(append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{7}, 20_000)...))})
	must(o.t, err)
	ids[letters.OnPaper] = in.ID
	return ids
}

func (o *office) count(query string, args ...any) (n int) {
	o.t.Helper()
	must(o.t, o.e.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, args, &n) }))
	return n
}

func TestLettersHaveRoundsOfTheirOwnByTheRuleForTheirKind(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e, 1)
		ids := o.correspond()
		o.to("2037-01-02")
		if n, err := o.retention.OpenRounds(ctx, cases.Activity); err != nil || n != 4 {
			t.Fatalf("%d rounds opened: %v", n, err)
		}
		rounds := map[string]retention.Round{}
		all, err := o.retention.Rounds(ctx, registrar)
		must(t, err)
		for _, r := range all {
			rounds[r.Matter] = r
		}
		// Who does not keep secrets does not know what secrets there are.
		if seen, err := o.retention.Rounds(ctx, housetest.Officer); err != nil || len(seen) != 3 || len(all) != 4 {
			t.Errorf("%d rounds are seen, %d there are: %v", len(seen), len(all), err)
		}
		_, _, err = o.retention.Get(ctx, housetest.Officer, rounds[letters.Classified].ID, 0, 0)
		wantKind(t, err, errs.NotFound)
		for matter, wrong := range map[string]string{letters.Electronic: retention.ByCommittee, letters.OnPaper: retention.ByOrder, letters.Classified: retention.ByOrder} {
			_, err := o.retention.Survey(ctx, registrar, rounds[matter].ID, wrong)
			wantKind(t, err, errs.Invalid)
		}
		for matter, r := range rounds {
			_, err := o.retention.Survey(ctx, registrar, r.ID, retention.Paths[matter][0])
			must(t, err)
			_, list, err := o.retention.Get(ctx, registrar, r.ID, 0, 0)
			must(t, err)
			if len(list) != 1 || matter != "" && list[0].ObjectID != ids[matter] || strings.Contains(list[0].Label, "ขอส่งเรื่อง") != (matter == letters.Electronic) {
				t.Errorf("%s: %+v", matter, list)
			}
		}
		electronic := rounds[letters.Electronic].ID
		_, err = o.retention.Decide(ctx, registrar, electronic, retention.Decision{Decision: "destroy"})
		must(t, err)
		_, err = o.retention.Order(ctx, head, electronic, "9/2580")
		must(t, err)
		for range 2 {
			must(t, o.retention.Execute(ctx, electronic))
		}
		o.emptied(electronic, ids[letters.Electronic])
		o.restored(ids[letters.Electronic])
	})
}

// emptied tells whether a letter has its line in the register and nothing that it said.
func (o *office) emptied(round, id string) {
	t := o.t
	t.Helper()
	r, _, err := o.retention.Get(ctx, registrar, round, 0, 0)
	must(t, err)
	c, err := retention.VerifyCertificate([]byte(r.Certificate))
	if err != nil || c.Matter != letters.Electronic || c.Counts[letters.Electronic] != (retention.Counts{Destroyed: 1}) || c.Unreadable != 1 || !strings.Contains(c.Law, "ฉบับที่ 4") {
		t.Errorf("%v %+v", err, c)
	}
	l, err := o.letters.Get(ctx, registrar, id)
	must(t, err)
	if l.NumberText == "" || l.DestroyedAt.IsZero() {
		t.Errorf("the register: %+v", l)
	}
	reader := registrar // by an order
	reader.Orders = []policy.Order{{Number: "1", Activity: letters.Activity, Agency: "rayong"}}
	_, _, err = o.letters.Read(ctx, reader, id)
	wantKind(t, err, errs.NotFound)
	_, err = o.letters.PDF(ctx, reader, id)
	wantKind(t, err, errs.NotFound)
	err = o.e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := o.letters.DispatchIn(tx, registrar, id, nil); return err })
	wantKind(t, err, errs.Conflict)
	if n := o.count(`SELECT COUNT(*) FROM letters WHERE id = $1 AND (LENGTH(content) > 0 OR file IS NOT NULL)`, id); n != 0 {
		t.Error("something of it is left")
	}
	if n := o.count(`SELECT COUNT(*) FROM letter_events WHERE letter_id = $1 AND body <> '{}'`, id); n != 0 {
		t.Errorf("%d notes on it are left", n)
	}
	if list, err := o.retention.Destroyed(ctx, registrar); err != nil || len(list) != 1 || list[0] != (retention.Destroyed{Agency: "rayong", Activity: cases.Activity, Kind: letters.Electronic, Year: 2036, N: 1}) {
		t.Errorf("what is counted: %v %+v", err, list)
	}
	if list, err := o.retention.Destroyed(ctx, stranger); err != nil || len(list) != 0 {
		t.Errorf("a stranger sees %+v, %v", list, err)
	}
	if n := o.count(`SELECT COUNT(*) FROM letter_numbers WHERE letter_id = $1 AND state = 'used'`, id); n != 1 {
		t.Error("its number is missing")
	}
}

// restored tells whether a letter that an older copy brings back is emptied again.
func (o *office) restored(id string) {
	o.t.Helper()
	must(o.t, o.e.DB.InTx(ctx, func(tx *db.Tx) error {
		var key string
		if err := tx.QueryRow(`SELECT subject_key FROM letters WHERE id = $1`, []any{id}, &key); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE letters SET content = $1, file = $2, destroyed_at = 0 WHERE id = $3`, []byte("old"), []byte("old"), id); err != nil {
			return err
		}
		return saraban.Bury(tx, []string{"another", key})
	}))
	if n := o.count(`SELECT COUNT(*) FROM letters WHERE id = $1 AND destroyed_at > 0 AND LENGTH(content) = 0 AND file IS NULL`, id); n != 1 {
		o.t.Error("an older copy brings it back")
	}
}

// dated has the queue work until the dates of letters are set.
func (o *office) dated(n int) {
	o.t.Helper()
	c, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- o.house.Jobs.Run(c) }()
	defer func() { stop(); <-done }()
	for i := 0; o.count(`SELECT COUNT(*) FROM audit WHERE action = 'letter.dated'`) < n; i++ {
		if i == 1000 {
			o.t.Fatal("the dates are not set")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestTheDatesOfLettersFollowTheRecordAndTheRoundsThatMovedThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e, 0)
		ids := o.correspond()
		from := db.Micros(e.Clock.Now())
		due := func(table, id string) int {
			return o.count(`SELECT COUNT(*) FROM `+table+` WHERE id = $1 AND ended_at = $2 AND destroy_at = $3`, id, from, db.Micros(o.house.Record.DueAt(e.Clock.Now())))
		}
		if due("letters", ids[letters.Electronic]) != 1 || due("letters_in", ids[letters.OnPaper]) != 1 {
			t.Fatal("a letter has no date")
		}
		// One is from before there were dates; one was moved by a round.
		moved := time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC)
		must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
			if _, err := tx.Exec(`UPDATE letters SET destroy_at = 0 WHERE id = $1`, ids[letters.Electronic]); err != nil {
				return err
			}
			_, err := tx.Exec(`UPDATE letters SET destroy_at = $1 WHERE id = $2`, db.Micros(moved), ids[letters.Classified])
			return err
		}))
		before, after := *o.house.Record, *o.house.Record
		after.Retention.Years, after.Revision = 12, before.Revision+1
		o.house.Record = &after
		must(t, e.DB.InTx(ctx, func(tx *db.Tx) error { return o.letters.RecordChanged(tx, &before, &after) }))
		o.dated(2)
		if due("letters", ids[letters.Electronic]) != 1 || due("letters_in", ids[letters.OnPaper]) != 1 {
			t.Error("the dates do not follow the record")
		}
		if o.count(`SELECT COUNT(*) FROM letters WHERE id = $1 AND destroy_at = $2`, ids[letters.Classified], db.Micros(moved)) != 1 {
			t.Error("what a round has moved was moved back")
		}
	})
}
