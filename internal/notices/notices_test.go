package notices_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/notices"
	"prasan/internal/policy"
	"prasan/internal/register"
	"prasan/internal/ropa"
)

var ctx = context.Background()

func contactOf(agency string) notices.Contact {
	return notices.Contact{Agency: policy.Text{TH: "หน่วยงาน " + agency, EN: "Agency " + agency}, Email: "dpo@ops.example"}
}

type house struct {
	register *register.Store
	notices  *notices.Store
}

func open(t *testing.T, e *dbtest.Engine, first int) house {
	t.Helper()
	r, err := register.Open(ctx, e.DB, audit.New("test"))
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range ropa.SeedCodes {
		if err := r.Begin(ctx, [][]byte{ropa.SeedText(code, first)}); err != nil {
			t.Fatal(err)
		}
	}
	return house{r, notices.New(e.DB, r.Snapshot, contactOf)}
}

func (h house) current(t *testing.T, activity, agency string) *notices.Notice {
	t.Helper()
	n, err := h.notices.Current(ctx, activity, agency)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestANoticeIsPublishedOnceARevisionAndAgency(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := open(t, e, 1)
		rayong := h.current(t, "contact-us", "rayong")
		if again := h.current(t, "contact-us", "rayong"); again.ID != rayong.ID {
			t.Error("published twice")
		}
		after := notices.New(e.DB, h.register.Snapshot, contactOf) // another node, or after a restart
		if n, err := after.Current(ctx, "contact-us", "rayong"); err != nil || n.ID != rayong.ID || !n.PublishedAt.Equal(rayong.PublishedAt) {
			t.Errorf("published twice: %v", err)
		}
		if tak := h.current(t, "contact-us", "tak"); tak.ID == rayong.ID || tak.SHA256 == rayong.SHA256 {
			t.Error("two agencies have one notice")
		}
		e.Clock.Advance(time.Hour)
		if err := h.register.Begin(ctx, [][]byte{ropa.SeedText("contact-us", 2)}); err != nil {
			t.Fatal(err)
		}
		next := h.current(t, "contact-us", "rayong")
		if next.ID == rayong.ID || next.Revision != 2 || next.RevisionID != h.register.Snapshot("contact-us").RevisionID {
			t.Errorf("the notice does not follow the record: %+v", next)
		}
		th, en, at, err := h.notices.Texts(ctx, rayong.ID)
		if err != nil || th != rayong.Text["th"].Text() || en != rayong.Text["en"].Text() || !at.Equal(rayong.PublishedAt) || !strings.Contains(th, "หน่วยงาน rayong") {
			t.Errorf("what people were told is not kept: %v\n%s", err, th)
		}
	})
}

func TestVersionsAreListed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := open(t, e, 2)
		first := h.current(t, "contact-us", "rayong")
		h.current(t, "contact-us", "tak")
		e.Clock.Advance(time.Hour)
		cookies := h.current(t, "usage-analytics", "rayong")
		list, err := h.notices.Versions(ctx, "rayong")
		if err != nil || len(list) != 2 || list[0].ID != cookies.ID || list[1].ID != first.ID {
			t.Fatalf("%v %+v", err, list)
		}
		if list[0].Kind != "cookie_policy" || list[1].Kind != "privacy_notice" || list[0].Revision != 1 {
			t.Errorf("%+v", list)
		}
		if !strings.HasPrefix(cookies.Text["en"].Title, "Cookie policy") || !strings.HasPrefix(cookies.Text["th"].Title, "นโยบายคุกกี้") {
			t.Errorf("%s", cookies.Text["en"].Title)
		}
		if all, err := h.notices.Versions(ctx, ""); err != nil || len(all) != 3 {
			t.Errorf("%v %d", err, len(all))
		}
	})
}

func TestWithoutACompleteRecordThereIsNoNotice(t *testing.T) {
	e := dbtest.SQLite(t)
	for name, record := range map[string]func(string) *policy.Snapshot{
		"no record": func(string) *policy.Snapshot { return nil },
		"no period": func(string) *policy.Snapshot {
			s, err := policy.Compile(ropa.Seed("contact-us", 2))
			if err != nil {
				t.Fatal(err)
			}
			s.Retention, s.Kept = policy.Retention{}, nil
			return s
		},
	} {
		_, err := notices.New(e.DB, record, contactOf).Current(ctx, "contact-us", "rayong")
		if errs.KindOf(err) != errs.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
}
