package consent_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"prasan/internal/consent"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/policy"
)

func record() *policy.Snapshot {
	return &policy.Snapshot{Activity: consent.Activity, RevisionID: "r2", Revision: 2,
		Elements: []policy.Element{{Code: "page_path", Label: policy.Text{TH: "หน้าที่เปิดดู", EN: "Page"}}, {Code: "visitor_cookie", Label: policy.Text{TH: "รหัสในคุกกี้", EN: "Cookie"}}},
		Levels: []policy.Level{{Code: "L0", Basis: "public-task", Elements: []string{"page_path"}}, {Code: "L2", Basis: "consent", Elements: []string{"page_path", "visitor_cookie"}, Text: policy.Text{TH: "นับผู้เข้าชมซ้ำ", EN: "Returning visitors"}},
			{Code: "L3", Basis: "consent", Elements: []string{"page_path"}, Text: policy.Text{TH: "ส่งไปยัง Google", EN: "To Google"}}},
		Retention: policy.Retention{Years: 10}, Kept: map[string]policy.Retention{"consent_choice": {Years: 2}, "visitor_cookie": {Years: 1}}}
}

type desk struct {
	*consent.Service
	h         *housetest.House
	forgotten []string
	noted     []string
	abroad    []consent.Abroad
}

func newDesk(t *testing.T, e *dbtest.Engine) *desk {
	d := &desk{h: housetest.New(t, e, record())}
	d.Service = consent.New(consent.Deps{DB: e.DB, Audit: d.h.Audit, Processing: d.h.Processing, Record: func(string) *policy.Snapshot { return d.h.Record },
		Digest: func(v string) []byte { return d.h.Vault.Digest("consent", v) },
		Abroad: func(_ *db.Tx, a consent.Abroad) error { d.abroad = append(d.abroad, a); return nil },
		Note:   func(_ context.Context, v string) error { d.noted = append(d.noted, v); return nil },
		Forget: func(_ *db.Tx, v string) error { d.forgotten = append(d.forgotten, v); return nil }})
	return d
}

func (d *desk) rows(query string, args ...any) (n int64) {
	d.h.T.Helper()
	housetest.Must(d.h.T, d.h.Engine.DB.Read(context.Background(), func(tx *db.Tx) error { return tx.QueryRow(query, args, &n) }))
	return n
}

func TestCategoriesFollowTheRecord(t *testing.T) {
	s := record()
	text := consent.TextOf(s)
	if !text.Has(consent.Analytics) || text.Has(consent.Google) {
		t.Errorf("categories: %+v", text.Categories)
	}
	s.RevisionID, s.Revision = "r3", 3
	if consent.TextOf(s).Version != text.Version {
		t.Error("the same words have another version")
	}
	s.Transfers = []policy.Transfer{{Code: "google", Country: "US"}}
	if next := consent.TextOf(s); next.Has(consent.Google) {
		t.Error("a transfer without a basis is asked for")
	}
	s.Transfers[0].Basis = "consent"
	if next := consent.TextOf(s); !next.Has(consent.Google) || next.Version == text.Version {
		t.Errorf("with a transfer declared: %+v", next)
	}
	s.Levels = s.Levels[:1]
	if consent.TextOf(s) != nil || consent.TextOf(nil) != nil {
		t.Error("something is asked that the record does not have")
	}
}

func TestAChoiceIsReadBackOrIsNone(t *testing.T) {
	for _, c := range []consent.Choice{{Version: "0123456789ab"}, {Version: "0123456789ab", Allowed: []string{"analytics", "google"}, Receipt: "r1"}} {
		if got := consent.ParseChoice(c.String()); got.String() != c.String() {
			t.Errorf("%s read as %s", c, got)
		}
	}
	for _, s := range []string{"", "1", "1..", "2.0123456789ab..", "1.0123456789ab.other.", "1.0123456789ab.analytics+analytics.", "1.zz23456789ab..", "1.0123456789ab.analytics.x.y"} {
		if consent.ParseChoice(s).Made() {
			t.Errorf("%q is a choice", s)
		}
	}
	old := consent.Choice{Version: "000000000000", Allowed: []string{"analytics"}}
	if text := consent.TextOf(record()); text.InForce(old).Made() || !text.InForce(consent.Choice{Version: "000000000000"}).Refused() {
		t.Error("a consent to other words counts, or a refusal is forgotten")
	}
}

