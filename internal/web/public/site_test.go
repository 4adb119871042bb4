package public_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/audit"
	"prasan/internal/blob"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/identity"
	"prasan/internal/jobs"
	"prasan/internal/letters"
	"prasan/internal/limits"
	"prasan/internal/mail"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/referral"
	"prasan/internal/rights"
	"prasan/internal/sites"
	"prasan/internal/vault"
	"prasan/internal/web/kit"
	"prasan/internal/web/public"
	"prasan/internal/webtest"
)

const host = "rayong.industry.test"

// site is the public face with everything real behind it.
type site struct {
	t      *testing.T
	e      *dbtest.Engine
	record *policy.Snapshot
	cases  *cases.Service
	rights *rights.Service
	url    string

	identity *identity.Service
	provider public.Provider
	queue    *jobs.Queue
	guard    *processing.Service

	visitor *webtest.Client
	addr    string
}

func (s *site) providerName() string {
	if s.provider == nil {
		return ""
	}
	return "Provider"
}

func both(s string) policy.Text { return policy.Text{TH: s, EN: s} }

// contactUs is a record of four personal data, as the scenario has it.
func contactUs() *policy.Snapshot {
	elements := []policy.Element{
		{Code: "given_name", Kind: "form", Label: both("ชื่อ"), Why: policy.Text{TH: "เพื่อเรียกชื่อท่านในการติดต่อกลับ", EN: "To address you when we reply"}},
		{Code: "family_name", Kind: "form", Label: both("นามสกุล"), Why: policy.Text{TH: "เพื่อยืนยันว่าเป็นเรื่องของท่าน", EN: "To confirm that the case is yours"}},
		{Code: "mobile_phone", Kind: "form", Label: both("โทรศัพท์"), Why: policy.Text{TH: "เพื่อสอบถามข้อมูลเพิ่มเติมหรือแจ้งผล", EN: "To ask for more or to tell you the result"}},
		{Code: "email", Kind: "form", Label: both("อีเมล"), Why: policy.Text{TH: "เพื่อยืนยันตัวตนและแจ้งผล", EN: "To confirm who you are and to tell you the result"}},
	}
	all := []string{"given_name", "family_name", "mobile_phone", "email", "message", "attachment"}
	return &policy.Snapshot{Activity: cases.Activity, Name: policy.Text{TH: "ติดต่อเรา", EN: "Contact us"}, Revision: 2, RevisionID: "r2", Elements: elements,
		Purposes: []policy.Purpose{{Code: "receive_and_forward", Text: policy.Text{TH: "เพื่อรับทราบปัญหาและส่งต่อไปยังหน่วยงานที่เกี่ยวข้อง", EN: "To take up problems and pass them on"}, Elements: all}, {Code: "communicate", Text: policy.Text{TH: "เพื่อการติดต่อสื่อสาร", EN: "To communicate"}, Elements: all}},
		Basis:    []policy.Basis{{Code: "public-task", Citation: "24(4)", Text: policy.Text{TH: "เพื่อปฏิบัติหน้าที่ในการดำเนินภารกิจเพื่อประโยชน์สาธารณะ", EN: "Public task"}}},
		Access:   []policy.Principal{{Kind: policy.HeadOrDelegate}}, Retention: policy.Retention{Years: 10, Anchor: "case.closed_at", OrOnOrder: true}, Controller: policy.Controller{Organisation: policy.Text{TH: "กระทรวงอุตสาหกรรม", EN: "Ministry of Industry"}}}
}

func newSite(t *testing.T, e *dbtest.Engine) *site { return newSiteWith(t, e, nil) }

