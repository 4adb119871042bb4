package sites_test

import (
	"context"
	"testing"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/sites"
)

var ctx = context.Background()

func open(t *testing.T, e *dbtest.Engine) *sites.Store {
	t.Helper()
	bodies := org.Bodies("industry.test")
	if err := e.DB.InTx(ctx, func(tx *db.Tx) error { return sites.Put(tx, sites.ForAgencies("industry.test", bodies)) }); err != nil {
		t.Fatal(err)
	}
	s, err := sites.Open(ctx, e.DB, audit.New("test"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheBodysSitesAreFoundByTheirHosts(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := open(t, e)
		if n := len(s.All()); n != 78 {
			t.Errorf("%d sites", n)
		}
		for host, agency := range map[string]string{"industry.test": "ops", "ops.industry.test": "ops", "rayong.industry.test": "rayong", "nakhonratchasima.industry.test": "nakhonratchasima"} {
			if site, ok := s.Lookup(host); !ok || site.Agency != agency || site.Name.EN == "" {
				t.Errorf("%s: %+v", host, site)
			}
		}
		if _, ok := s.Lookup("bangkok.industry.test"); ok {
			t.Error("Bangkok has no provincial office")
		}
	})
}

func TestASiteIsAddedOnceByWhoMay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := open(t, e)
		agency := org.Bodies("industry.test")[1]
		ict := policy.Actor{Account: "ict", Agency: "ops", Roles: []string{"ict"}}
		for _, row := range []struct {
			by           policy.Actor
			host, accent string
			want         errs.Kind
		}{
			{policy.Actor{Account: "o", Roles: []string{"officer"}}, "x.industry.test", "", errs.Forbidden},
			{ict, "not a host", "", errs.Invalid},
			{ict, "x.industry.test", "pink", errs.Invalid},
			{ict, "rayong.industry.test", "", errs.Conflict},
		} {
			if _, err := s.Add(ctx, row.by, row.host, agency, row.accent); err == nil || errs.KindOf(err) != row.want {
				t.Errorf("%s: %v", row.host, err)
			}
		}
		if _, err := s.Add(ctx, ict, "X.Industry.test", agency, ""); err != nil {
			t.Fatal(err)
		}
		if site, ok := s.Lookup("x.industry.test"); !ok || site.Agency != "ops" {
			t.Error("the added site is not served")
		}
	})
}

func TestASiteShowsItsOwnNewsOncePublishedNewestFirst(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := open(t, e)
		now := e.Clock.Now()
		if err := e.DB.InTx(ctx, func(tx *db.Tx) error {
			for _, n := range []struct {
				host, title string
				ago         time.Duration
			}{{"rayong.industry.test", "old", 48 * time.Hour}, {"rayong.industry.test", "new", time.Hour}, {"rayong.industry.test", "to come", -time.Hour}, {"ops.industry.test", "another's", time.Hour}} {
				if _, err := tx.Exec(`INSERT INTO announcements (id, host, published_at, body) VALUES ($1, $2, $3, $4)`, db.NewID(), n.host, db.Micros(now.Add(-n.ago)), `{"title": {"TH": "`+n.title+`"}, "text": {"TH": "-"}}`); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		list, err := s.News(ctx, "rayong.industry.test")
		if err != nil || len(list) != 2 || list[0].Title.TH != "new" || list[1].Title.TH != "old" || !list[1].At.Equal(now.Add(-48*time.Hour)) {
			t.Errorf("%v %v", list, err)
		}
	})
}