func TestAConsentIsProvedAndAWithdrawalIsImmediate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, d := context.Background(), newDesk(t, e)
		r, err := d.Decide(ctx, consent.Decision{Site: "s", Lang: "th", Allowed: []string{"analytics", "google", "other"}})
		housetest.Must(t, err)
		if r.Number == "" || !consent.IsVisitor(r.Visitor) || strings.Join(r.Choice.Allowed, " ") != "analytics" {
			t.Fatalf("receipt: %+v", r)
		}
		if want := dbtest.Start.AddDate(2, 0, 0); !r.ChoiceEnds.Equal(want) {
			t.Errorf("the choice ends %s, not %s", r.ChoiceEnds, want)
		}
		p, err := d.Find(ctx, r.Number)
		if err != nil || p.Version != r.Choice.Version || p.Revision != "r2" || !strings.Contains(p.Text, "นับผู้เข้าชมซ้ำ") || !p.EndedAt.IsZero() {
			t.Errorf("proof: %+v %v", p, err)
		}
		out, err := d.Decide(ctx, consent.Decision{Site: "s", Lang: "th", Visitor: r.Visitor})
		housetest.Must(t, err)
		if out.Number != "" || out.Visitor != "" || len(d.forgotten) != 1 || d.forgotten[0] != r.Visitor {
			t.Errorf("withdrawal: %+v, forgotten %v", out, d.forgotten)
		}
		if _, err := d.Decide(ctx, consent.Decision{Site: "s", Lang: "th", Visitor: consent.NewVisitor()}); err != nil || len(d.noted) != 1 || d.noted[0] != r.Visitor {
			t.Errorf("a restore withdraws again for %v, %v", d.noted, err)
		}
		if p, err := d.Find(ctx, r.Number); err != nil || p.EndedAt.IsZero() {
			t.Errorf("proof after the withdrawal: %+v %v", p, err)
		}
		if n := d.rows(`SELECT COUNT(*) FROM consent_given WHERE subject = $1`, []byte(r.Visitor)); n != 0 {
			t.Error("the visitor's identifier is stored as it is")
		}
	})
}

func TestOfARefusalOnlyTheNumberIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, d := context.Background(), newDesk(t, e)
		for range 3 {
			r, err := d.Decide(ctx, consent.Decision{Site: "s", Lang: "en"})
			if err != nil || r.Number != "" || !r.Choice.Refused() {
				t.Fatalf("%+v %v", r, err)
			}
		}
		if d.rows(`SELECT COUNT(*) FROM consent_given`) != 0 || d.rows(`SELECT COUNT(*) FROM audit WHERE action LIKE 'consent%'`) != 0 {
			t.Error("a refusal left a line of its own")
		}
		err := e.DB.Read(ctx, func(tx *db.Tx) error {
			all, err := consent.Totals(tx, consent.Day(dbtest.Start), consent.Day(dbtest.Start))
			if len(all) != 1 || all[0].Site != "s" || all[0].Choice != "refuse" || all[0].N != 3 {
				t.Errorf("totals: %+v", all)
			}
			return err
		})
		housetest.Must(t, err)
	})
}

func TestNobodyConsentsToWordsHeHasNotSeen(t *testing.T) {
	d := newDesk(t, dbtest.SQLite(t))
	_, err := d.Decide(context.Background(), consent.Decision{Site: "s", Lang: "th", Version: "000000000000", Allowed: []string{"analytics"}})
	if errs.KindOf(err) != errs.Conflict {
		t.Errorf("%v", err)
	}
	d.h.Record = nil
	if _, err := d.Decide(context.Background(), consent.Decision{Site: "s", Lang: "th"}); errs.KindOf(err) != errs.NotFound {
		t.Errorf("without a record: %v", err)
	}
}

func TestProofsEndWithTheRecordsPeriod(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, d := context.Background(), newDesk(t, e)
		_, err := d.Decide(ctx, consent.Decision{Site: "s", Lang: "th", Allowed: []string{"analytics"}})
		housetest.Must(t, err)
		e.Clock.Set(dbtest.Start.AddDate(2, 0, 0).Add(-time.Hour))
		housetest.Must(t, d.Sweep(ctx))
		if d.rows(`SELECT COUNT(*) FROM consent_given`) != 1 {
			t.Error("erased before its time")
		}
		e.Clock.Set(dbtest.Start.AddDate(2, 0, 0).Add(time.Hour))
		housetest.Must(t, d.Sweep(ctx))
		if d.rows(`SELECT COUNT(*) FROM consent_given`) != 0 || d.rows(`SELECT COUNT(*) FROM audit WHERE action = 'consent.expire'`) != 1 {
			t.Error("kept too long, or without a line in the log")
		}
	})
}
