package form

import (
	"fmt"
	"reflect"
	"strings"

	"prasan/internal/ropa"
)

// typedParts are the parts of the record that a row of the form decides: they are read
// anew where the row was edited.
var typedParts = map[string][]string{
	"revision.prepared_by": {"prepared_by"}, "controller.organisation": {"controller.organisation"}, "controller.department": {"controller.department"},
	"process_group.name": {"process_group"}, "activity.owner_unit": {"controller.owner_unit"}, "activity.stewards": {"controller.stewards"}, "activity.forms": {"forms"},
	"elements": {"elements"}, "purposes": {"purposes"}, "notices": {"notices"}, "sources": {"sources"}, "access_principals": {"access"},
	"class.restricted": {"class.restricted"}, "class.internal": {"class.internal"}, "class.public": {"class.public"},
	"recipients_domestic": {"recipients.domestic"}, "transfers": {"recipients.transfers"}, "legal_bases": {"legal_bases"}, "volume": {"volume"},
	"rights_csu.create": {"rights_csu.create"}, "rights_csu.store": {"rights_csu.store"}, "rights_csu.use": {"rights_csu.use"},
	"duty.create": {"duties.create"}, "duty.collect": {"duties.collect"}, "duty.classify": {"duties.classify"}, "duty.use": {"duties.use"}, "duty.store": {"duties.store"},
	"duty.disclose": {"duties.disclose"}, "duty.inspect": {"duties.inspect"}, "duty.review": {"duties.review"}, "duty.terminate": {"duties.terminate"}, "duty.grant": {"duties.grant"},
	"stores.medium": {"stores"}, "retention": {"retention"}, "review.cycle": {"review"}, "destruction.round": {"destruction.round"}, "destruction.method": {"destruction.method"},
	"legal_refs": {"legal_refs"}, "controls.access_policy_ref": {"controls.access_policy_ref"}, "controls.access_matrix_ref": {"controls.access_matrix_ref"},
	"controls.audit": {"controls.audit"}, "controls.backup": {"controls.backup"}, "controls.physical": {"controls.physical"},
	"transfer.pre_checks": {"transfer.pre_checks"}, "transfer.delivery_checks": {"transfer.delivery_checks"}, "transfer.record_rule": {"transfer.record_rule"}, "transfer.after_rule": {"transfer.after_rule"},
	"monitoring.cycle": {"monitoring"}, "rights.erasure_procedure": {"rights.erasure_procedure"}, "breach.channels": {"breach.channels", "breach.responsible"}, "breach.pdpc_liaison": {"breach.pdpc_liaison"},
}

// edit is a cell that someone changed after the export; gone is a cell that is no more.
type edit struct {
	id, text, place string
	gone            bool
}

// apply brings edits into a record. A row that was edited is read anew; what its new
// words mean beyond doubt is taken, the rest is asked.
func apply(res *Result, rev *ropa.Revision, edits []edit) {
	m := &meaning{rev: rev, doubt: func(field, found, th, en string) { res.ask(field, "", found, th, en) }}
	if code := lexicon().records[rev.Code]; code != nil {
		m.model = code
	}
	if rev.Form == nil {
		rev.Form = ropa.Form{}
	}
	rows := map[string]bool{}
	for _, e := range edits {
		switch {
		case e.gone && ropa.RowByID(e.id) != nil:
			delete(rev.Form, e.id)
			rows[e.id] = true
			res.ask(e.id, "", "", "แถวนี้ถูกลบออกจากไฟล์ ยืนยันหรือไม่", "this row was deleted from the file: is that meant?")
		case e.gone:
			res.ask(e.id, "", "", "ช่องนี้หายไปจากไฟล์ จึงคงค่าเดิมไว้", "this cell is gone from the file; its former value was kept")
		case setCell(rev, e.id, e.text):
			rows[e.id] = true
			m.cellEdited(e.id)
			if e.text == "" && ropa.RowByID(e.id) != nil {
				res.ask(e.id, e.place, "", "คำตอบของแถวนี้ถูกลบออก ยืนยันหรือไม่", "the answer of this row was taken out: is that meant?")
			}
		default:
			res.Unplaced = append(res.Unplaced, Piece{e.text, e.place, e.id})
		}
	}
	if rows["stores.location"] {
		rows["stores.medium"] = true
	}
	m.reread(rows)
}

