package exchange

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	netmail "net/mail"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"prasan/internal/inbox"
	"prasan/internal/webtest"
)

const diwOrg = "0800300001"

// two is the Office of the Permanent Secretary with its node, and the Department of
// Industrial Works with an installation of its own.
type two struct {
	t        *testing.T
	ops, diw *installation
	mail     *mailServers
	diwKey   string
}

type (
	sending struct {
		Channel, State, Receipt, Note, Error string
	}
	letter struct {
		ID, State, Number, Subject, Receipt, Channel string
		Dispatches                                   []sending
	}
	page[T any] struct{ Items []T }
	mailIn      struct{ ID, State, Why, From, Subject, Case, Referral, Letter, Note, Text string }
)

func TestTwoInstallationsExchangeLettersByEveryWay(t *testing.T) {
	mail := startMail(t)
	postgres := &template{t: t}
	for _, x := range []struct {
		name     string
		ops, diw *template
	}{{"sqlite", nil, nil}, {"postgres", postgres, postgres}, {"mixed", nil, postgres}} {
		t.Run(x.name, func(t *testing.T) {
			w := newTwo(t, mail, x.ops, x.diw)
			w.byNode()
			w.comesBack()
			w.otherDirection()
			w.byFile()
			w.byMail()
			w.returned()
			w.byHand()
			w.strangers()
			w.audited()
		})
	}
}

func newTwo(t *testing.T, mail *mailServers, ops, diw *template) *two {
	t.Helper()
	mail.empty(t)
	w := &two{t: t, mail: mail, ops: install(t, "ops", ops), diw: install(t, "diw", diw)}
	// The department works elsewhere: only its node calls here.
	for _, name := range []string{"registrar-diw", "head-diw", "officer-diw"} {
		w.ops.account("disable", name)
	}
	w.ops.account("add", "--name", "node-diw", "--display", "ระบบสารบรรณ", "--agency", "diw", "--role", "officer")
	for _, name := range []string{"officer-ops", "registrar-ops", "head-ops", "node-diw", "auditor"} {
		w.ops.token(name)
	}
	for _, name := range []string{"officer-diw", "registrar-diw", "head-diw"} {
		w.diw.token(name)
	}
	opsKey, opsEntry := dkimKey(t, "ops.industry.localhost")
	diwKey, diwEntry := dkimKey(t, "diw.industry.localhost")
	w.diwKey = diwKey
	post := func(box, domain, agency, key, others string) []string {
		return []string{"--mail-relay", mail.smtp, "--mail-tls", "none", "--mail-allow-private", "127.0.0.0/8", "--mail-domain", domain, "--mail-dkim-key-file", key,
			"--imap-url", "imaps://" + mail.imaps, "--imap-user", box, "--imap-password", password, "--imap-ca-file", mail.ca, "--imap-agency", agency, "--imap-dkim-key", others, "--ecms-poll", "1s"}
	}
	w.ops.serve(append(post(opsBox, "ops.industry.localhost", "ops", opsKey, diwEntry), "--ecms-serve")...)
	node := w.ops.front("ecms.industry.localhost") + "/ecms-ws01/service2?org=" + diwOrg
	w.diw.serve(append(post(diwBox, "diw.industry.localhost", "diw", diwKey, opsEntry), "--ecms-node", diwOrg+"="+node, "--ecms-token", diwOrg+"="+w.ops.token("node-diw"))...)
	return w
}

// people of a registry: who drafts, who keeps the register, who signs.
type registry struct{ drafter, registrar, head string }

var (
	atOps = registry{"officer-ops", "registrar-ops", "head-ops"}
	atDIW = registry{"officer-diw", "registrar-diw", "head-diw"}
)

// draft makes a letter that has its number.
func (w *two) draft(i *installation, by registry, to, subject string) string {
	w.t.Helper()
	var l letter
	i.call(by.drafter, "POST", "/letters", map[string]any{"kind": "external", "to": to, "subject": subject, "content": map[string]any{"paragraphs": []string{"จึงเรียนมาเพื่อโปรดพิจารณา"}}}, http.StatusCreated, &l)
	w.sign(i, by, l.ID)
	return l.ID
}

func (w *two) sign(i *installation, by registry, id string) {
	w.t.Helper()
	i.post(by.registrar, "/letters/"+id+"/check", nil, nil)
	i.post(by.head, "/letters/"+id+"/approve", nil, nil)
	i.post(by.registrar, "/letters/"+id+"/number", nil, nil)
}

