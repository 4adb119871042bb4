package saraban_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
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
	"prasan/internal/saraban"
	"prasan/internal/saraban/ecms"
)

var ctx = context.Background()

const rayongECMS, diwECMS = "0800900001", "0800300001"

// registry is an installation with a registry in Rayong and, unless it is elsewhere, one
// in the Department of Industrial Works.
type registry struct {
	house *housetest.House
	*saraban.Service
	letters *letters.Service
	t       *testing.T
}

func person(account, agency string, roles ...string) policy.Actor {
	return policy.Actor{Account: account, Agency: agency, Roles: roles, IsHead: len(roles) == 1 && roles[0] == "head", Orders: []policy.Order{{Number: "1", Activity: letters.Activity, Agency: agency}}}
}

var (
	drafter = person("officer", "rayong", "officer")
	head    = person("head", "rayong", "head")
	sender  = person("registrar", "rayong", "registrar")
	diw     = person("registrar-diw", "diw", "registrar")
	other   = person("stranger", "trat", "registrar", "head")
)

func newRegistry(t *testing.T, e *dbtest.Engine, change func(d *saraban.Deps), accounts ...policy.Actor) *registry {
	t.Helper()
	record := housetest.ContactUs()
	record.Duties[policy.DutyClassify] = []policy.Principal{{Kind: policy.HeadOrDelegate}}
	h := housetest.New(t, e, record)
	housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
		bodies := org.Bodies("industry.test")
		for i := range bodies {
			if bodies[i].Code == "rayong" {
				bodies[i].ECMS = rayongECMS
			}
		}
		if err := org.Put(tx, bodies); err != nil {
			return err
		}
		for _, a := range accounts {
			if _, err := tx.Exec(`INSERT INTO accounts (name, display_th, display_en, person, email, agency, roles, password_hash, must_change, created_at) VALUES ($1, $2, $3, '', '', $4, $5, '', FALSE, 0)`, a.Account, "นายสมมติ "+a.Account, a.Account, a.Agency, `["`+strings.Join(a.Roles, `","`)+`"]`); err != nil {
				return err
			}
		}
		return org.PutHead(tx, org.Headship{Agency: "rayong", Account: "head", Capacity: "head", From: dbtest.Start.AddDate(-1, 0, 0), To: dbtest.Start.AddDate(1, 0, 0)})
	}))
	dir, err := org.NewDirectory(ctx, e.DB)
	housetest.Must(t, err)
	snapshot := func(string) *policy.Snapshot { return h.Record }
	l := letters.New(letters.Deps{DB: e.DB, Vault: h.Vault, Processing: h.Processing, Audit: h.Audit, Jobs: h.Jobs, Agencies: dir, Record: snapshot, Now: e.Clock.Now})
	l.Register()
	d := saraban.Deps{DB: e.DB, Vault: h.Vault, Processing: h.Processing, Audit: h.Audit, Jobs: h.Jobs, Mail: h.Mail, Letters: l, Agencies: dir, Record: snapshot, Now: e.Clock.Now}
	if change != nil {
		change(&d)
	}
	s := saraban.New(d)
	s.Register()
	r := &registry{h, s, l, t}
	r.run()
	return r
}

