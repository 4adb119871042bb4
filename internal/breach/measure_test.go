package breach_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"prasan/internal/breach"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/egress"
	"prasan/internal/errs"
	"prasan/internal/mail"
)

// sessions gives accounts one each.
func (h *house) sessions(accounts ...string) {
	h.t.Helper()
	must(h.t, h.e.DB.InTx(ctx, func(tx *db.Tx) error {
		for i, a := range accounts {
			if _, err := tx.Exec(`INSERT INTO sessions (hash, account, stage, lang, created_at, seen_at, expires_at) VALUES ($1, $2, 'full', 'th', 1, 1, 9000000000000000)`, []byte{byte(i)}, a); err != nil {
				return err
			}
		}
		return nil
	}))
}

func (h *house) take(b breach.Breach, what, account string) error {
	_, err := h.s.Take(ctx, dpo, b.ID, breach.Measure{What: what, Account: account, Reason: "ระงับเหตุ"})
	return err
}

func TestMeasuresThatAreAtHandAreTakenAndNoted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		b := h.report(false)
		h.sessions("thief", "officer", "dpo")
		_, err := h.s.Take(ctx, officer, b.ID, breach.Measure{What: "sessions", Reason: "x"})
		wants(t, err, errs.NotFound)
		wants(t, h.take(b, "pull the plug", ""), errs.Invalid)
		must(t, h.take(b, "sessions", "thief"))
		if n := h.count(`SELECT COUNT(*) FROM sessions`); n != 2 {
			t.Errorf("%d sessions are left", n)
		}
		must(t, h.take(b, "sessions", ""))
		if n := h.count(`SELECT COUNT(*) FROM sessions WHERE account = 'dpo'`); n != 1 || h.count(`SELECT COUNT(*) FROM sessions`) != 1 {
			t.Error("not everybody's but one's own")
		}
		must(t, h.take(b, "keys", ""))
		if h.rotated != 1 {
			t.Error("no new keys were asked for")
		}
		if n := h.count(`SELECT COUNT(*) FROM breach_events WHERE kind = 'take'`); n != 3 {
			t.Errorf("%d lines of the history", n)
		}
	})
}

func TestAWayOutIsClosedUntilItIsOpenedAgain(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	b := h.report(false)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	way, err := egress.New(egress.Config{Allow: []string{listener.Addr().String()}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Open: func(ctx context.Context) error { return h.s.IsOpen(ctx, "smtp") }})
	must(t, err)
	dial := func() error {
		conn, err := way.Dial(ctx, "tcp", listener.Addr().String())
		if err == nil {
			conn.Close()
		}
		return err
	}
	paused := func() (is bool) {
		must(t, h.e.DB.Read(ctx, func(tx *db.Tx) (err error) { is, err = mail.Paused(tx); return err }))
		return is
	}
	must(t, dial())
	must(t, h.take(b, "smtp", ""))
	wants(t, dial(), errs.Unavailable)
	if !paused() {
		t.Error("the post tries on, and its attempts run out")
	}
	closed, err := h.s.Closed(ctx)
	if err != nil || len(closed) != 1 || closed[0].Breach != b.ID {
		t.Errorf("%v %+v", err, closed)
	}
	wants(t, h.s.Open(ctx, trat, "smtp", "จบแล้ว"), errs.Forbidden)
	wants(t, h.s.Open(ctx, dpo, "smtp", " "), errs.Invalid)
	must(t, h.s.Open(ctx, dpo, "smtp", "จบแล้ว"))
	must(t, dial())
	if paused() {
		t.Error("the post is still held back")
	}
}

func TestADrillIsDrawnUpAndSignedAndReachesNobody(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	h.read()
	b := h.report(true)
	b, err := h.s.BeAware(ctx, dpo, b.ID)
	must(t, err)
	h.sessions("thief")
	must(t, h.take(b, "sessions", ""))
	must(t, h.take(b, "smtp", ""))
	if h.count(`SELECT COUNT(*) FROM sessions`) != 1 || h.count(`SELECT COUNT(*) FROM gates`) != 0 {
		t.Error("a drill has taken a measure")
	}
	_, err = h.s.Assess(ctx, dpo, b.ID, weighed(breach.HighRisk), breach.Window{})
	must(t, err)
	l, err := h.s.Draft(ctx, dpo, b.ID, "", "")
	must(t, err)
	_, err = h.letters.Check(ctx, head, l.ID)
	must(t, err)
	_, err = h.s.Notify(ctx, dpo, b.ID, "")
	wants(t, err, errs.Conflict) // not signed yet
	_, err = h.letters.Approve(ctx, head, l.ID, "")
	must(t, err)
	_, err = h.letters.Number(ctx, head, l.ID, 0)
	wants(t, err, errs.Conflict) // no number of the register is used up
	_, err = h.s.Notify(ctx, dpo, b.ID, "")
	must(t, err)
	_, err = h.s.NotifySubjects(ctx, dpo, b.ID, "เรียนท่านเจ้าของข้อมูล")
	must(t, err)
	_, err = h.s.Close(ctx, dpo, b.ID, "บทเรียน")
	must(t, err)
	if len(h.told) != 0 || h.count(`SELECT COUNT(*) FROM letter_numbers`) != 0 {
		t.Error("a drill has reached somebody")
	}
}