// newSiteWith offers a provider of identity, too.
func newSiteWith(t *testing.T, e *dbtest.Engine, provider public.Provider) *site {
	t.Helper()
	ctx := context.Background()
	s := &site{t: t, e: e, record: contactUs(), provider: provider}
	ring, err := db.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "keyring.db"), db.Options{Clock: e.Clock})
	must(t, err)
	t.Cleanup(func() { ring.Close() })
	master, err := vault.NewMaster(make([]byte, 32))
	must(t, err)
	v, minter, err := vault.Open(ctx, ring, master)
	must(t, err)
	log := audit.New("test")
	record := func(activity string) *policy.Snapshot {
		if activity != cases.Activity {
			return nil
		}
		return s.record
	}
	link := func(host string) string { return "http://" + host + s.port() }
	guard := processing.New(e.DB, v, minter, log, record)
	queue := jobs.New(e.DB, e.Clock.Now)
	limiter := limits.New(v.Derive("limits"), false)
	post := mail.New(mail.Deps{DB: e.DB, Vault: v, Audit: log, Jobs: queue, Limits: limiter, Now: e.Clock.Now, Processing: guard, Config: mail.Config{Domain: "industry.test", SiteURL: link, Sender: func(string, string) mail.Sender { return mail.Sender{} }}})
	folder, err := blob.NewFolder(t.TempDir())
	must(t, err)
	files := blob.New(folder, e.Clock.Now)
	rayong := sites.Site{Host: host, Kind: "province", Agency: "rayong", Accent: "green", Name: policy.Text{TH: "สำนักงานอุตสาหกรรมจังหวัดระยอง", EN: "Rayong Provincial Industry Office"}, Short: policy.Text{TH: "สอจ.ระยอง", EN: "Rayong"}, ParentName: policy.Text{TH: "กระทรวงอุตสาหกรรม", EN: "Ministry of Industry"},
		Address: policy.Text{TH: "ศูนย์ราชการจังหวัดระยอง อำเภอเมืองระยอง จังหวัดระยอง", EN: "Rayong Government Centre, Mueang Rayong, Rayong"}, Hours: policy.Text{TH: "วันจันทร์ถึงวันศุกร์ 08.30-16.30 น.", EN: "Monday to Friday, 08:30-16:30"}, Email: "saraban@rayong.industry.test"}
	find := func(h string) (sites.Site, bool) { return rayong, h == host }
	s.cases = cases.New(cases.Deps{DB: e.DB, Vault: v, Processing: guard, Audit: log, Jobs: queue, Mail: post, Limits: limiter, Record: record, Files: files, Now: e.Clock.Now,
		Notice: func(string) (string, error) { return "n1", nil },
		Site:   func(h string) (string, bool) { x, ok := find(h); return x.Agency, ok },
		Agency: func(string) (policy.Text, string, bool) { return rayong.Name, "ops", true },
		Config: cases.Config{ReplyWithin: 15 * 24 * time.Hour, ReopenWithin: 30 * 24 * time.Hour, MinFormAge: 0, LinkLifetime: 72 * time.Hour, PerHour: 100, SiteURL: link}})
	agencies, err := org.NewDirectory(ctx, e.DB)
	must(t, err)
	papers := letters.New(letters.Deps{DB: e.DB, Vault: v, Processing: guard, Audit: log, Jobs: queue, Agencies: agencies, Record: record, Now: e.Clock.Now})
	s.rights = rights.New(rights.Deps{DB: e.DB, Vault: v, Processing: guard, Audit: log, Record: record, Data: cases.OfPerson{Service: s.cases}, NewReference: cases.NewReference, NewCode: cases.NewCode, CleanCode: cases.CleanCode, Now: e.Clock.Now, TargetDays: 30,
		Limits: limiter, Letters: papers, Agencies: agencies, Central: "ops", Recipients: referral.Recipients, Held: func(*db.Tx, string) (bool, error) { return false, nil }})
	s.identity = identity.New(identity.Deps{DB: e.DB, Vault: v, Audit: log, Jobs: queue, Limits: limiter, Mail: post, Processing: guard, Now: e.Clock.Now, Digest: s.cases.Digest,
		Owner: func(ctx context.Context, digest []byte) (o identity.Owner, is bool, err error) {
			err = cases.OfPerson{Service: s.cases}.ByDigest(ctx, digest, func(_, _, agency, subject string) { o, is = identity.Owner{Subject: subject, Agency: agency}, true })
			return o, is, err
		}})
	s.identity.Register()
	s.queue, s.guard = queue, guard
	sealer, err := kit.NewSealer(v.Derive("form"), e.Clock.Now)
	must(t, err)
	face, err := public.New(public.Services{Site: find, Sites: func() []sites.Site { return []sites.Site{rayong} }, Policy: record, Cases: s.cases, Rights: s.rights, Identity: s.identity, Provider: s.provider, ProviderName: s.providerName(), Digest: s.cases.Digest, Seal: sealer, Now: e.Clock.Now, MaxFile: blob.MaxFile, URL: link,
		Notice: func(_ context.Context, _ sites.Site, _, lang string) (public.NoticeView, error) {
			return public.NoticeView{ID: "n1", Version: "2", PublishedAt: dbtest.Start, Title: map[string]string{"th": "คำประกาศเกี่ยวกับความเป็นส่วนตัว", "en": "Privacy notice"}[lang], Sections: []public.NoticeSection{{Heading: "1", Paragraphs: []string{"-"}, Items: []string{"-"}}}}, nil
		},
		Notices: shown,
		Stage: func(ctx context.Context, name string, r io.Reader) (cases.Staged, error) {
			f, err := files.Stage(ctx, name, r)
			return cases.Staged(f), err
		},
		File:   func(caseID, id string) string { return "http://files.industry.test/a/" + id },
		DPO:    func(string) (string, string, string) { return "", "dpo@industry.test", "" },
		Client: func(r *http.Request) (string, bool) { return r.RemoteAddr, false }})
	must(t, err)
	server := httptest.NewServer(face.Handler())
	t.Cleanup(server.Close)
	s.addr = server.Listener.Addr().String()
	s.url = "http://" + host + s.port()
	s.visitor = webtest.New(s.addr)
	return s
}