// work waits until no job is due any more.
func (r *registry) work() {
	r.t.Helper()
	for range 2000 {
		var n int
		housetest.Must(r.t, r.house.Engine.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM jobs WHERE (state = 'waiting' AND run_at <= $1 OR state = 'running') AND kind <> 'mail.flush'`, []any{db.Micros(r.house.Engine.Clock.Now())}, &n)
		}))
		if n == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	r.t.Fatal("jobs do not end")
}

// run starts the queue for as long as the test lasts.
func (r *registry) run() {
	c, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- r.Jobs.Run(c) }()
	r.t.Cleanup(func() { stop(); <-done })
}

// letter makes a letter to DIW that is numbered.
func (r *registry) letter(class letters.Secrecy) letters.Letter {
	r.t.Helper()
	l, err := r.letters.Draft(ctx, drafter, letters.Writing{To: "diw", Subject: "ขอส่งเรื่องร้องเรียน", Content: letters.Content{Paragraphs: []string{"จึงเรียนมาเพื่อโปรดพิจารณา"}, Enclosures: []string{"สำเนา จำนวน 1 ฉบับ"}}})
	housetest.Must(r.t, err)
	_, err = r.letters.Classify(ctx, head, l.ID, class)
	housetest.Must(r.t, err)
	_, err = r.letters.Check(ctx, sender, l.ID)
	housetest.Must(r.t, err)
	_, err = r.letters.Approve(ctx, head, l.ID, "")
	housetest.Must(r.t, err)
	l, err = r.letters.Number(ctx, sender, l.ID, 0)
	housetest.Must(r.t, err)
	return l
}

func (r *registry) dispatch(id string, c saraban.Channel) saraban.Dispatch {
	r.t.Helper()
	_, d, err := r.Dispatch(ctx, sender, id, saraban.Sending{Channel: c, Note: "นายตัวอย่าง เดินสาร"})
	housetest.Must(r.t, err)
	r.work()
	return d
}

func (r *registry) state(letter string) saraban.Dispatch {
	r.t.Helper()
	all, err := r.Dispatches(ctx, sender, letter)
	housetest.Must(r.t, err)
	return all[len(all)-1]
}

// arrived is the newest letter that came to DIW.
func (r *registry) arrived() saraban.In {
	r.t.Helper()
	all, err := r.ListIn(ctx, diw, saraban.FilterIn{})
	housetest.Must(r.t, err)
	if len(all) == 0 {
		r.t.Fatal("no letter came")
	}
	return all[0]
}

func TestALetterGoesToAnAgencyOfTheSameInstallationAndItsNumberComesBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		r := newRegistry(t, e, nil, drafter, head, sender, diw)
		l := r.letter(letters.NoSecrecy)
		if d := r.dispatch(l.ID, ""); d.Channel != saraban.Local {
			t.Fatalf("chosen: %s", d.Channel)
		}
		if d := r.state(l.ID); d.State != saraban.OnItsWay {
			t.Errorf("after sending: %+v", d)
		}
		in := r.arrived()
		if in.Number != l.NumberText || in.FromName != "สำนักงานอุตสาหกรรมจังหวัดระยอง" || in.State != saraban.Arrived {
			t.Errorf("arrived: %+v", in)
		}
		if _, err := r.Receive(ctx, other, in.ID); errs.KindOf(err) != errs.NotFound {
			t.Errorf("another agency receives it: %v", err)
		}
		in, err := r.Receive(ctx, diw, in.ID)
		housetest.Must(t, err)
		if in.ReceiptText() != "1/2569" || r.state(l.ID).State != saraban.Delivered {
			t.Errorf("received: %s, %+v", in.ReceiptText(), r.state(l.ID))
		}
		_, err = r.Accept(ctx, diw, in.ID)
		housetest.Must(t, err)
		if d := r.state(l.ID); d.State != saraban.Accepted || d.AcceptNumber != "1/2569" {
			t.Errorf("accepted: %+v", d)
		}
		if _, err := r.WrongNumber(ctx, sender, l.ID); err != nil {
			t.Fatal(err)
		}
		if in = r.arrived(); in.State != saraban.Registered {
			t.Errorf("after a wrong number: %+v", in)
		}
		_, err = r.Accept(ctx, diw, in.ID)
		housetest.Must(t, err)
		_, err = r.Answer(ctx, diw, in.ID, "sender", "ได้ตรวจสอบโรงงานแล้ว")
		housetest.Must(t, err)
		if d := r.state(l.ID); d.State != saraban.Answered {
			t.Errorf("answered: %+v", d)
		}
		_, content, answer, err := r.ReadIn(ctx, diw, in.ID)
		if err != nil || answer != "ได้ตรวจสอบโรงงานแล้ว" || content.Paragraphs[0] != "จึงเรียนมาเพื่อโปรดพิจารณา" {
			t.Errorf("read: %+v %q %v", content, answer, err)
		}
		file, err := r.FileIn(ctx, diw, in.ID)
		if err != nil || !bytes.HasPrefix(file, []byte("%PDF-1.4")) {
			t.Errorf("the file: %v", err)
		}
		if entries, err := r.RegisterIn(ctx, diw, "diw", "ordinary", 2569, 0, 10); err != nil || len(entries) != 1 || entries[0].Letter.Number != l.NumberText {
			t.Errorf("the register: %+v %v", entries, err)
		}
	})
}

func TestOneThatIsRefusedIsSaidSo(t *testing.T) {
	r := newRegistry(t, dbtest.SQLite(t), nil, drafter, head, sender, diw)
	l := r.letter(letters.NoSecrecy)
	r.dispatch(l.ID, "")
	if _, err := r.Refuse(ctx, diw, r.arrived().ID, "reject", ""); errs.KindOf(err) != errs.Invalid {
		t.Errorf("without a reason: %v", err)
	}
	_, err := r.Refuse(ctx, diw, r.arrived().ID, "reject", "ไม่อยู่ในอำนาจหน้าที่")
	housetest.Must(t, err)
	if d := r.state(l.ID); d.State != saraban.Rejected || d.Note != "ไม่อยู่ในอำนาจหน้าที่" {
		t.Errorf("%+v", d)
	}
	if _, err := r.Accept(ctx, diw, r.arrived().ID); errs.KindOf(err) != errs.Conflict {
		t.Errorf("accepted afterwards: %v", err)
	}
}

func TestTheClassOfALetterClosesChannels(t *testing.T) {
	r := newRegistry(t, dbtest.SQLite(t), func(d *saraban.Deps) { d.Serve = true }, drafter, head, sender, diw)
	for class, open := range map[letters.Secrecy]string{letters.NoSecrecy: "local ecms email file paper", letters.Secret: "local paper", letters.TopSecret: "paper"} {
		l := r.letter(class)
		for _, c := range saraban.Channels {
			_, _, err := r.Dispatch(ctx, sender, l.ID, saraban.Sending{Channel: c, Note: "นายตัวอย่าง"})
			if want := strings.Contains(open, string(c)); (err == nil) != want {
				t.Errorf("%s by %s: %v", class, c, err)
			}
		}
	}
	l := r.letter(letters.TopSecret)
	if _, _, err := r.Dispatch(ctx, sender, l.ID, saraban.Sending{}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("on paper, carried by nobody: %v", err)
	}
}

func TestAPackageThatWasTouchedIsRefused(t *testing.T) {
	r := newRegistry(t, dbtest.SQLite(t), nil, drafter, head, sender, diw)
	l := r.letter(letters.NoSecrecy)
	r.dispatch(l.ID, saraban.File)
	data, err := r.Package(ctx, sender, l.ID)
	housetest.Must(t, err)
	if _, err := r.Import(ctx, other, data); errs.KindOf(err) != errs.Invalid {
		t.Errorf("imported by another agency: %v", err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	housetest.Must(t, err)
	for _, touch := range []string{"letter.pdf", "letter.json", "manifest.json", "manifest.p7s", "../letter.pdf"} {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for _, f := range z.File {
			rd, err := f.Open()
			housetest.Must(t, err)
			body, err := io.ReadAll(rd)
			housetest.Must(t, err)
			name := f.Name
			if name == touch {
				body[len(body)/2] ^= 1
			} else if strings.HasSuffix(touch, "/"+name) {
				name = touch
			}
			x, err := w.Create(name)
			housetest.Must(t, err)
			_, err = x.Write(body)
			housetest.Must(t, err)
		}
		housetest.Must(t, w.Close())
		if _, err := r.Import(ctx, diw, out.Bytes()); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s was touched: %v", touch, err)
		}
	}
	in, err := r.Import(ctx, diw, data)
	if err != nil || in.Number != l.NumberText || in.Channel != saraban.File {
		t.Fatalf("whole: %+v %v", in, err)
	}
	if again, err := r.Import(ctx, diw, data); err != nil || again.ID != in.ID {
		t.Errorf("twice: %v", err)
	}
	_, err = r.Accept(ctx, diw, in.ID)
	housetest.Must(t, err)
	if d := r.state(l.ID); d.State != saraban.Accepted || d.AcceptNumber == "" {
		t.Errorf("the sender hears of it: %+v", d)
	}
}

func TestALetterByMailIsSealedInTheOutbox(t *testing.T) {
	r := newRegistry(t, dbtest.SQLite(t), nil, drafter, head, sender)
	l := r.letter(letters.NoSecrecy)
	if d := r.dispatch(l.ID, ""); d.Channel != saraban.Email {
		t.Fatalf("chosen: %s", d.Channel)
	}
	if d := r.state(l.ID); d.State != saraban.OnItsWay && d.State != saraban.Queued || d.ProcessID == "" {
		t.Errorf("%+v", d)
	}
	var n int
	housetest.Must(t, r.house.Engine.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM outbox WHERE kind = 'letter'`, nil, &n)
	}))
	if n != 1 {
		t.Errorf("%d mails", n)
	}
	_, err := r.Confirm(ctx, sender, l.ID, "55/2569")
	housetest.Must(t, err)
	if d := r.state(l.ID); d.State != saraban.Accepted || d.AcceptNumber != "55/2569" {
		t.Errorf("%+v", d)
	}
}