func (w *two) dispatch(i *installation, by registry, id, channel string) {
	w.t.Helper()
	i.post(by.registrar, "/letters/"+id+"/dispatch", map[string]any{"channel": channel, "note": "เจ้าหน้าที่เดินสาร"}, nil)
}

// sentBy is the last sending of a letter.
func (w *two) sentBy(i *installation, by registry, id string) sending {
	w.t.Helper()
	var l letter
	i.get(by.registrar, "/letters/"+id, &l)
	if len(l.Dispatches) == 0 {
		return sending{}
	}
	return l.Dispatches[len(l.Dispatches)-1]
}

func (w *two) awaitSending(i *installation, by registry, id, state string) sending {
	w.t.Helper()
	i.until(id+" "+state+" by "+i.name, func() bool { return w.sentBy(i, by, id).State == state })
	return w.sentBy(i, by, id)
}

// arrived waits for a letter that came, newest with the subject in the state.
func (w *two) arrived(i *installation, by registry, subject, state string) letter {
	w.t.Helper()
	var found letter
	i.until("a letter "+subject+" "+state, func() bool {
		var p page[letter]
		i.get(by.registrar, "/letters?direction=in&limit=20", &p)
		for _, l := range p.Items {
			if l.Subject == subject && l.State == state {
				found = l
				return true
			}
		}
		return false
	})
	return found
}

// byNode: the hand-shake, and a receive number that is disputed.
func (w *two) byNode() {
	const subject = "ขอความอนุเคราะห์ข้อมูลโรงงาน"
	id := w.draft(w.ops, atOps, "diw", subject)
	w.dispatch(w.ops, atOps, id, "ecms")
	in := w.arrived(w.diw, atDIW, subject, "arrived")
	w.awaitSending(w.ops, atOps, id, "delivered")
	w.diw.post(atDIW.registrar, "/letters/"+in.ID+"/accept", nil, &in)
	if d := w.awaitSending(w.ops, atOps, id, "accepted"); in.Receipt == "" || d.Receipt != in.Receipt {
		w.t.Errorf("receive number %q came back as %q", in.Receipt, d.Receipt)
	}
	w.ops.post(atOps.registrar, "/letters/"+id+"/wrong-number", nil, nil)
	again := w.arrived(w.diw, atDIW, subject, "registered")
	if again.ID != in.ID {
		w.t.Errorf("another letter was disputed")
	}
	w.diw.post(atDIW.registrar, "/letters/"+in.ID+"/accept", nil, nil)
	w.awaitSending(w.ops, atOps, id, "accepted")
}

// comesBack: a letter that is rejected is sent again under its number, and comes back as
// wrong.
func (w *two) comesBack() {
	const subject = "ขอส่งเรื่องที่มิใช่ของกรม"
	id := w.draft(w.ops, atOps, "diw", subject)
	w.dispatch(w.ops, atOps, id, "ecms")
	in := w.arrived(w.diw, atDIW, subject, "arrived")
	w.diw.post(atDIW.registrar, "/letters/"+in.ID+"/reject", map[string]any{"reason": "มิใช่อำนาจหน้าที่"}, nil)
	w.awaitSending(w.ops, atOps, id, "rejected")
	w.dispatch(w.ops, atOps, id, "ecms")
	in = w.arrived(w.diw, atDIW, subject, "arrived")
	w.diw.post(atDIW.registrar, "/letters/"+in.ID+"/invalid", map[string]any{"reason": "เอกสารไม่ครบ"}, nil)
	w.awaitSending(w.ops, atOps, id, "invalid")
}

func (w *two) otherDirection() {
	const subject = "แจ้งผลการตรวจโรงงาน"
	id := w.draft(w.diw, atDIW, "ops", subject)
	w.dispatch(w.diw, atDIW, id, "ecms")
	in := w.arrived(w.ops, atOps, subject, "arrived")
	w.ops.post(atOps.registrar, "/letters/"+in.ID+"/accept", nil, &in)
	if d := w.awaitSending(w.diw, atDIW, id, "accepted"); d.Receipt != in.Receipt {
		w.t.Errorf("receive number %q came back as %q", in.Receipt, d.Receipt)
	}
}

