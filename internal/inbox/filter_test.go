package inbox_test

import (
	"os"
	"strings"
	"testing"

	"prasan/internal/i18n"
	"prasan/internal/inbox"
)

// letter is a mail with lines before its own header.
func letter(lines ...string) string {
	return strings.Join(append(lines, "Content-Type: text/plain; charset=utf-8", "", "ข้อความ"), "\r\n")
}

var report = strings.Join([]string{
	"From: MAILER-DAEMON@mx.test", "To: bounce+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@industry.test", "Auto-Submitted: auto-replied", "Return-Path: <>",
	"Content-Type: multipart/report; report-type=delivery-status; boundary=b", "", "--b", "Content-Type: text/plain", "", "It came back.", "--b", "Content-Type: message/delivery-status", "",
	"Reporting-MTA: dns; mx.test", "", "Final-Recipient: rfc822; nobody@example.com", "Action: ACTION", "Status: 5.1.1", "Diagnostic-Code: smtp; 550 5.1.1 no such user", "", "--b--", "",
}, "\r\n")

func TestTheFiltersDecideInTheirOrder(t *testing.T) {
	person := "From: Somsri <somsri@example.com>"
	saraban := "From: saraban@diw.test"
	reply := inbox.Thread{Message: "m", Keyed: true, Case: "c", Known: true, Expected: true}
	answer := inbox.Thread{Message: "m", Keyed: true, Case: "c", Referral: "r", Known: true, Expected: true}
	with := func(t inbox.Thread, change func(*inbox.Thread)) inbox.Thread { change(&t); return t }
	for _, x := range []struct {
		name, raw string
		facts     inbox.Facts
		want      inbox.Verdict
	}{
		{"a stranger", letter(person), inbox.Facts{}, inbox.Verdict{Do: inbox.Hold, Why: "stranger"}},
		{"what cannot be read", letter(person), inbox.Facts{Unreadable: true, Thread: reply}, inbox.Verdict{Do: inbox.Hold, Why: "unreadable"}},
		{"our own mail", letter(person), inbox.Facts{Ours: true, Thread: reply}, inbox.Verdict{Do: inbox.Drop, Why: "loop"}},
		{"a report", strings.Replace(report, "ACTION", "failed", 1), inbox.Facts{}, inbox.Verdict{Do: inbox.Return, Why: "bounce"}},
		{"a report that quotes our mark", strings.Replace(report, "ACTION", "failed", 1), inbox.Facts{Ours: true}, inbox.Verdict{Do: inbox.Return, Why: "bounce"}},
		{"a report of a delay", strings.Replace(report, "ACTION", "delayed", 1), inbox.Facts{}, inbox.Verdict{Do: inbox.Drop, Why: "delayed"}},
		{"an automatic answer", letter(person, "Auto-Submitted: auto-replied (vacation)"), inbox.Facts{Thread: reply}, inbox.Verdict{Do: inbox.Drop, Why: "automatic"}},
		{"auto-submitted no", letter(person, "Auto-Submitted: no"), inbox.Facts{Thread: reply}, inbox.Verdict{Do: inbox.ToCase, Why: "reply"}},
		{"an absence note of old", letter(person, "Precedence: bulk"), inbox.Facts{Thread: reply}, inbox.Verdict{Do: inbox.Drop, Why: "automatic"}},
		{"a list", letter(person, "List-Id: <news.example.com>"), inbox.Facts{}, inbox.Verdict{Do: inbox.Drop, Why: "automatic"}},
		{"an empty sender", letter(person, "Return-Path: <>"), inbox.Facts{Thread: reply}, inbox.Verdict{Do: inbox.Hold, Why: "returned"}},
		{"too many", letter(person), inbox.Facts{Flood: true, Thread: reply}, inbox.Verdict{Do: inbox.Hold, Why: "flood"}},
		{"no sender", letter("Subject: x"), inbox.Facts{Thread: reply}, inbox.Verdict{Do: inbox.Hold, Why: "sender"}},
		{"two senders", letter("From: a@example.com, b@example.com"), inbox.Facts{Thread: reply}, inbox.Verdict{Do: inbox.Hold, Why: "sender"}},
		{"refuted by its domain", letter(person), inbox.Facts{Authentic: inbox.Refuted, Thread: reply}, inbox.Verdict{Do: inbox.Hold, Why: "forged"}},
		{"an agency refuted by its domain", letter(saraban), inbox.Facts{Authentic: inbox.Refuted, Claims: "diw", Thread: answer}, inbox.Verdict{Do: inbox.Hold, Why: "agency-forged"}},
		{"a citizen's reply", letter(person), inbox.Facts{Thread: reply}, inbox.Verdict{Do: inbox.ToCase, Why: "reply"}},
		{"a reply by Message-ID alone", letter(person), inbox.Facts{Thread: with(reply, func(t *inbox.Thread) { t.Keyed = false })}, inbox.Verdict{Do: inbox.Hold, Why: "unkeyed"}},
		{"a reply by Message-ID, vouched for", letter(person), inbox.Facts{Authentic: inbox.Proven, Thread: with(reply, func(t *inbox.Thread) { t.Keyed = false })}, inbox.Verdict{Do: inbox.ToCase, Why: "reply"}},
		{"a reply from another address", letter(person), inbox.Facts{Authentic: inbox.Proven, Thread: with(reply, func(t *inbox.Thread) { t.Expected = false })}, inbox.Verdict{Do: inbox.Hold, Why: "other-sender"}},
		{"a reply to what is gone", letter(person), inbox.Facts{Thread: with(reply, func(t *inbox.Thread) { t.Known = false })}, inbox.Verdict{Do: inbox.Hold, Why: "old"}},
		{"an agency's answer", letter(saraban), inbox.Facts{Authentic: inbox.Proven, Claims: "diw", Thread: answer}, inbox.Verdict{Do: inbox.ToReferral, Why: "answer"}},
		{"an agency's answer that nobody vouches for", letter(saraban), inbox.Facts{Claims: "diw", Thread: answer}, inbox.Verdict{Do: inbox.Hold, Why: "agency-unproven"}},
		{"another agency's answer", letter(saraban), inbox.Facts{Authentic: inbox.Proven, Claims: "tisi", Thread: with(answer, func(t *inbox.Thread) { t.Expected = false })}, inbox.Verdict{Do: inbox.Hold, Why: "other-agency"}},
		{"an answer to a letter without a referral", letter(saraban), inbox.Facts{Authentic: inbox.Proven, Claims: "diw", Thread: inbox.Thread{Message: "m", Known: true, Expected: true}}, inbox.Verdict{Do: inbox.Hold, Why: "letter-answer"}},
		{"an agency of its own accord", letter(saraban), inbox.Facts{Authentic: inbox.Proven, Claims: "diw"}, inbox.Verdict{Do: inbox.Hold, Why: "agency"}},
		{"who says he is an agency", letter(saraban), inbox.Facts{Claims: "diw"}, inbox.Verdict{Do: inbox.Hold, Why: "agency-unproven"}},
	} {
		m, _ := inbox.Parse([]byte(x.raw))
		if got, by := inbox.Judge(m, &x.facts); got != x.want {
			t.Errorf("%s: %v by %s, want %v", x.name, got, by, x.want)
		}
	}
}