// pair is two installations: Rayong's, and DIW's, which is the node of both.
func pair(t *testing.T, one, two *dbtest.Engine) (from, to *registry, node *httptest.Server) {
	t.Helper()
	diwHead := person("head-diw", "diw", "head")
	to = newRegistry(t, two, func(d *saraban.Deps) { d.Serve = true }, diw, diwHead)
	node = httptest.NewServer(&ecms.Server{Exchange: to.Node(), Now: two.Clock.Now, Caller: func(r *http.Request) (string, bool) {
		id := r.URL.Query().Get("org")
		return id, id == rayongECMS || id == diwECMS
	}})
	t.Cleanup(node.Close)
	client := &ecms.Client{URL: node.URL + ecms.Path + "?org=" + rayongECMS, HTTP: node.Client(), Now: one.Clock.Now}
	from = newRegistry(t, one, func(d *saraban.Deps) { d.Nodes = map[string]ecms.Exchange{rayongECMS: client} }, drafter, head, sender)
	return from, to, node
}

func (r *registry) poll() {
	r.t.Helper()
	housetest.Must(r.t, r.Poll(ctx))
	r.work()
}

func TestTwoInstallationsExchangeThroughECMS(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		from, to, _ := pair(t, e, dbtest.SQLite(t))
		l := from.letter(letters.NoSecrecy)
		from.dispatch(l.ID, saraban.ECMS)
		if d := from.state(l.ID); d.State != saraban.OnItsWay || d.ProcessID == "" {
			t.Fatalf("sent: %+v", d)
		}
		to.poll() // DIW fetches the letter, and its notice goes into Rayong's queue
		to.poll()
		if all, _ := to.ListIn(ctx, diw, saraban.FilterIn{}); len(all) != 1 {
			t.Fatalf("%d letters came", len(all))
		}
		in := to.arrived()
		if in.Number != l.NumberText || in.Subject != l.Subject || in.From != "rayong" || in.Dated.In(time.FixedZone("", 7*3600)).Format(time.DateOnly) != "2026-11-24" {
			t.Errorf("came: %+v", in)
		}
		from.poll()
		if d := from.state(l.ID); d.State != saraban.Delivered {
			t.Errorf("after the receive notice: %+v", d)
		}
		in, err := to.Accept(ctx, diw, in.ID)
		housetest.Must(t, err)
		to.work()
		from.poll()
		if d := from.state(l.ID); d.State != saraban.Accepted || d.AcceptNumber != in.ReceiptText() {
			t.Errorf("after the accept notice: %+v", d)
		}
		_, err = from.WrongNumber(ctx, sender, l.ID)
		housetest.Must(t, err)
		from.work()
		to.poll()
		if in = to.arrived(); in.State != saraban.Registered {
			t.Errorf("after the wrong number: %+v", in)
		}
	})
}

