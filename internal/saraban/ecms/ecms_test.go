package ecms

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"prasan/internal/thai"
)

// queue is an exchange of one letter, in memory: the other side of the wire.
type queue struct {
	letters []*Letter
	notices []Notice
}

var moment0 = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)

func (q *queue) Send(_ context.Context, _ string, l *Letter) (Receipt, error) {
	q.letters = append(q.letters, &Letter{})
	*q.letters[len(q.letters)-1] = *l
	return Receipt{"p1", moment0}, nil
}
func (q *queue) Notify(_ context.Context, _ string, n Notice) (Receipt, error) {
	q.notices = append(q.notices, n)
	return Receipt{"p2", moment0}, nil
}
func (q *queue) Head(context.Context, string) (*Item, error) {
	if len(q.letters) == 0 {
		return nil, nil
	}
	return &Item{Receipt: Receipt{"p1", moment0}, Letter: q.letters[0]}, nil
}
func (q *queue) Remove(_ context.Context, _, id string) (Receipt, error) {
	if len(q.letters) == 0 {
		return Receipt{}, &Fault{"306", "none"}
	}
	q.letters = q.letters[1:]
	return Receipt{id, moment0}, nil
}
func (q *queue) Delete(context.Context, string, Ref) (Receipt, error) {
	return Receipt{"p3", moment0}, nil
}
func (q *queue) Again(ctx context.Context, org, _ string, _ Ref) (*Item, error) {
	return q.Head(ctx, org)
}
func (q *queue) Organizations(context.Context) ([]Organization, error) {
	return []Organization{{ID: "0800100001", Thai: "กระทรวงอุตสาหกรรม", English: "MOI", Ministry: true}, {ID: "0800300001", Thai: "กรมโรงงานอุตสาหกรรม", English: "DIW"}}, nil
}
func (q *queue) Statuses(_ context.Context, _, letter string) ([]Status, error) {
	if letter == "none" {
		return nil, nil
	}
	return []Status{{"p1", "อก 0905/0007", "ส่งหนังสือรอตอบรับ"}}, nil
}

func serve(t *testing.T) (*queue, *Client, string) {
	t.Helper()
	q := &queue{}
	s := httptest.NewServer(&Server{Exchange: q, Now: func() time.Time { return moment0 }, Caller: func(r *http.Request) (string, bool) {
		return r.URL.Query().Get("org"), r.URL.Query().Get("org") != ""
	}})
	t.Cleanup(s.Close)
	url := s.URL + Path + "?org=0800200001"
	return q, &Client{URL: url, HTTP: s.Client(), Now: func() time.Time { return moment0 }}, url
}

func letter() *Letter {
	return &Letter{ID: "อก 0905/0007", Date: "2012-09-07", Subject: "เรื่อง <ทดสอบ> & “อื่น”", Secret: "001", Speed: "003", Sender: Party{"นายสมมติ", "ตัวอย่าง", "ปลัดกระทรวง", "08", "0800200001"}, Receiver: Party{JobTitle: "อธิบดี", Ministry: "08", Department: "0800300001"},
		References: []Reference{{"อก 0300/1", "2012-09-01", "เดิม"}}, Attachment: "สำเนา", SendDate: moment0, Description: "-", Main: File{Mime: "application/pdf", Data: []byte("%PDF-1.4")}, Attachments: []File{{Mime: "image/jpeg", Data: bytes.Repeat([]byte{0xff}, 5000)}}}
}

