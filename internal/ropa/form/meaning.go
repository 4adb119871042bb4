package form

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"prasan/internal/ropa"
)

// meaning derives what the answers of a form mean, where that is sure.
type meaning struct {
	rev   *ropa.Revision
	model *ropa.Revision // the ministry's own record of the same activity, or nil
	doubt func(field, found, th, en string)
}

// Derive fills the typed part of a revision from its form, data-flow table and
// inventory: it reads only what is sure and asks doubt about the rest. What no form
// says (the anchor of a period, which data a purpose needs) is taken from the
// ministry's record of the same activity, where there is one, and asked otherwise.
func Derive(rev *ropa.Revision, doubt func(field, found, th, en string)) {
	m := &meaning{rev: rev, doubt: doubt}
	m.identify()
	for _, d := range derivations {
		row := rev.Form.Row(d.row)
		switch {
		case row.State == ropa.Given:
			d.read(m, row.Text)
		case yesOrNo[d.row] && row.State != ropa.Pending:
			d.read(m, row.Text)
		}
	}
	m.afterRows()
	m.flow()
	m.inventory()
}

// identify says which activity it is: the code of one that the ministry knows, or one
// made of the name, to be confirmed.
func (m *meaning) identify() {
	name := m.rev.Form.Row("activity.name").Text
	m.rev.Name = phrase(name)
	for key, code := range lexicon().codes {
		if likeness(signOf(name), signOf(key)) > .85 {
			m.rev.Code, m.model = code, lexicon().records[code]
			return
		}
	}
	sum := sha256.Sum256([]byte(squeeze(name)))
	m.rev.Code = "activity-" + hex.EncodeToString(sum[:3])
	if w := latin.FindAllString(strings.ToLower(name), 3); len(w) > 1 {
		m.rev.Code = strings.Join(w, "-")
	}
	m.doubt("activity.name", name, "โปรดกำหนดรหัสของกิจกรรมนี้ (ตั้งไว้ชั่วคราวเป็น "+m.rev.Code+")", "give this activity a code (for now it is "+m.rev.Code+")")
}

// derivation reads the answer of one row.
type derivation struct {
	row  string
	read func(m *meaning, text string)
}