func TestARefusedLetterCanBeSentAgain(t *testing.T) {
	from, to, _ := pair(t, dbtest.SQLite(t), dbtest.SQLite(t))
	l := from.letter(letters.NoSecrecy)
	from.dispatch(l.ID, saraban.ECMS)
	to.poll()
	_, err := to.Refuse(ctx, diw, to.arrived().ID, "invalid", "ส่งผิดหน่วยงาน")
	housetest.Must(t, err)
	to.work()
	from.poll()
	if d := from.state(l.ID); d.State != saraban.Invalid {
		t.Fatalf("%+v", d)
	}
	from.dispatch(l.ID, saraban.ECMS)
	if d := from.state(l.ID); d.State != saraban.OnItsWay {
		t.Errorf("sent again: %+v", d)
	}
	to.poll()
	if all, _ := to.ListIn(ctx, diw, saraban.FilterIn{State: "arrived"}); len(all) != 1 {
		t.Errorf("%d letters wait", len(all))
	}
}

// A node that is down loses nothing, and what was fetched twice is stored once.
func TestTheExchangeSurvivesItsNode(t *testing.T) {
	from, to, node := pair(t, dbtest.SQLite(t), dbtest.SQLite(t))
	l := from.letter(letters.NoSecrecy)
	for range 3 {
		head, err := to.Node().Head(ctx, diwECMS)
		if err != nil || head != nil {
			t.Fatalf("an empty queue has %+v, %v", head, err)
		}
	}
	from.dispatch(l.ID, saraban.ECMS)
	item, err := to.Node().Head(ctx, diwECMS)
	if err != nil || item == nil {
		t.Fatal(err)
	}
	again, err := to.Node().Head(ctx, diwECMS)
	if err != nil || again.ProcessID != item.ProcessID {
		t.Errorf("the head moved by itself: %v", err)
	}
	to.poll()
	to.poll()
	if all, _ := to.ListIn(ctx, diw, saraban.FilterIn{}); len(all) != 1 {
		t.Errorf("%d letters came of one", len(all))
	}
	node.Close()
	other := from.letter(letters.NoSecrecy)
	_, _, err = from.Dispatch(ctx, sender, other.ID, saraban.Sending{Channel: saraban.ECMS})
	housetest.Must(t, err)
	from.work()
	if d := from.state(other.ID); d.State != saraban.Queued || d.LastError != "error.ecms-unreachable" {
		t.Errorf("with the node down: %+v", d)
	}
}

