package ecms

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"prasan/internal/thai"
)

const (
	soapNS       = "http://schemas.xmlsoap.org/soap/envelope/"
	addressingNS = "http://www.w3.org/2005/08/addressing"
	rsmNS        = "urn:th:gov:egif:data:standard:GovernmentDocument:1.0"
	ramNS        = "urn:th:gov:egif:data:standard:ReusableAggregateBusinessInformationEntity:1"
	moment       = "2006-01-02T15:04:05"
)

// printer writes XML and remembers the first error.
type printer struct {
	w    io.Writer
	err  error
	into *Document // large files are not written but referred to there; nil where all are written
}

func (p *printer) raw(s string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, s)
	}
}

func (p *printer) document(d *Document) {
	if c, ok := p.w.(*counter); ok {
		*c += counter(d.length())
	} else if p.err == nil {
		p.err = d.write(p.w, 0)
	}
}

// Texts and values are written as Canonical XML has them, so that what is signed is what
// stands in the document.
var (
	textSigns  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#xD;")
	valueSigns = strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;", "\t", "&#x9;", "\n", "&#xA;", "\r", "&#xD;")
)

// escaped also replaces what cannot be in XML at all.
func escaped(signs *strings.Replacer, text string) string {
	return signs.Replace(strings.Map(func(r rune) rune {
		if !isAllowed(r) {
			return '\uFFFD'
		}
		return r
	}, text))
}

func (p *printer) tag(name, text string) {
	p.raw("<" + name + ">" + escaped(textSigns, text))
	p.raw("</" + strings.Fields(name)[0] + ">")
}

func (p *printer) in(name string, f func()) {
	p.raw("<" + name + ">")
	f()
	p.raw("</" + strings.Fields(name)[0] + ">")
}

// envelope writes a SOAP 1.1 envelope. id and to are of WS-Addressing; "" for none.
func (p *printer) envelope(id, to string, body func()) {
	p.raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	p.in(`SOAP-ENV:Envelope xmlns:SOAP-ENV="`+soapNS+`"`, func() {
		p.in("SOAP-ENV:Header", func() {
			if id != "" {
				p.tag(`wsa:MessageID xmlns:wsa="`+addressingNS+`"`, id)
				p.tag(`wsa:To xmlns:wsa="`+addressingNS+`"`, to)
			}
		})
		p.in(`SOAP-ENV:Body ID="Body"`, body)
	})
}

func (p *printer) binary(name string, f File) {
	p.raw(`<` + name + ` mimeCode="` + escaped(valueSigns, f.Mime) + `">`)
	if p.err == nil {
		p.err = p.base64(f)
	}
	p.raw(`</` + name + `>`)
}

// base64 writes a file, or only counts it.
func (p *printer) base64(f File) error {
	if out, ok := p.w.(*bytes.Buffer); ok && p.into != nil && f.Length() >= foldFrom {
		p.into.files = append(p.into.files, fold{out.Len(), &held{form: form{Line: foldFrom}, size: f.Length(), from: f.Each}})
		return nil
	}
	if c, ok := p.w.(*counter); ok {
		*c += counter(base64.StdEncoding.EncodedLen(f.Length()))
		return nil
	}
	e := base64.NewEncoder(base64.StdEncoding, p.w)
	err := f.Each(func(b []byte) error { _, err := e.Write(b); return err })
	if err != nil {
		return err
	}
	return e.Close()
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

func (p *printer) letter(l *Letter) {
	if l.Document != nil {
		p.document(l.Document)
		return
	}
	p.in(documentTag, func() { p.correspondence(l) })
}

const documentTag = `rsm:GovernmentDocument xmlns:rsm="` + rsmNS + `" xmlns:ram="` + ramNS + `"`

func (p *printer) correspondence(l *Letter) {
	p.in(`ram:CorrespondenceLetter ID="Letter"`, func() {
		p.tag("ram:ID", l.ID)
		p.tag("ram:CorrespondenceDate", l.Date)
		p.tag("ram:Subject", l.Subject)
		p.tag("ram:SecretCode", l.Secret)
		p.tag("ram:SpeedCode", l.Speed)
		p.party("ram:SenderParty", l.Sender)
		p.party("ram:ReceiverParty", l.Receiver)
		for _, r := range l.References {
			p.in("ram:ReferenceCorrespondence", func() {
				p.tag("ram:ID", r.ID)
				p.tag("ram:CorrespondenceDate", r.Date)
				p.tag("ram:Subject", r.Subject)
			})
		}
		attachment := l.Attachment
		if attachment == "" {
			attachment = "-"
		}
		p.tag("ram:Attachment", attachment)
		p.tag("ram:SendDate", l.SendDate.In(thai.Bangkok).Format(moment))
		p.tag("ram:Description", l.Description)
		p.binary("ram:MainLetterBinaryObject", l.Main)
		for _, f := range l.Attachments {
			p.binary("ram:AttachmentBinaryObject", f)
		}
	})
}

func (p *printer) party(name string, x Party) {
	p.in(name, func() {
		p.tag("ram:GivenName", x.GivenName)
		p.tag("ram:FamilyName", x.FamilyName)
		p.tag("ram:JobTitle", x.JobTitle)
		p.in("ram:MinistryOrganization", func() { p.tag("ram:ID", x.Ministry) })
		p.in("ram:DepartmentOrganization", func() { p.tag("ram:ID", x.Department) })
	})
}

func (p *printer) notice(n *Notice) {
	p.in(n.Kind, func() {
		p.tag("LetterID", n.LetterID)
		if n.Kind == Accept || n.Kind == InvalidAccept {
			p.tag("AcceptID", n.AcceptID)
		}
		p.tag("CorrespondenceDate", n.Date)
		p.tag("Subject", n.Subject)
		if n.AcceptDate != "" {
			p.tag("AcceptDate", n.AcceptDate)
		}
		if n.AcceptDepartment != "" {
			p.in("AcceptDepartment", func() { p.tag("Code", n.AcceptDepartment) })
		}
	})
}

func (p *printer) receipt(r Receipt) {
	p.tag("ProcessID", r.ProcessID)
	p.tag("ProcessTime", r.ProcessTime.In(thai.Bangkok).Format(moment))
}

func (p *printer) ref(r Ref) {
	p.tag("LetterID", r.LetterID)
	p.tag("CorrespondenceDate", r.Date)
	p.in("SenderDepartment", func() { p.tag("Code", r.SenderDepartment) })
	p.in("AcceptDepartment", func() { p.tag("Code", r.AcceptDepartment) })
}

// date reads a date as it comes: of the Gregorian calendar, or, from systems that forget
// it, of the Buddhist era.
func date(text string) (string, error) {
	day, _, _ := strings.Cut(gregorian(text), "T")
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return "", &Fault{"201", "CorrespondenceDate is not a date: " + clip(day)}
	}
	return t.Format(time.DateOnly), nil
}