// derivations in the order in which names become known.
var derivations = []derivation{
	{"controller.organisation", func(m *meaning, s string) { m.rev.Controller.Organisation = m.party(s) }},
	{"controller.department", func(m *meaning, s string) { m.rev.Controller.Department = m.party(s) }},
	{"activity.owner_unit", func(m *meaning, s string) { m.rev.Controller.OwnerUnit = m.party(s) }},
	{"revision.prepared_by", func(m *meaning, s string) { m.rev.PreparedBy = m.party(listItems(s)[0]) }},
	{"process_group.name", (*meaning).group},
	{"activity.stewards", (*meaning).stewards},
	{"activity.forms", func(m *meaning, s string) { m.rev.Forms = m.documents(s) }},
	{"legal_bases", (*meaning).bases},
	{"class.restricted", func(m *meaning, s string) { m.rev.Class.Restricted = m.answer("class.restricted", s) }},
	{"class.internal", func(m *meaning, s string) { m.rev.Class.Internal = m.answer("class.internal", s) }},
	{"class.public", func(m *meaning, s string) { m.rev.Class.Public = m.answer("class.public", s) }},
	{"elements", (*meaning).elements},
	{"purposes", (*meaning).purposes},
	{"notices", (*meaning).notices},
	{"sources", (*meaning).sources},
	{"access_principals", func(m *meaning, s string) { m.rev.Access = m.principals("access_principals", s) }},
	{"recipients_domestic", (*meaning).recipients},
	{"transfers", (*meaning).transfers},
	{"volume", (*meaning).volume},
	{"rights_csu.create", func(m *meaning, s string) { m.rev.CSU.Create = m.answer("rights_csu.create", s) }},
	{"rights_csu.store", func(m *meaning, s string) { m.rev.CSU.Store = m.answer("rights_csu.store", s) }},
	{"rights_csu.use", func(m *meaning, s string) { m.rev.CSU.Use = m.answer("rights_csu.use", s) }},
	duty("create"), duty("collect"), duty("classify"), duty("use"), duty("store"), duty("disclose"), duty("inspect"), duty("review"), duty("terminate"), duty("grant"),
	{"stores.medium", (*meaning).stores},
	{"legal_refs", func(m *meaning, s string) { m.rev.LegalRefs = m.documents(s) }},
	{"retention", (*meaning).retention},
	{"review.cycle", func(m *meaning, s string) { m.rev.Review.Cycle = m.cycle("review.cycle", s) }},
	{"destruction.round", (*meaning).round},
	{"destruction.method", (*meaning).method},
	{"controls.access_policy_ref", func(m *meaning, s string) { m.rev.Controls.AccessPolicy = m.documents(s) }},
	{"controls.access_matrix_ref", func(m *meaning, s string) { m.rev.Controls.AccessMatrix = m.documents(s) }},
	{"controls.audit", func(m *meaning, s string) { m.rev.Controls.Audit = m.documents(s) }},
	{"controls.backup", func(m *meaning, s string) { m.rev.Controls.Backup = m.documents(s) }},
	{"controls.physical", func(m *meaning, s string) { m.rev.Controls.Physical = m.documents(s) }},
	{"transfer.pre_checks", func(m *meaning, s string) { m.rev.Transfer.PreChecks = texts(s) }},
	{"transfer.delivery_checks", func(m *meaning, s string) { m.rev.Transfer.DeliveryChecks = texts(s) }},
	{"transfer.record_rule", func(m *meaning, s string) { m.rev.Transfer.RecordRule = m.document(s) }},
	{"transfer.after_rule", func(m *meaning, s string) { m.rev.Transfer.AfterRule = phrase(s) }},
	{"monitoring.cycle", func(m *meaning, s string) { m.rev.Monitoring.Cycle = m.cycle("monitoring.cycle", s) }},
	{"rights.erasure_procedure", func(m *meaning, s string) { m.rev.Rights.ErasureProcedure = m.document(s) }},
	{"breach.channels", (*meaning).breach},
	{"breach.pdpc_liaison", func(m *meaning, s string) { m.rev.Breach.Liaison = m.principals("breach.pdpc_liaison", s) }},
}

func duty(name string) derivation {
	id := "duty." + name
	return derivation{id, func(m *meaning, s string) { *m.rev.Duties.List(name) = m.principals(id, s) }}
}

func texts(s string) []ropa.Text {
	var out []ropa.Text
	for _, item := range listItems(s) {
		out = append(out, phrase(item))
	}
	return out
}

func (m *meaning) group(s string) {
	if g, ok := lexicon().groups[squeeze(s)]; ok {
		m.rev.ProcessGroup = g
		return
	}
	sum := sha256.Sum256([]byte(squeeze(s)))
	m.rev.ProcessGroup = ropa.ProcessGroup{Code: "group-" + hex.EncodeToString(sum[:3]), Name: phrase(s)}
}

func (m *meaning) stewards(s string) {
	for _, item := range listItems(s) {
		if code := m.party(item); code != "" {
			m.rev.Controller.Stewards = append(m.rev.Controller.Stewards, code)
		} else {
			m.doubt("activity.stewards", item, "ไม่ทราบว่าหมายถึงผู้ใด", "who is meant?")
		}
	}
}

// answer reads YES and NO; anything else is asked.
func (m *meaning) answer(field, s string) ropa.Answer {
	a := ropa.AnswerOf(s)
	if a == ropa.Unsaid {
		m.doubt(field, s, "โปรดตอบ YES หรือ NO", "answer YES or NO")
	}
	return a
}

