package app

import (
	"context"
	"strings"

	"prasan/internal/inbox"
)

// demoMailbox is where the demo's mail lies: nobody reads a real one.
const demoMailbox = "demo"

// seedMail has some mail come in to the Office, of the kinds that a person must look at.
// Those who write are plainly fictitious.
func (a *App) seedMail(ctx context.Context) error {
	to, diw := "saraban@ops."+a.Config.BaseDomain, "saraban@diw."+a.Config.BaseDomain
	for _, m := range []struct{ id, from, subject, text, mark string }{
		{"1", "ผู้สมมติ ทดสอบ <somebody@example.com>", "สอบถามการขออนุญาตประกอบกิจการโรงงาน", "เรียน เจ้าหน้าที่\r\n\r\nต้องการทราบว่าการขออนุญาตต้องเตรียมเอกสารใดบ้าง\r\n\r\nขอบคุณ", ""},
		{"2", "กรมโรงงานอุตสาหกรรม <" + diw + ">", "แจ้งผลการตรวจโรงงาน", "ได้ตรวจสอบแล้ว โปรดยุติเรื่อง", ""},
		{"3", "บริษัท สมมติ จำกัด <info@company.example>", "ขอเชิญร่วมสัมมนา", "ขอเชิญร่วมสัมมนาเรื่องการจัดการกากอุตสาหกรรม", ""},
		{"4", "ผู้สมมติ ไม่อยู่ <absent@example.com>", "ตอบกลับอัตโนมัติ", "ขณะนี้ไม่อยู่ที่สำนักงาน", "Auto-Submitted: auto-replied"},
	} {
		lines := []string{"From: " + m.from, "To: " + to, "Subject: " + m.subject, "Message-ID: <" + m.id + "@mail.example>", "Date: " + a.Now().Format("Mon, 02 Jan 2006 15:04:05 -0700"), "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8"}
		if m.mark != "" {
			lines = append(lines, m.mark)
		}
		raw := strings.Join(append(lines, "", m.text, ""), "\r\n")
		if err := a.Inbox.Take(ctx, inbox.Arrival{Mailbox: demoMailbox, Raw: []byte(raw), Size: int64(len(raw))}); err != nil {
			return err
		}
	}
	unsorted, err := a.Inbox.Unsorted(ctx)
	for _, id := range unsorted {
		if err == nil {
			err = a.Inbox.Sort(ctx, id)
		}
	}
	return err
}