func TestWhatIsQuotedUnderAReplyIsLeftOut(t *testing.T) {
	for name, x := range map[string]struct{ in, want string }{
		"an ordinary reply":          {"ขอบคุณครับ\n\nOn Wed, 25 Nov 2026 at 10:00, Office <a@b.test>\nwrote:\n> ความเดิม\n> อีกบรรทัด", "ขอบคุณครับ"},
		"in Thai":                    {"ส่งเอกสารแล้ว\n\nเมื่อ พ. 25 พ.ย. 2026 สำนักงาน เขียนว่า:\n\n> ความเดิม", "ส่งเอกสารแล้ว"},
		"of a program with a header": {"ได้รับแล้ว\n\nFrom: Office\nSent: 25 November 2026\nTo: Somsri\n\nความเดิม", "ได้รับแล้ว"},
		"under a line":               {"ตกลง\n-----Original Message-----\nความเดิม", "ตกลง"},
		"between the quotes":         {"> ถาม\nตอบ\n> ถามอีก\nตอบอีก", "> ถาม\nตอบ\n> ถามอีก\nตอบอีก"},
		"nothing new":                {"> ความเดิม", "> ความเดิม"},
		"no quote":                   {"หนึ่ง\nสอง", "หนึ่ง\nสอง"},
		"who writes of a sender":     {"จาก: บ้านเลขที่ 5\nถึงโรงงาน", "จาก: บ้านเลขที่ 5\nถึงโรงงาน"},
	} {
		if got := inbox.Fresh(x.in); got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
}

func TestTheDocsHaveTheFiltersInTheirOrder(t *testing.T) {
	text, err := os.ReadFile("../../docs/exchange.md")
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, f := range inbox.Filters {
		next := strings.Index(string(text[at:]), "\n| "+f.Name+" |")
		if next < 0 {
			t.Fatalf("docs/exchange.md has no filter %s after those before it", f.Name)
		}
		at += next + 1
	}
}

// Each reason for which a mail can be where it is has its words in both languages.
func TestEachReasonHasItsWords(t *testing.T) {
	for _, why := range []string{"stranger", "agency", "agency-unproven", "agency-forged", "forged", "sender", "other-sender", "other-agency", "unkeyed", "old", "closed", "letter-answer", "unreadable", "flood", "returned", "bounce", "bounce-unknown", "bounce-again", "delayed", "automatic", "loop", "letter", "receipt", "reply", "answer"} {
		for _, lang := range i18n.Langs {
			if i18n.T(lang, "inbox.why-"+why) == "inbox.why-"+why {
				t.Errorf("%s has no words for %s", lang, why)
			}
		}
	}
}