func (m *meaning) elements(s string) {
	codes, left := mentioned(s)
	for _, code := range codes {
		m.rev.Elements = append(m.rev.Elements, m.element(code))
	}
	if left != "" {
		m.doubt("elements", s, "มีข้อมูลที่ยังไม่รู้จัก ("+left+") โปรดระบุเป็นรายการ", "this names data that are not known ("+left+"): list them")
	}
}

// element is a datum as the record of the same activity has it, or as the dictionary.
func (m *meaning) element(code string) ropa.Element {
	if m.model != nil {
		for _, e := range m.model.Elements {
			if e.Code == code {
				e.Class = m.class()
				return e
			}
		}
	}
	d := datumOf(code)
	return ropa.Element{Code: code, Label: d.label, Kind: d.kind, Class: m.class()}
}

// class is the class of the data by rows 14, 15 and 18; "" where none, or more than
// one, is said.
func (m *meaning) class() string {
	c := m.rev.Class
	switch struct{ r, i, p bool }{c.Restricted == ropa.Yes, c.Internal == ropa.Yes, c.Public == ropa.Yes} {
	case struct{ r, i, p bool }{true, false, false}:
		return "restricted"
	case struct{ r, i, p bool }{false, true, false}:
		return "internal"
	case struct{ r, i, p bool }{false, false, true}:
		return "public"
	}
	return ""
}

func (m *meaning) purposes(s string) {
	basis := ""
	if len(m.rev.LegalBases) == 1 {
		basis = m.rev.LegalBases[0].Code
	}
	open := false
	for i, item := range listItems(s) {
		p := ropa.Purpose{Code: fmt.Sprintf("purpose-%d", i+1), Text: phrase(item), Basis: basis}
		if known, ok := lexicon().purposes[squeeze(item)]; ok {
			p.Code = known.Code
		}
		if slices.ContainsFunc(m.rev.Purposes, func(o ropa.Purpose) bool { return o.Code == p.Code }) {
			continue
		}
		open = !m.needs(&p) || open
		m.rev.Purposes = append(m.rev.Purposes, p)
	}
	if open {
		m.doubt("purposes", s, "วัตถุประสงค์แต่ละข้อต้องใช้ข้อมูลใดบ้าง", "which data does each purpose need?")
	}
}

// needs takes over which data a purpose needs, from the record of the same activity.
func (m *meaning) needs(p *ropa.Purpose) bool {
	if m.model == nil {
		return false
	}
	for _, o := range m.model.Purposes {
		if o.Code == p.Code {
			for _, e := range o.Elements {
				if m.rev.HasElement(e) {
					p.Elements = append(p.Elements, e)
				}
			}
			return true
		}
	}
	return false
}

func (m *meaning) notices(s string) {
	for _, item := range listItems(s) {
		kind := ""
		switch {
		case anyOf(item, "cookie", "คุกกี้"):
			kind = "cookie_policy"
		case anyOf(item, "privacy", "ความเป็นส่วนตัว", "คุ้มครองข้อมูลส่วนบุคคล"):
			kind = "privacy_notice"
		case anyOf(item, "consent", "ความยินยอม"):
			kind = "consent_form"
		default:
			m.doubt("notices", item, "เอกสารนี้เป็นคำประกาศ แบบขอความยินยอม หรือนโยบายคุกกี้", "is this a privacy notice, a consent form or a cookie policy?")
		}
		m.rev.Notices = append(m.rev.Notices, ropa.Notice{Kind: kind, Title: phrase(item)})
		m.document(item)
	}
}

func (m *meaning) sources(s string) {
	for _, item := range listItems(s) {
		kind := "other"
		if anyOf(item, "ผู้ใช้งาน", "เจ้าของข้อมูล", "ประชาชน", "ผู้แจ้ง", "ผู้ร้อง", "ผู้ประกอบการ", "ผู้สมัคร", "ผู้เข้าร่วม", "บุคลากร") {
			kind = "data_subject"
		}
		m.rev.Sources = append(m.rev.Sources, ropa.Source{Kind: kind, Text: phrase(item)})
	}
}