func TestALetterAndItsNoticesCrossTheWireUnchanged(t *testing.T) {
	q, c, _ := serve(t)
	ctx := context.Background()
	want := letter()
	if r, err := c.Send(ctx, "", want); err != nil || r.ProcessID != "p1" || !r.ProcessTime.Equal(moment0) {
		t.Fatalf("%+v %v", r, err)
	}
	item, err := c.Head(ctx, "")
	if err != nil || item == nil {
		t.Fatal(err)
	}
	got := item.Letter
	if got.ID != want.ID || got.Date != want.Date || got.Subject != want.Subject || got.Sender != want.Sender || got.Receiver != want.Receiver || got.Speed != want.Speed || !got.SendDate.Equal(want.SendDate) || len(got.References) != 1 || got.References[0] != want.References[0] ||
		string(got.Main.Data) != "%PDF-1.4" || got.Main.Mime != "application/pdf" || len(got.Attachments) != 1 || !bytes.Equal(got.Attachments[0].Data, want.Attachments[0].Data) {
		t.Errorf("got %+v", got)
	}
	for _, kind := range Kinds {
		if _, err := c.Notify(ctx, "", Notice{Kind: kind, LetterID: want.ID, Date: want.Date, Subject: want.Subject, AcceptID: "12/2555"}); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for i, n := range q.notices {
		if n.Kind != Kinds[i] || n.LetterID != want.ID || n.Subject != want.Subject || (n.AcceptID != "") != (n.Kind == Accept || n.Kind == InvalidAccept) {
			t.Errorf("notice %+v", n)
		}
	}
	if all, err := c.Organizations(ctx); err != nil || len(all) != 2 || all[1].ID != "0800300001" {
		t.Errorf("organisations %+v %v", all, err)
	}
	if all, err := c.Statuses(ctx, "", ""); err != nil || len(all) != 1 || all[0].State != "ส่งหนังสือรอตอบรับ" {
		t.Errorf("statuses %+v %v", all, err)
	}
	if _, err := c.Remove(ctx, "", "p1"); err != nil {
		t.Error(err)
	}
	if item, err := c.Head(ctx, ""); err != nil || item != nil {
		t.Errorf("an empty queue: %+v %v", item, err)
	}
	if _, err := c.Remove(ctx, "", "p1"); err == nil || !strings.Contains(err.Error(), "306") {
		t.Errorf("what is not there: %v", err)
	}
}

func envelope(body string) string {
	return `<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body>` + body + `</SOAP-ENV:Body></SOAP-ENV:Envelope>`
}

func send(t *testing.T, url, body string) (int, string) {
	t.Helper()
	res, err := http.Post(url, "text/xml", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(out)
}

const minimal = `<rsm:GovernmentDocument xmlns:rsm="r" xmlns:ram="q"><ram:CorrespondenceLetter><ram:ID>1</ram:ID><ram:CorrespondenceDate>DATE</ram:CorrespondenceDate><ram:Subject>ก</ram:Subject><ram:SecretCode>CODE</ram:SecretCode><ram:ReceiverParty><ram:DepartmentOrganization><ram:ID>2</ram:ID></ram:DepartmentOrganization></ram:ReceiverParty><ram:MainLetterBinaryObject mimeCode="application/pdf">DATA</ram:MainLetterBinaryObject></ram:CorrespondenceLetter></rsm:GovernmentDocument>`

func outbound(date, code, data string) string {
	return envelope("<CorrespondenceLetterOutboundRequest>" + strings.NewReplacer("DATE", date, "CODE", code, "DATA", data).Replace(minimal) + "</CorrespondenceLetterOutboundRequest>")
}

func TestWhatIsWrongIsRefusedInTheProtocolsTerms(t *testing.T) {
	q, _, url := serve(t)
	for name, row := range map[string]struct{ body, code string }{
		"a document type":            {`<!DOCTYPE x [<!ENTITY a "b">]>` + envelope("<TimeCheckRequest/>"), "200"},
		"an entity":                  {envelope("<TimeCheckRequest>&lol;</TimeCheckRequest>"), "200"},
		"10,000 levels":              {envelope(strings.Repeat("<a>", 10000)), "200"},
		"half a document":            {envelope("<TimeCheckRequest/>")[:100], "200"},
		"HTML":                       {"<html><body><p>500</p></body></html>", "200"},
		"another SOAP":               {strings.Replace(envelope("<TimeCheckRequest/>"), "schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope", 1), "200"},
		"two bodies":                 {strings.Replace(envelope("<TimeCheckRequest/>"), "</SOAP-ENV:Envelope>", "<SOAP-ENV:Body><x/></SOAP-ENV:Body></SOAP-ENV:Envelope>", 1), "200"},
		"an unknown operation":       {envelope("<Explode/>"), "205"},
		"a letter without its parts": {envelope("<CorrespondenceLetterOutboundRequest><GovernmentDocument/></CorrespondenceLetterOutboundRequest>"), "202"},
		"a date that is none":        {outbound("2012-13-45", "001", "JVBERg=="), "201"},
		"a class that is none":       {outbound("2012-09-07", "009", "JVBERg=="), "203"},
		"base64 that is not":         {outbound("2012-09-07", "001", "%%%"), "204"},
		"a notice without a number":  {envelope("<CorrespondenceLetterOutboundRequest><AcceptLetterNotifier><LetterID>1</LetterID><CorrespondenceDate>2012-09-07</CorrespondenceDate></AcceptLetterNotifier></CorrespondenceLetterOutboundRequest>"), "202"},
		"nothing at all":             {"", "200"},
	} {
		status, out := send(t, url, row.body)
		if !strings.Contains(out, "<ErrorDetail><ErrorCode>"+row.code+"</ErrorCode>") || status >= 500 {
			t.Errorf("%s: %d %s", name, status, out)
		}
	}
	if len(q.letters)+len(q.notices) > 0 {
		t.Errorf("something of it was taken: %+v %+v", q.letters, q.notices)
	}
	if status, out := send(t, strings.Split(url, "?")[0], envelope("<TimeCheckRequest/>")); status != 401 || !strings.Contains(out, "ErrorDetail") {
		t.Errorf("a stranger: %d %s", status, out)
	}
}

func TestWhatDiffersOnlyInItsHabitsIsTaken(t *testing.T) {
	q, _, url := serve(t)
	if _, out := send(t, url, outbound("2569-11-24", "", "JVBE\n Rg==")); !strings.Contains(out, "<ProcessID>") {
		t.Fatal(out)
	}
	if l := q.letters[0]; l.Date != "2026-11-24" || l.Secret != "001" || string(l.Main.Data) != "%PDF" {
		t.Errorf("%+v", l)
	}
	if _, out := send(t, url, envelope("<CorrespondenceLetterOutboundRequest><InvalidAcceptIdNotifier><LetterID>1</LetterID><AcceptID>2</AcceptID><CorrespondenceDate>๒๕๖๙-๑๑-๒๔</CorrespondenceDate></InvalidAcceptIdNotifier></CorrespondenceLetterOutboundRequest>")); !strings.Contains(out, "<ProcessID>") {
		t.Fatal(out)
	}
	if q.notices[0].Kind != InvalidAccept {
		t.Errorf("%+v", q.notices)
	}
	for _, op := range []string{"GetMinistryOrganizationList", "GetOrganizationList", "GetSecretCodes", "GetSpeedCodes", "GetMimeCodes", "OutboundStatusRequest", "TimeCheckRequest"} {
		if status, out := send(t, url, envelope("<"+op+"/>")); status != 200 || strings.Contains(out, "ErrorDetail") {
			t.Errorf("%s: %s", op, out)
		}
	}
}

// Days and times of the Buddhist era are read as such, its leap days too.
func TestTimesOfTheBuddhistEraAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"2024-02-29T10:00:00": "2024-02-29T10:00:00+07:00", "2567-02-29T10:00:00": "2024-02-29T10:00:00+07:00", "๒๕๖๗-๐๒-๒๙T๑๐:๐๐:๐๐": "2024-02-29T10:00:00+07:00", " 2567-02-29T10:00:00.5Z ": "2024-02-29T10:00:00+07:00",
		"2569-11-24T23:59:59+07:00": "2026-11-24T23:59:59+07:00", "2569-11-24T03:00:00+00:00": "2026-11-24T10:00:00+07:00", "2568-02-29T10:00:00": "", "2567-13-01T10:00:00": "", "x": "", "": "",
	} {
		got := ""
		if x := at(text); !x.IsZero() {
			got = x.In(thai.Bangkok).Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q is %q, not %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"2567-02-29": "2024-02-29", "2567-02-29T00:00:00": "2024-02-29", "๒๕๖๗-๐๒-๒๙": "2024-02-29", "2568-02-29": "", "2024-2-29": ""} {
		if got, _ := date(text); got != want {
			t.Errorf("%q is %q, not %q", text, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(outbound("2012-09-07", "001", "JVBERg=="))
	f.Fuzz(func(t *testing.T, text string) {
		root, err := parseBytes([]byte(text))
		if err != nil {
			return
		}
		if e, err := bodyOf(root); err == nil && len(e.children) == 1 {
			_, _ = readLetter(e.children[0])
			_, _ = readNotice(e.children[0])
			_, _ = readItem(e)
		}
	})
}

// A list is the one element of the body, under its own name.
func TestListsHaveTheShapeOfTheExchange(t *testing.T) {
	_, _, url := serve(t)
	for operation, want := range map[string]string{
		"GetMinistryOrganizationList": "<MinistryOrganizationList><Th-Name>กระทรวงอุตสาหกรรม</Th-Name><MinistryID>08</MinistryID></MinistryOrganizationList>",
		"GetOrganizationList":         "<OrganizationList><OrganizationInfo><En-Name>MOI</En-Name><Th-Name>กระทรวงอุตสาหกรรม</Th-Name><ECMS-URL></ECMS-URL><OrganizationID>0800100001</OrganizationID></OrganizationInfo>",
		"GetSecretCodes":              "<SecretCodes><Code><Value>001</Value><Description>ปกติ</Description></Code>",
		"GetSpeedCodes":               "<SpeedCodes><Code><Value>001</Value><Description>ปกติ</Description></Code>",
		"GetMimeCodes":                "<MimeCodes><Code><File-Extension>pdf</File-Extension><Content-type>application/pdf</Content-type></Code>",
		"TimeCheckRequest":            "<TimeCheckResponse><ECMSTime>",
		"OutboundStatusRequest":       "<OutboundStatusResponse><Outbound><ProcessID>p1</ProcessID>",
	} {
		body := `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><` + operation + `/></e:Body></e:Envelope>`
		res, err := http.Post(url, "text/xml", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !strings.Contains(string(text), `Body ID="Body">`+want) {
			t.Errorf("%s: %v %s", operation, err, text)
		}
	}
}