func TestTheNodeSaysWhyItRefuses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		r := newRegistry(t, e, func(d *saraban.Deps) { d.Serve = true }, diw)
		node := r.Node()
		letter := func(change func(l *ecms.Letter)) *ecms.Letter {
			l := &ecms.Letter{ID: "รย 0033/9", Date: "2026-11-24", Subject: "ก", Secret: "001", Speed: "001", Sender: ecms.Party{Department: rayongECMS}, Receiver: ecms.Party{Department: diwECMS}, Main: ecms.File{Mime: "application/pdf", Data: []byte("%PDF")}}
			if change != nil {
				change(l)
			}
			return l
		}
		if _, err := node.Send(ctx, rayongECMS, letter(nil)); err != nil {
			t.Fatal(err)
		}
		send := func(org string, change func(l *ecms.Letter)) error {
			_, err := node.Send(ctx, org, letter(change))
			return err
		}
		notify := func(org, kind, id string) error {
			_, err := node.Notify(ctx, org, ecms.Notice{Kind: kind, LetterID: id, Date: "2026-11-24", Subject: "ก", AcceptID: "1"})
			return err
		}
		remove := func(org, id string) error { _, err := node.Remove(ctx, org, id); return err }
		forget := func(org string) error {
			_, err := node.Delete(ctx, org, ecms.Ref{LetterID: "รย 0033/9", Date: "2026-11-24"})
			return err
		}
		for name, row := range map[string]struct {
			err  error
			code string
		}{
			"in another's name":              {send(diwECMS, nil), "301"},
			"to nobody":                      {send(rayongECMS, func(l *ecms.Letter) { l.Receiver.Department = "9" }), "302"},
			"of a class too high":            {send(rayongECMS, func(l *ecms.Letter) { l.Secret, l.ID = "003", "2" }), "303"},
			"the same once more":             {send(rayongECMS, nil), "304"},
			"a notice of what was not sent":  {notify(diwECMS, ecms.Accept, "x"), "305"},
			"a notice by who did not get it": {notify(rayongECMS, ecms.Accept, "รย 0033/9"), "305"},
			"of another's queue":             {remove(rayongECMS, "x"), "306"},
			"deleted though nobody refused":  {forget(rayongECMS), "307"},
		} {
			if row.err == nil || !strings.Contains(row.err.Error(), row.code) {
				t.Errorf("%s: %v, not %s", name, row.err, row.code)
			}
		}
	})
}