// byFile: a package is carried, and one that was altered on the way is refused.
func (w *two) byFile() {
	const subject = "ขอส่งสำเนาเอกสารทางแฟ้ม"
	id := w.draft(w.ops, atOps, "diw", subject)
	w.dispatch(w.ops, atOps, id, "file")
	file := w.ops.call(atOps.registrar, "GET", "/letters/"+id+"/package", nil, http.StatusOK, nil)
	w.diw.call(atDIW.registrar, "POST", "/registers/in/import", altered(w.t, file), http.StatusUnprocessableEntity, nil)
	var in letter
	w.diw.call(atDIW.registrar, "POST", "/registers/in/import", file, http.StatusOK, &in)
	w.diw.post(atDIW.registrar, "/letters/"+in.ID+"/receive", nil, &in)
	if in.Subject != subject || in.Receipt == "" {
		w.t.Errorf("imported: %+v", in)
	}
	w.ops.post(atOps.registrar, "/letters/"+id+"/confirm", map[string]any{"number": in.Receipt}, nil)
	w.awaitSending(w.ops, atOps, id, "accepted")
}

// altered is a package whose letter says something else, under the old manifest.
func altered(t *testing.T, file []byte) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	must(t, err)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range in.File {
		r, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(r)
		must(t, err)
		if f.Name == "letter.json" {
			text = bytes.Replace(text, []byte("สำเนาเอกสาร"), []byte("เอกสารปลอม"), 1)
		}
		w, err := z.Create(f.Name)
		must(t, err)
		_, err = w.Write(text)
		must(t, err)
	}
	must(t, z.Close())
	return out.Bytes()
}

// mailTo waits for a mail in a mailbox that says something.
func (w *two) mailTo(box, part string) *netmail.Message {
	w.t.Helper()
	var found string
	w.ops.until("a mail to "+box+" with "+part, func() bool {
		for _, text := range w.mail.in(box) {
			m, err := inbox.Parse([]byte(text))
			if err == nil && (strings.Contains(m.Subject, part) || strings.Contains(m.Text, part)) {
				found = text
			}
		}
		return found != ""
	})
	m, err := netmail.ReadMessage(strings.NewReader(found))
	must(w.t, err)
	return m
}

func replyTo(t *testing.T, m *netmail.Message) string {
	t.Helper()
	p := netmail.AddressParser{}
	a, err := p.Parse(strings.TrimSpace(m.Header.Get("Reply-To")[strings.LastIndex(m.Header.Get("Reply-To"), "<"):]))
	must(t, err)
	return a.Address
}

// inPen waits for a mail in the pen of an installation.
func (w *two) inPen(i *installation, who, state, query string, ok func(m mailIn) bool) mailIn {
	w.t.Helper()
	var found mailIn
	i.until("a mail "+state+" "+query, func() bool {
		var p page[mailIn]
		i.get(who, "/mail?state="+state+query, &p)
		for _, m := range p.Items {
			if ok(m) {
				found = m
				return true
			}
		}
		return false
	})
	return found
}

