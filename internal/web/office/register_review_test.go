package office_test

import (
	"testing"
	"time"

	"prasan/internal/db/dbtest"
	"prasan/internal/webtest"
)

func TestTheReviewOfARecordIsSignedByWhoHoldsTheDuty(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	h.has(h.get("dpo", "/th/office/records", 200), "ทบทวนภายใน")
	if f := h.get("bare", "/th/office/record-reviews", 200); f.Form("note") != nil {
		t.Error("an officer is offered to sign a review")
	}
	h.e.Clock.Advance(370 * 24 * time.Hour)
	h.tabs = map[string]*webtest.Client{} // sessions have ended
	p := h.get("dpo", "/th/office/record-reviews", 200)
	h.has(p, "เกินกำหนด")
	h.wellMade("th", p)
	p = h.want(422)(p.Form("note").Submit())
	p = h.want(303)(p.Form("note").Set("note", "ตรวจทุกข้อแล้ว ยังถูกต้อง").Submit())
	h.has(p, "ตรวจทุกข้อแล้ว ยังถูกต้อง", "ยังไม่ถึงกำหนด")
	h.wellMade("en", h.get("dpo", "/en/office/record-reviews", 200))
}