func (s *site) port() string {
	_, port, _ := net.SplitHostPort(s.addr)
	return ":" + port
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *site) get(path string, status int) *webtest.Page {
	s.t.Helper()
	p, err := s.visitor.Get(s.url + path)
	return s.page(p, err, status)
}

func (s *site) page(p *webtest.Page, err error, status int) *webtest.Page {
	s.t.Helper()
	must(s.t, err)
	if p.Status != status {
		s.t.Fatalf("%s: status %d, not %d\n%s", p.URL, p.Status, status, excerpt(p))
	}
	return p
}

func excerpt(p *webtest.Page) string {
	_, main, _ := strings.Cut(p.Body, "<main")
	main, _, _ = strings.Cut(main, "</main>")
	return main
}

// send fills in fields of the step's form and submits it.
func (s *site) send(p *webtest.Page, status int, fields map[string]string, files ...webtest.File) *webtest.Page {
	s.t.Helper()
	f := p.Form("state")
	if f == nil {
		s.t.Fatalf("no form: %s", excerpt(p))
	}
	for name, value := range fields {
		f.Set(name, value)
	}
	next, err := f.Submit(files...)
	return s.page(next, err, status)
}

// toCheck walks to the check page.
func (s *site) toCheck(lang string) *webtest.Page {
	s.t.Helper()
	p := s.send(s.get("/"+lang+"/contact", 200), 200, map[string]string{"topic": "problem"})
	p = s.send(p, 200, map[string]string{"message": "มีกลิ่นเหม็นจากโรงงาน\nทุกคืนตั้งแต่เที่ยงคืน"}, webtest.File{Field: "attachment", Name: "บันทึก.txt", Content: bytes.Repeat([]byte("กลิ่น\n"), 100)})
	return s.send(p, 200, map[string]string{"given_name": "มานี", "phone": "๐๘-๑๒๓๔-๕๖๗๘", "email": "manee@example.com"})
}
