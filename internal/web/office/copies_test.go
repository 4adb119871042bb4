package office_test

import (
	"context"
	"crypto/rand"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"prasan/internal/audit"
	"prasan/internal/backup"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/vault"
	"prasan/internal/web/office"
)

// copy gives the face what it shows of copies and keys; nothing is copied by itself here.
func (h *house) copy(d *office.Deps, v *vault.Vault, log *audit.Log, queue *jobs.Queue) {
	h.t.Helper()
	secret, _, err := note.GenerateKey(rand.Reader, "prasan")
	must(h.t, err)
	signer, err := note.NewSigner(secret)
	must(h.t, err)
	d.Keys = &backup.Rotator{DB: h.e.DB, Vault: v, Audit: log, Jobs: queue}
	d.Drills = &backup.Driller{DB: h.e.DB, Audit: log, Jobs: queue, Signer: signer, Now: h.e.Clock.Now, Copies: func(context.Context) (a, b backup.Copy, err error) {
		return a, b, errs.New(errs.Invalid, "error.backup-drill")
	}}
	d.Copies = func(ctx context.Context) (s backup.State, err error) {
		s.Copies, err = backup.Made(ctx, h.e.DB, 5)
		return s, err
	}
}

func TestTheCentreSeesCopiesAndHasKeysReplaced(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	p := h.get("ict", "/th/office/copies", 200)
	h.has(p, "สำเนาและกุญแจ", "ยังไม่เคยซ้อมกู้คืน", "ยังไม่มีสำเนา", "ยังไม่เคยเปลี่ยน")
	h.has(h.act(p, "drill", 422), "ยังซ้อมกู้คืนไม่ได้")
	h.has(h.act(p, "keys", 422), "โปรดกรอกข้อมูลนี้")
	p = h.act(p, "keys", 303, "reason", "ประจำปี")
	h.has(p, "สั่งเปลี่ยนกุญแจแล้ว", "กำลังเปลี่ยนกุญแจหลัก")
	p = h.get("dpo", "/en/office/copies", 200)
	h.has(p, "Copies and keys")
	if hasForm(p, "/keys") || hasForm(p, "/drill") {
		t.Error("who only watches is offered to act")
	}
	h.get("officer", "/th/office/copies", 403)
	h.wellMade("en", p)
}