// reread reads edited rows anew, in the order of derivations. What was told of a datum
// or a purpose that is still there is kept.
func (m *meaning) reread(rows map[string]bool) {
	if rows["activity.name"] {
		m.rev.Name = phrase(m.rev.Form.Row("activity.name").Text)
	}
	for _, d := range derivations {
		if !rows[d.row] {
			continue
		}
		elements, purposes := m.rev.Elements, m.rev.Purposes
		for _, path := range typedParts[d.row] {
			clearPath(reflect.ValueOf(m.rev).Elem(), strings.Split(path, "."))
		}
		row := m.rev.Form.Row(d.row)
		if row.State == ropa.Given || yesOrNo[d.row] && row.State != ropa.Pending && row.Text != "" {
			d.read(m, row.Text)
		}
		switch d.row {
		case "elements":
			keep(m.rev.Elements, elements, func(e ropa.Element) string { return e.Code })
		case "purposes":
			keep(m.rev.Purposes, purposes, func(p ropa.Purpose) string { return squeeze(p.Text.TH) })
		}
	}
}

// keep puts former items in the place of new ones of the same key.
func keep[T any](now, before []T, key func(T) string) {
	for i := range now {
		for _, b := range before {
			if key(b) == key(now[i]) {
				now[i] = b
			}
		}
	}
}

func clearPath(v reflect.Value, path []string) {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") != path[0] {
			continue
		}
		if len(path) == 1 {
			v.Field(i).SetZero()
			return
		}
		clearPath(v.Field(i), path[1:])
	}
}

// cellEdited reads an edited cell of the tables anew.
func (m *meaning) cellEdited(id string) {
	x := cellPath.FindStringSubmatch(id)
	if x == nil {
		return
	}
	i := number(x[2])
	if x[1] == "inventory.systems" {
		m.systemEdited(&m.rev.Inventory.Systems[i], x[4], number(x[3]))
		return
	}
	s := &m.rev.Flow.Steps[i]
	switch x[4] {
	case "actor":
		s.Actor.Code = m.actorOf(s.Actor.Text)
	case "systems":
		for j := range s.Systems {
			s.Systems[j].Code = m.system(s.Systems[j].Text)
		}
	case "title":
		s.TitleEN = lexicon().english[squeeze(s.Title)]
	default:
		c := s.Cell(x[4])
		*c = ropa.Cell{State: c.State, Text: c.Text}
		if !m.cell(c, x[4], m.modelStep(s.Title)) {
			m.doubt(id, c.Text, "ขั้นตอนนี้ใช้ข้อมูลเพื่อวัตถุประสงค์ข้อใด", "for which purpose does this step use data?")
		}
	}
}

func (m *meaning) systemEdited(s *ropa.System, id string, x int) {
	switch id {
	case "applied", "data", "mode", "counterparty":
		if x < len(s.Exchanges) {
			e := &s.Exchanges[x]
			e.Elements, e.Mode.Code, e.Counterparty.Code = nil, "", ""
			m.exchange(e)
		}
	case "status", "processing_by", "hosting", "cloud_region", "owner", "processor_org":
		m.systemCodes(s)
	}
}

// compare finds which cells of a file differ from what was exported. text gives the
// cell of an identifier as it is now.
func compare(rev *ropa.Revision, text func(c seen) (now, place string, ok bool)) []edit {
	var out []edit
	for _, c := range cellsOf(rev) {
		now, place, ok := text(c)
		switch {
		case !ok:
			if c.text != "" || ropa.RowByID(c.id) != nil && c.state != ropa.RowAbsent {
				out = append(out, edit{id: c.id, gone: true})
			}
		case visible(now) != visible(c.shown()):
			out = append(out, edit{id: c.id, text: strings.TrimSpace(c.unshow(now)), place: place})
		}
	}
	return out
}

// shown is the text of a cell as the form prints it: a step has its number.
func (c seen) shown() string {
	if strings.HasPrefix(c.id, "flow.steps[") && strings.HasSuffix(c.id, ".title") {
		return fmt.Sprintf("%d. %s", c.ordinal, c.text)
	}
	return c.text
}

func (c seen) unshow(s string) string {
	if c.shown() != c.text {
		if m := stepNo.FindStringSubmatch(s); m != nil && number(m[1]) == c.ordinal {
			return m[2]
		}
	}
	return s
}

// visible is a text without what programs change when they save it: characters that
// XML cannot hold, line ends, spaces at the ends of lines.
func visible(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r >= ' ' && r != 0x7f && r != 0xfffe && r != 0xffff && r != 0xfeff && r != 0xfffd:
			return r
		}
		return -1
	}, ropa.Clean(s))
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