func (m *meaning) recipients(s string) {
	for _, item := range listItems(s) {
		code := m.party(item)
		if code == "" {
			code = m.addParty(ropa.Party{Code: m.newCode("organisation", item), Kind: "organisation", Name: phrase(item)})
		}
		m.rev.Recipients.Domestic = append(m.rev.Recipients.Domestic, ropa.Recipient{Org: code})
	}
	m.doubt("recipients_domestic", s, "ส่งข้อมูลใดให้ผู้รับแต่ละราย และส่งทางใด", "which data go to each recipient, and by which way?")
}

func (m *meaning) transfers(s string) {
	for _, item := range listItems(s) {
		code := ""
		if p, ok := m.provider(item); ok {
			code = p.Provider
		} else if code = m.party(item); code == "" {
			code = m.addParty(ropa.Party{Code: m.newCode("provider", item), Kind: "provider", Name: phrase(item)})
		}
		m.rev.Recipients.Transfers = append(m.rev.Recipients.Transfers, ropa.Offshore{Recipient: code})
	}
	m.doubt("transfers", s, "ผู้รับอยู่ประเทศใด มีมาตรการคุ้มครองใด และส่งข้อมูลใด", "in which country is the recipient, under which safeguard, and which data go?")
}

var section = regexp.MustCompile(`(?:มาตรา\s*)?(19|24\s*\([1-6]\))`)

// bases reads lawful bases: by section of the Act, or by its words.
func (m *meaning) bases(s string) {
	for _, item := range listItems(s) {
		code := basisOf(item)
		if code == "" {
			m.doubt("legal_bases", item, "เป็นฐานใดตามมาตรา 19 หรือ 24", "which basis of s.19 or s.24 is this?")
			continue
		}
		m.rev.LegalBases = append(m.rev.LegalBases, ropa.LegalBasis{Code: code, Citation: citation(item), Note: phrase(item)})
	}
}

func citation(item string) string {
	if x := section.FindStringSubmatch(arabic(item)); x != nil {
		return strings.ReplaceAll(x[1], " ", "")
	}
	return ""
}

func basisOf(item string) string {
	if c := citation(item); c != "" {
		for _, b := range ropa.Bases {
			if b.Citation == c {
				return b.Code
			}
		}
	}
	for _, b := range ropa.Bases {
		if alike(item, b.Text.TH) > .85 {
			return b.Code
		}
	}
	for _, w := range []struct{ word, code string }{
		{"ยินยอม", "consent"}, {"จดหมายเหตุ", "archive-research"}, {"อันตรายต่อชีวิต", "vital"}, {"สัญญา", "contract"},
		{"ประโยชน์สาธารณะ", "public-task"}, {"อำนาจรัฐ", "public-task"}, {"ประโยชน์โดยชอบ", "legitimate-interest"},
		{"หน้าที่ตามกฎหมาย", "official-duty"}, {"ปฏิบัติตามกฎหมาย", "legal-obligation"},
	} {
		if strings.Contains(item, w.word) {
			return w.code
		}
	}
	return ""
}

var amount = regexp.MustCompile(`^([0-9][0-9,]*)\s*([^0-9\s/()]+)\s*$`)

func (m *meaning) volume(s string) {
	x := amount.FindStringSubmatch(strings.TrimSpace(arabic(s)))
	if x == nil || len(x[1]) > 11 {
		m.doubt("volume", s, "ปริมาณเป็นจำนวนเท่าใด หน่วยใด", "how many, and of what?")
		return
	}
	m.rev.Volume = ropa.Volume{Declared: min(number(strings.ReplaceAll(x[1], ",", "")), 1<<31-1), Unit: x[2]}
}