// byMail: a citizen's case goes to the department by mail, is registered there, answered
// by mail, published, and replied to by mail.
func (w *two) byMail() {
	var made struct{ Reference string }
	w.ops.call(atOps.drafter, "POST", "/cases", map[string]any{"site": "ops.industry.localhost", "topic": "problem", "channel": "phone", "message": "โรงงานปล่อยกลิ่นเหม็นทุกคืน", "given_name": "มานี", "phone": "0812345678", "email": citizenBox}, http.StatusCreated, &made)
	w.confirmAddress(made.Reference)
	w.ops.post(atOps.drafter, "/cases/"+made.Reference+"/triage", map[string]any{"relevant": true, "reason": "อยู่ในอำนาจหน้าที่ของกระทรวง"}, nil)
	var referred struct {
		Referral struct{ ID, Letter string }
		Letter   letter
	}
	text := w.ops.call(atOps.drafter, "POST", "/cases/"+made.Reference+"/refer", map[string]any{"agency": "diw", "reason": "อยู่ในอำนาจหน้าที่ของกรมโรงงานอุตสาหกรรม", "fields": []string{"given_name", "message"}, "checks": map[string]bool{"agency": true, "content": true}}, http.StatusCreated, &referred)
	if referred.Referral.ID == "" {
		w.t.Fatalf("referred: %s", text)
	}
	id := referred.Referral.Letter
	w.sign(w.ops, atOps, id)
	w.dispatch(w.ops, atOps, id, "email")

	// The department's installation registers it; the receive number comes back by mail.
	in := w.arrived(w.diw, atDIW, "ขอส่งเรื่องของประชาชน เลขที่เรื่อง "+made.Reference, "arrived")
	if pdf := w.diw.call(atDIW.registrar, "GET", "/letters/"+in.ID+"/pdf", nil, http.StatusOK, nil); in.Channel != "email" || !bytes.HasPrefix(pdf, []byte("%PDF-")) {
		w.t.Errorf("arrived: %+v", in)
	}
	w.diw.post(atDIW.registrar, "/letters/"+in.ID+"/accept", nil, &in)
	if d := w.awaitSending(w.ops, atOps, id, "accepted"); d.Receipt != in.Receipt || in.Receipt == "" {
		w.t.Errorf("receive number %q came back as %q", in.Receipt, d.Receipt)
	}

	// Somebody answers in its name; then the department does, from its installation.
	var out letter
	w.ops.get(atOps.registrar, "/letters/"+id, &out)
	to := replyTo(w.t, w.mailTo(diwBox, out.Number))
	w.mail.send(w.t, diwBox, to, personal(diwBox, to, "Re: letter", "ให้ยุติเรื่อง"))
	w.inPen(w.ops, atOps.drafter, "held", "", func(m mailIn) bool { return m.Why == "agency-unproven" && m.Referral == referred.Referral.ID })
	w.diw.post(atDIW.drafter, "/letters/"+in.ID+"/answer", map[string]any{"to": "sender", "text": "สั่งให้โรงงานปรับปรุงภายใน 30 วันแล้ว"}, nil)
	w.inPen(w.ops, atOps.drafter, "referral", "", func(m mailIn) bool { return m.Referral == referred.Referral.ID && m.Why == "answer" })
	var r struct{ State, Answer string }
	w.ops.get(atOps.drafter, "/referrals/"+referred.Referral.ID+"?content=true", &r)
	if r.State != "answered" || !strings.Contains(r.Answer, "30 วัน") {
		w.t.Errorf("the referral: %+v", r)
	}
	w.awaitSending(w.ops, atOps, id, "answered")
	w.ops.post(atOps.drafter, "/referrals/"+referred.Referral.ID+"/publish", map[string]any{"text": "กรมโรงงานอุตสาหกรรมสั่งให้โรงงานปรับปรุงแล้ว"}, nil)

	told := w.mailTo(citizenBox, "สั่งให้โรงงานปรับปรุงแล้ว")
	back := replyTo(w.t, told)
	w.mail.send(w.t, citizenBox, back, personal(citizenBox, back, "Out of office", "ไม่อยู่", "Auto-Submitted: auto-replied"))
	w.mail.send(w.t, citizenBox, back, personal(citizenBox, back, "Re", "ขอบคุณ แต่ยังได้กลิ่นอยู่\r\n\r\nOn some day the office wrote:\r\n> แจ้งผล"))
	w.inPen(w.ops, atOps.drafter, "case", "", func(m mailIn) bool { return m.Case == made.Reference })
	w.inPen(w.ops, atOps.drafter, "ignored", "", func(m mailIn) bool { return m.Why == "automatic" })
	var events page[struct{ Kind, Text string }]
	w.ops.get(atOps.drafter, "/cases/"+made.Reference+"/events?limit=200", &events)
	written := 0
	for _, e := range events.Items {
		if e.Kind == "write" {
			written++
			if e.Text != "ขอบคุณ แต่ยังได้กลิ่นอยู่" {
				w.t.Errorf("written: %q", e.Text)
			}
		}
	}
	if written != 1 {
		w.t.Errorf("%d replies were written on the case", written)
	}
}

var verifyLink = regexp.MustCompile(`http://[^/\s]+(/th/verify/\S+)`)

// confirmAddress opens the link that the citizen got, and presses the button.
func (w *two) confirmAddress(reference string) {
	w.t.Helper()
	w.mailTo(citizenBox, reference)
	for _, text := range w.mail.in(citizenBox) {
		m, err := inbox.Parse([]byte(text))
		if err != nil || !strings.Contains(m.Text, reference) {
			continue
		}
		if link := verifyLink.FindStringSubmatch(m.Text); link != nil {
			p, err := webtest.New(w.ops.addr).Do("POST", "http://ops.industry.localhost"+link[1], "application/x-www-form-urlencoded", strings.NewReader(""))
			must(w.t, err)
			if p.Status != http.StatusOK {
				w.t.Fatalf("the link: %d", p.Status)
			}
			return
		}
	}
	w.t.Fatal("no link came")
}

