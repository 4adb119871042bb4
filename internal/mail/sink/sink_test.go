package sink_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/mail/sink"
)

func open(t *testing.T, dir string) *sink.Sink {
	t.Helper()
	s, err := sink.Open(sink.Config{Dir: dir, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func send(t *testing.T, s *sink.Sink, to, letter string) {
	t.Helper()
	if err := smtp.SendMail(s.Addr(), nil, "from@example.com", []string{to}, []byte(strings.ReplaceAll(letter, "\n", "\r\n"))); err != nil {
		t.Fatal(err)
	}
}

const letter = `From: =?utf-8?b?4Lij4Liw4Lii4Lit4LiH?= <a@example.com>
To: b@example.com
Subject: =?utf-8?b?4LmA4Lij4Li34LmI4Lit4LiH?=
 =?utf-8?b?4LiX4LiU4Liq4Lit4Lia?=
X-Mixed-Case: one
Content-Type: multipart/alternative; boundary=b

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

=E0=B8=AA=E0=B8=A7=E0=B8=B1=E0=B8=AA=E0=B8=94=E0=B8=B5
--b
Content-Type: text/html; charset=utf-8

<html><head></head><body><script>alert(1)</script><p>hello</p></body></html>
--b--
`

func TestWhatIsSentIsShown(t *testing.T) {
	s := open(t, t.TempDir())
	send(t, s, "b@example.com", letter)
	send(t, s, "c@example.com", "Subject: <b>second</b>\n\nplain\n")
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w
	}
	var list []map[string]any
	if err := json.Unmarshal(get("/messages.json").Body.Bytes(), &list); err != nil || len(list) != 2 {
		t.Fatalf("%v %v", list, err)
	}
	first := list[1]
	if first["subject"] != "เรื่องทดสอบ" || first["to"] != "b@example.com" || first["from"] != "ระยอง <a@example.com>" || first["dkim"] != "none" || strings.TrimSpace(first["text"].(string)) != "สวัสดี" || first["headers"].(map[string]any)["X-Mixed-Case"] != "one" {
		t.Errorf("%v", first)
	}
	if err := json.Unmarshal(get("/messages.json?to=B@example&limit=5").Body.Bytes(), &list); err != nil || len(list) != 1 {
		t.Errorf("filter: %v", list)
	}
	page := get("/")
	if page.Code != 200 || !strings.Contains(page.Body.String(), "เรื่องทดสอบ") || strings.Contains(page.Body.String(), "<b>second") {
		t.Errorf("%d %s", page.Code, page.Body)
	}
	id := first["id"].(string)
	if p := get("/message/" + id); p.Code != 200 || !strings.Contains(p.Body.String(), "สวัสดี") || strings.Contains(p.Body.String(), "<script>") {
		t.Errorf("%d %s", p.Code, p.Body)
	}
	if csp := get("/message/" + id + "/html").Header().Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || strings.Contains(csp, "script") {
		t.Error(csp)
	}
	if raw := get("/message/" + id + "/raw"); !strings.HasPrefix(raw.Header().Get("Content-Type"), "text/plain") || !strings.Contains(raw.Body.String(), "X-Mixed-Case: one\r\n") {
		t.Errorf("%s", raw.Body)
	}
	for _, path := range []string{"/message/x", "/message/..%2f..%2fetc%2fpasswd", "/message/" + id + "x/raw", "/other"} {
		if w := get(path); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if css := get("/sink.css"); css.Code != 200 || !strings.HasPrefix(css.Header().Get("Content-Type"), "text/css") {
		t.Error(css.Code)
	}
}

func TestMailsOutliveTheProgramAndTheOldestGoFirst(t *testing.T) {
	dir := t.TempDir()
	for i := range sink.Keep {
		name := filepath.Join(dir, fmt.Sprintf("00000000-0000-7000-8000-%012d.json", i))
		if err := os.WriteFile(name, []byte(`{"at":"2026-01-01T00:00:00Z","from":"a","to":["b"],"raw":""}`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, dir)
	send(t, s, "b@example.com", "Subject: newest\n\nx\n")
	s.Close()
	again := open(t, dir)
	got := again.Messages(5000, nil)
	if len(got) != sink.Keep || got[0].Subject != "newest" || !strings.HasSuffix(got[len(got)-1].ID, "001") {
		t.Errorf("%d mails, the first %q, the last %s", len(got), got[0].Subject, got[len(got)-1].ID)
	}
}

func TestAMailThatIsTooLargeOrBrokenIsNoTrouble(t *testing.T) {
	s := open(t, t.TempDir())
	if err := smtp.SendMail(s.Addr(), nil, "a@example.com", []string{"b@example.com"}, make([]byte, 5<<20)); err == nil {
		t.Error("took 5 MB")
	}
	send(t, s, "b@example.com", "no header at all")
	send(t, s, "b@example.com", "Subject: x\nContent-Type: multipart/mixed; boundary=none\n\nnothing\n")
	if got := s.Messages(9, nil); len(got) != 2 {
		t.Errorf("%d mails", len(got))
	}
}