// gregorian writes a date of the Buddhist era anew, before it is read as one: a leap year
// there is not one of the same number here.
func gregorian(text string) string {
	text = thai.ArabicDigits(strings.TrimSpace(text))
	y, rest, ok := strings.Cut(text, "-")
	if year, err := strconv.Atoi(y); ok && err == nil && year >= 2400 {
		return strconv.Itoa(year-543) + "-" + rest
	}
	return text
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// at reads a time, of Bangkok also with a Z, which some write behind it; another offset is
// obeyed. There is none where it cannot be read.
func at(text string) time.Time {
	text = strings.TrimSuffix(gregorian(text), "Z")
	t, err := time.ParseInLocation(moment, text, thai.Bangkok)
	if err != nil {
		t, err = time.Parse(moment+"-07:00", text)
	}
	if err != nil {
		return time.Time{}
	}
	return t
}

func readLetter(e *element) (*Letter, error) {
	c := e.child("CorrespondenceLetter")
	if c == nil {
		return nil, &Fault{"202", "CorrespondenceLetter is missing"}
	}
	if e.child("GovernmentSignature") == nil {
		return readCorrespondence(c, false)
	}
	l, err := readCorrespondence(c, true)
	if err == nil {
		l.Document = e.raw()
	}
	return l, err
}

// readCorrespondence reads what a letter says; signed tells that it must be left as it is.
func readCorrespondence(c *element, signed bool) (*Letter, error) {
	l := &Letter{ID: c.get("ID"), Subject: c.get("Subject"), Secret: c.get("SecretCode"), Speed: c.get("SpeedCode"), Sender: readParty(c.child("SenderParty")), Receiver: readParty(c.child("ReceiverParty")), Attachment: c.get("Attachment"), SendDate: at(c.get("SendDate")), Description: c.get("Description")}
	var err error
	if l.Date, err = date(c.get("CorrespondenceDate")); err != nil {
		return nil, err
	}
	for _, need := range [][2]string{{"ID", l.ID}, {"Subject", l.Subject}, {"ReceiverParty/DepartmentOrganization/ID", l.Receiver.Department}} {
		if need[1] == "" {
			return nil, &Fault{"202", need[0] + " is missing"}
		}
	}
	if l.Secret == "" {
		l.Secret = "001"
	}
	if l.Speed == "" {
		l.Speed = "001"
	}
	for _, check := range []struct {
		name, value string
		codes       []Code
	}{{"SecretCode", l.Secret, SecretCodes}, {"SpeedCode", l.Speed, SpeedCodes}} {
		if !slices.ContainsFunc(check.codes, func(c Code) bool { return c.Value == check.value }) {
			return nil, &Fault{"203", check.name + " is unknown: " + clip(check.value)}
		}
	}
	for _, r := range c.all("ReferenceCorrespondence") {
		l.References = append(l.References, Reference{r.get("ID"), r.get("CorrespondenceDate"), r.get("Subject")})
	}
	main := c.all("MainLetterBinaryObject")
	if len(main) != 1 {
		return nil, &Fault{"202", "there must be one MainLetterBinaryObject"}
	}
	if l.Main, err = readFile(main[0], signed); err != nil {
		return nil, err
	}
	for _, a := range c.all("AttachmentBinaryObject") {
		f, err := readFile(a, signed)
		if err != nil {
			return nil, err
		}
		l.Attachments = append(l.Attachments, f)
	}
	return l, nil
}

func readParty(e *element) Party {
	return Party{e.get("GivenName"), e.get("FamilyName"), e.get("JobTitle"), e.get("MinistryOrganization", "ID"), e.get("DepartmentOrganization", "ID")}
}

// readFile decodes a file, in the place where it was read unless what was signed there is
// still to be seen.
func readFile(e *element, signed bool) (File, error) {
	if e.file != nil {
		return File{Mime: e.attr("mimeCode"), Size: e.file.size, Pieces: e.file.each}, nil
	}
	text := e.text
	if bytes.ContainsAny(text, " \t") {
		text = bytes.Join(bytes.Fields(text), nil)
	}
	into := text // it is shorter than what it is made from, and is read no more
	if signed {
		into = make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	}
	n, err := base64.StdEncoding.Decode(into, text)
	if err != nil {
		return File{}, &Fault{"204", e.name + " is not base64"}
	}
	e.text = nil
	return File{Mime: e.attr("mimeCode"), Data: into[:n:n]}, nil
}

// kindOf gives a notice its right name, in whatever case it was written.
func kindOf(name string) (string, bool) {
	for _, k := range Kinds {
		if strings.EqualFold(k, name) {
			return k, true
		}
	}
	return "", false
}

func readNotice(e *element) (*Notice, error) {
	kind, ok := kindOf(e.name)
	if !ok {
		return nil, &Fault{"205", "unknown message: " + clip(e.name)}
	}
	n := &Notice{Kind: kind, LetterID: e.get("LetterID"), Subject: e.get("Subject"), AcceptID: e.get("AcceptID"), AcceptDate: e.get("AcceptDate"), AcceptDepartment: e.get("AcceptDepartment", "Code")}
	var err error
	if n.Date, err = date(e.get("CorrespondenceDate")); err != nil {
		return nil, err
	}
	if n.LetterID == "" {
		return nil, &Fault{"202", "LetterID is missing"}
	}
	if n.AcceptID == "" && (kind == Accept || kind == InvalidAccept) {
		return nil, &Fault{"202", "AcceptID is missing"}
	}
	return n, nil
}

func readRef(e *element) (Ref, error) {
	d, err := date(e.get("CorrespondenceDate"))
	r := Ref{e.get("LetterID"), d, e.get("SenderDepartment", "Code"), e.get("AcceptDepartment", "Code")}
	if err == nil && r.LetterID == "" {
		err = &Fault{"202", "LetterID is missing"}
	}
	return r, err
}

// readItem reads what an inbound response holds; nil when it is empty.
func readItem(e *element) (*Item, error) {
	if f := faultOf(e); f != nil {
		return nil, f
	}
	item := &Item{Receipt: Receipt{e.get("ProcessID"), at(e.get("ProcessTime"))}}
	var err error
	for _, c := range e.children {
		switch {
		case strings.EqualFold(c.name, DocumentKind):
			item.Letter, err = readLetter(c)
		default:
			if _, ok := kindOf(c.name); !ok {
				continue
			}
			item.Notice, err = readNotice(c)
		}
		if err != nil {
			return item, err
		}
	}
	if item.Letter == nil && item.Notice == nil {
		return nil, nil
	}
	if item.ProcessID == "" {
		return nil, &Fault{"202", "ProcessID is missing"}
	}
	return item, nil
}

// faultOf finds an ErrorDetail, or a SOAP Fault of a server that knows no better.
func faultOf(e *element) error {
	if d := e.child("ErrorDetail"); d != nil {
		return &Fault{d.get("ErrorCode"), d.get("ErrorDescription")}
	}
	if strings.EqualFold(e.name, "Fault") {
		return &Fault{e.get("faultcode"), e.get("faultstring")}
	}
	return nil
}

// bodyOf finds the one operation of an envelope.
func bodyOf(root *element) (*element, error) {
	if !strings.EqualFold(root.name, "Envelope") {
		return nil, &Fault{"200", "this is no SOAP envelope"}
	}
	if !slices.ContainsFunc(root.attrs, func(a xml.Attr) bool {
		return a.Value == soapNS && (a.Name.Local == root.prefix || root.prefix == "" && a.Name.Local == "xmlns")
	}) {
		return nil, &Fault{"200", "the envelope is not of SOAP 1.1: its namespace is not " + soapNS}
	}
	bodies := root.all("Body")
	if len(bodies) != 1 {
		return nil, &Fault{"200", fmt.Sprintf("an envelope has one body, not %d", len(bodies))}
	}
	if n := len(bodies[0].children); n != 1 {
		return nil, &Fault{"200", fmt.Sprintf("a body has one operation, not %d", n)}
	}
	return bodies[0].children[0], nil
}