// signed is a mail as the department's server lets it out.
func (w *two) signed(text string) string {
	w.t.Helper()
	raw, err := os.ReadFile(w.diwKey)
	must(w.t, err)
	block, _ := pem.Decode(raw)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	must(w.t, err)
	var out bytes.Buffer
	must(w.t, dkim.Sign(&out, strings.NewReader(text), &dkim.SignOptions{Domain: "diw.industry.localhost", Selector: "prasan", Signer: key.(crypto.Signer), HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed}))
	return out.String()
}

// byHand: a department without an installation registers a letter and answers with an
// ordinary mail program; the mail is signed by its server.
func (w *two) byHand() {
	id := w.draft(w.ops, atOps, "diw", "ขอทราบผลการตรวจ")
	w.dispatch(w.ops, atOps, id, "email")
	var out letter
	w.ops.get(atOps.registrar, "/letters/"+id, &out)
	to := replyTo(w.t, w.mailTo(diwBox, out.Number))
	w.mail.send(w.t, diwBox, to, w.signed(personal("กรมโรงงานอุตสาหกรรม <"+diwBox+">", to, "Re: letter", "ลงทะเบียนแล้ว เลขรับที่ ๔๕๖๗")))
	if d := w.awaitSending(w.ops, atOps, id, "accepted"); d.Receipt != "4567" {
		w.t.Errorf("receive number %q", d.Receipt)
	}
	w.mail.send(w.t, diwBox, to, w.signed(personal("กรมโรงงานอุตสาหกรรม <"+diwBox+">", to, "Re: letter", "ผลการตรวจเป็นไปตามกฎหมาย รายละเอียดจะจัดส่งตามมา")))
	m := w.inPen(w.ops, atOps.registrar, "held", "", func(m mailIn) bool { return m.Why == "letter-answer" })
	w.ops.post(atOps.registrar, "/mail/"+m.ID+"/register", map[string]any{"from": "diw", "number": "อก 0301/77"}, &m)
	var in letter
	w.ops.post(atOps.registrar, "/letters/"+m.Letter+"/receive", nil, &in)
	if in.Receipt == "" || in.Channel != "email" || in.Number != "อก 0301/77" {
		w.t.Errorf("registered: %+v", in)
	}
}

// returned: a letter to an agency whose mailbox is not there comes back, and can go again.
func (w *two) returned() {
	id := w.draft(w.ops, atOps, "tisi", "ขอทราบมาตรฐานผลิตภัณฑ์")
	w.dispatch(w.ops, atOps, id, "email")
	// Other mail of the installation comes back too, for its people have no mailboxes here.
	m := w.inPen(w.ops, atOps.registrar, "held", "", func(m mailIn) bool { return m.Why == "bounce" && strings.Contains(m.Note, "5.1.1") })
	w.awaitSending(w.ops, atOps, id, "failed")
	w.dispatch(w.ops, atOps, id, "file")
	w.ops.post(atOps.registrar, "/mail/"+m.ID+"/discard", map[string]any{"reason": "ส่งทางแฟ้มแทนแล้ว"}, nil)
}

func (w *two) strangers() {
	w.mail.send(w.t, "somebody@example.com", opsBox, personal("somebody@example.com", opsBox, "hello", "โฆษณา"))
	m := w.inPen(w.ops, atOps.registrar, "held", "", func(m mailIn) bool { return m.Why == "stranger" })
	w.ops.call(atOps.registrar, "POST", "/mail/"+m.ID+"/discard", map[string]any{}, http.StatusUnprocessableEntity, nil)
	w.ops.post(atOps.registrar, "/mail/"+m.ID+"/discard", map[string]any{"reason": "โฆษณา"}, &m)
	if m.State != "discarded" {
		w.t.Errorf("discarded: %+v", m)
	}
}

// audited: nothing that happened left the chains broken.
func (w *two) audited() {
	for _, i := range []*installation{w.ops, w.diw} {
		i.run(append([]string{"audit", "verify"}, i.store...)...)
	}
}
