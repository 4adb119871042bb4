package truth_test

import (
	"fmt"
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/truth"
)

func TestReportsOfBrowsersAreReducedToOriginsAndBounded(t *testing.T) {
	for blocked, want := range map[string]string{
		"https://Evil.example/path?who=somchai": "https://evil.example", "inline": "inline", "data:text/html;base64,x": "data", "chrome-extension://abc/x.js": "extension",
		"moz-extension": "other", "": "other", "javascript:alert(1)": "other", "wss://x.example/": "wss://x.example",
	} {
		if got := truth.Origin(blocked); got != want {
			t.Errorf("%q: %q, not %q", blocked, got, want)
		}
	}
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		err := e.DB.InTx(ctx, func(tx *db.Tx) error {
			for i := range 320 {
				if _, err := truth.Reported(tx, "script-src-elem", fmt.Sprintf("https://h%d.example/x", i)); err != nil {
					return err
				}
			}
			if ok, err := truth.Reported(tx, "no-such-directive", "https://x.example"); ok || err != nil {
				t.Errorf("what no browser sends is counted: %v", err)
			}
			list, err := truth.Refusals(tx, tx.Now().Add(-time.Hour))
			if len(list) != 301 || list[0].Origin != "other" || list[0].N != 20 {
				t.Errorf("%d origins, the first %+v", len(list), list[0])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestWhatPeopleWriteIsCountedByKindAndNotKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		err := e.DB.InTx(ctx, func(tx *db.Tx) error {
			for _, text := range []string{"เลขบัตร 1101700230708 และ 1101700230708", "เลขบัตร 1101700230705", "บัตร 4111 1111 1111 1111", "โทร 081-234-5678 เป็นโรคเบาหวาน", "ถนนชำรุด"} {
				if err := truth.CountText(tx, "n1", "message", text); err != nil {
					return err
				}
			}
			found, err := truth.Texts(tx, tx.Now())
			want := map[string]int64{"national-id": 1, "card": 1, "phone": 1, "health": 1}
			for kind, n := range want {
				if found["message"][kind] != n {
					t.Errorf("%s: %d, not %d", kind, found["message"][kind], n)
				}
			}
			if len(found["message"]) != len(want) {
				t.Errorf("%v", found)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
