package sites_test

import (
	"strings"
	"testing"
	"time"

	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/sites"
)

const rayongHost, tratHost = "rayong.industry.test", "trat.industry.test"

var (
	ict     = policy.Actor{Account: "ict", Agency: "ops", Roles: []string{"ict"}}
	officer = policy.Actor{Account: "officer-rayong", Agency: "rayong", Roles: []string{"officer"}}
	clerk   = policy.Actor{Account: "registrar-rayong", Agency: "rayong", Roles: []string{"registrar"}}
)

func announcement(host, state string, at time.Time) sites.Announcement {
	return sites.Announcement{Host: host, State: state, News: sites.News{At: at, Title: policy.Text{TH: "  ประกาศ\u00a0รับฟังความคิดเห็น ", EN: "Hearing"}, Text: policy.Text{TH: "บรรทัดแรก\n\nบรรทัดที่สอง"}}}
}

func TestAnAnnouncementIsShownFromItsDayToItsEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s, now := open(t, e), e.Clock.Now()
		shown := func(host string) (n int) {
			t.Helper()
			list, err := s.News(ctx, host)
			if err != nil {
				t.Fatal(err)
			}
			return len(list)
		}
		must := func(by policy.Actor, a sites.Announcement) sites.Announcement {
			t.Helper()
			out, err := s.Announce(ctx, by, a)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		draft := must(officer, announcement(rayongHost, sites.Draft, now))
		if shown(rayongHost) != 0 {
			t.Error("a draft is shown")
		}
		later := announcement(rayongHost, sites.Published, now.Add(time.Hour))
		later.Until = now.Add(2 * time.Hour)
		must(officer, later)
		all := must(ict, announcement(sites.EverySite, sites.Published, now))
		if shown(rayongHost) != 1 || shown(tratHost) != 1 {
			t.Error("what is for all sites is not shown on each")
		}
		e.Clock.Advance(time.Hour)
		if shown(rayongHost) != 2 || shown(tratHost) != 1 {
			t.Error("it is not shown when its day comes, or on another site")
		}
		e.Clock.Advance(time.Hour)
		if shown(rayongHost) != 1 {
			t.Error("it is shown after its end")
		}
		draft.State = sites.Published
		published := must(officer, draft)
		if shown(rayongHost) != 2 || published.Version != 2 || published.Title.TH != "ประกาศ รับฟังความคิดเห็น" {
			t.Errorf("%+v", published)
		}
		if _, err := s.Announce(ctx, officer, draft); errs.KindOf(err) != errs.Conflict {
			t.Errorf("an older version overwrites a newer one: %v", err)
		}
		all.State = sites.Draft
		must(ict, all)
		if shown(tratHost) != 0 {
			t.Error("it is shown after it was taken back")
		}
	})
}

func TestAnnouncementsAreWrittenByWhoMay(t *testing.T) {
	s := open(t, dbtest.SQLite(t))
	now := time.Now()
	for _, x := range []struct {
		by   policy.Actor
		host string
	}{{officer, tratHost}, {officer, sites.EverySite}, {clerk, rayongHost}, {ict, "evil.example"}} {
		if _, err := s.Announce(ctx, x.by, announcement(x.host, sites.Draft, now)); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s on %s: %v", x.by.Account, x.host, err)
		}
	}
	a, err := s.Announce(ctx, ict, announcement(tratHost, sites.Draft, now))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Announcement(ctx, officer, a.ID); errs.KindOf(err) != errs.NotFound {
		t.Errorf("another province's: %v", err)
	}
	if list, _ := s.Announcements(ctx, officer); len(list) != 0 {
		t.Errorf("%d of another province's", len(list))
	}
}

func TestAnAnnouncementIsChecked(t *testing.T) {
	now := time.Now()
	for name, change := range map[string]func(a *sites.Announcement){
		"title_th": func(a *sites.Announcement) { a.Title.TH = " " },
		"title_en": func(a *sites.Announcement) { a.Title.EN, a.Text.EN = "", "text" },
		"text_th":  func(a *sites.Announcement) { a.Text.TH = strings.Repeat("ก", sites.MaxNewsText+1) },
		"from":     func(a *sites.Announcement) { a.At = time.Time{} },
		"until":    func(a *sites.Announcement) { a.Until = now.Add(-time.Hour) },
		"state":    func(a *sites.Announcement) { a.State = "x" },
	} {
		a := announcement(rayongHost, sites.Draft, now)
		change(&a)
		if err := a.Check(); err == nil || errs.As(err).Fields[0].Name != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}
