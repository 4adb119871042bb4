package saraban_test

import (
	"archive/zip"
	"bytes"
	"context"
	"strings"
	"testing"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/letters"
	"prasan/internal/saraban"
	"prasan/internal/saraban/ecms"
)

func zipped(t *testing.T, files ...[2]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range files {
		w, err := z.Create(f[0])
		housetest.Must(t, err)
		_, err = w.Write([]byte(f[1]))
		housetest.Must(t, err)
	}
	housetest.Must(t, z.Close())
	return out.Bytes()
}

// What is no package, or one that was made to do harm, is refused and leaves nothing.
func TestWhatIsNoPackageIsRefused(t *testing.T) {
	r := newRegistry(t, dbtest.SQLite(t), nil, drafter, head, sender, diw)
	rest := [][2]string{{"letter.json", "{}"}, {"attachments.json", "[]"}, {"manifest.json", `{"version":1,"sha256":{}}`}, {"manifest.p7s", "x"}}
	bomb := strings.Repeat("\x00", 80<<20)
	for name, data := range map[string][]byte{
		"nothing":                 nil,
		"no zip":                  []byte("PK\x03\x04 and no more"),
		"half a zip":              zipped(t, append(rest, [2]string{"letter.pdf", "%PDF"})...)[:200],
		"a bomb":                  zipped(t, append(rest, [2]string{"letter.pdf", bomb})...),
		"a path":                  zipped(t, append(rest, [2]string{"../letter.pdf", "%PDF"})...),
		"an absolute path":        zipped(t, append(rest, [2]string{"/etc/letter.pdf", "%PDF"})...),
		"a name twice":            zipped(t, append(rest[1:], [2]string{"letter.pdf", "%PDF"}, [2]string{"letter.pdf", "%PDF"})...),
		"two letters":             zipped(t, append(rest[1:], [2]string{"letter.pdf", "%PDF"}, [2]string{"letter.png", "x"})...),
		"no letter":               zipped(t, rest...),
		"one file more":           zipped(t, append(rest, [2]string{"letter.pdf", "%PDF"}, [2]string{"run.exe", "MZ"})...),
		"a manifest that is none": zipped(t, append(rest, [2]string{"letter.pdf", "%PDF"})...),
	} {
		if _, err := r.Import(ctx, diw, data); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all, _ := r.ListIn(ctx, diw, saraban.FilterIn{}); len(all) != 0 {
		t.Errorf("something of it was taken: %+v", all)
	}
}

func (r *registry) alerts(what string) int {
	r.t.Helper()
	return len(r.ids(`SELECT object FROM audit WHERE action = $1`, "ecms.alert."+what))
}

// stubborn is a node whose items stay however often they are removed.
type stubborn struct {
	ecms.Exchange
	item *ecms.Item
}

func (s *stubborn) Head(context.Context, string) (*ecms.Item, error) { return s.item, nil }
func (s *stubborn) Remove(context.Context, string, string) (ecms.Receipt, error) {
	return ecms.Receipt{}, errs.New(errs.Unavailable, "error.ecms-unreachable")
}
func (s *stubborn) Notify(context.Context, string, ecms.Notice) (ecms.Receipt, error) {
	return ecms.Receipt{ProcessID: "n1"}, nil
}

// The same ProcessID is stored once, also when the node goes on giving it.
func TestTheSameProcessIDIsStoredOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		node := &stubborn{item: &ecms.Item{Receipt: ecms.Receipt{ProcessID: "p-7"}, Letter: &ecms.Letter{ID: "รย 0033/9", Date: "2026-11-24", Subject: "ก", Secret: "001", Speed: "001", Sender: ecms.Party{Department: rayongECMS}, Receiver: ecms.Party{Department: diwECMS}, Main: ecms.File{Mime: "application/pdf", Data: []byte("%PDF")}}}}
		r := newRegistry(t, e, func(d *saraban.Deps) { d.Nodes = map[string]ecms.Exchange{diwECMS: node} }, diw)
		for range 3 {
			if err := r.Poll(ctx); errs.KindOf(err) != errs.Unavailable {
				t.Fatalf("the node did not take it off: %v", err)
			}
		}
		r.work()
		if all, err := r.ListIn(ctx, diw, saraban.FilterIn{}); err != nil || len(all) != 1 {
			t.Errorf("%d letters of one: %v", len(all), err)
		}
	})
}

// A notice about a letter that was never sent is an alert and changes nothing; a letter
// that cannot be read stays at the node, and a person is told.
func TestWhatFitsNothingIsAnAlert(t *testing.T) {
	r := newRegistry(t, dbtest.SQLite(t), func(d *saraban.Deps) { d.Serve = true }, drafter, head, sender, diw)
	l := r.letter(letters.NoSecrecy)
	node := &stubborn{item: &ecms.Item{Receipt: ecms.Receipt{ProcessID: "p-8"}, Notice: &ecms.Notice{Kind: ecms.Accept, LetterID: "รย 0033/999", Date: "2026-11-24", Subject: "ก", AcceptID: "1/2569"}}}
	r.Nodes = map[string]ecms.Exchange{rayongECMS: node}
	_ = r.Poll(ctx)
	node.item = &ecms.Item{Receipt: ecms.Receipt{ProcessID: "p-9"}, Notice: &ecms.Notice{Kind: ecms.Reject, LetterID: l.NumberText, Date: "2026-11-24", Subject: "ก"}}
	_ = r.Poll(ctx) // numbered, and never sent
	node.item = &ecms.Item{Receipt: ecms.Receipt{ProcessID: "p-10"}, Notice: &ecms.Notice{Kind: ecms.InvalidAccept, LetterID: "x", Date: "2026-11-24", AcceptID: "1"}}
	_ = r.Poll(ctx)
	if n := r.alerts("unknown"); n != 3 {
		t.Errorf("%d alerts", n)
	}
	housetest.Must(t, r.house.Engine.DB.Read(ctx, func(tx *db.Tx) error {
		got, err := r.letters.ByID(tx, l.ID)
		if got.State != letters.Numbered && got.State != letters.Sealed {
			t.Errorf("the letter is %s", got.State)
		}
		return err
	}))
	r.Nodes[rayongECMS] = unreadable{node}
	if err := r.Poll(ctx); err != nil || r.alerts("unreadable") != 1 {
		t.Errorf("unreadable: %d alerts, %v", r.alerts("unreadable"), err)
	}
}

type unreadable struct{ ecms.Exchange }

func (unreadable) Head(context.Context, string) (*ecms.Item, error) {
	return nil, &ecms.Fault{Code: "204", Description: "MainLetterBinaryObject is not base64"}
}
