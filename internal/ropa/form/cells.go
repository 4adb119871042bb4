package form

import (
	"fmt"
	"regexp"
	"strings"

	"prasan/internal/ropa"
)

// seen is a cell of the form as people see it: an answer, or a cell of the tables.
type seen struct {
	id      string
	ordinal int
	label   string
	text    string
	state   ropa.State
}

// cellsOf lists what a revision shows on the form, in its order.
func cellsOf(r *ropa.Revision) []seen {
	var out []seen
	for i := range ropa.Rows {
		d := &ropa.Rows[i]
		row := r.Form.Row(d.ID)
		out = append(out, seen{d.ID, d.No, d.Ask, row.Text, row.State})
	}
	add := func(id string, ordinal int, label, text string, state ropa.State) {
		if state == "" {
			state = ropa.StateOf(text)
		}
		out = append(out, seen{id, ordinal, label, text, state})
	}
	add("flow.heading", 1, "แผนภาพ", r.Flow.Heading, "")
	add("flow.process", 1, "กระบวนการ", r.Flow.Process, "")
	for i := range r.Flow.Steps {
		s := &r.Flow.Steps[i]
		path := fmt.Sprintf("flow.steps[%d].", i)
		add(path+"title", s.No, "ขั้นตอน", s.Title, "")
		add(path+"actor", s.No, flowHeads[1], s.Actor.Text, s.Actor.State)
		for j, op := range ropa.Operations {
			add(path+op, s.No, flowHeads[2+j], s.Cell(op).Text, s.Cell(op).State)
		}
		add(path+"systems", s.No, flowHeads[6], systemsText(s.Systems), "")
	}
	add("flow.note", 1, "หมายเหตุ", r.Flow.Note, "")
	add("inventory.heading", 1, "หัวเรื่อง", r.Inventory.Heading, "")
	add("inventory.main_system", 1, "ระบบหลัก", r.Inventory.MainSystem, "")
	add("inventory.sub_system", 1, "ระบบย่อย", r.Inventory.SubSystem, "")
	for i := range r.Inventory.Systems {
		out = append(out, systemCells(&r.Inventory.Systems[i], i)...)
	}
	return out
}

func systemCells(s *ropa.System, i int) []seen {
	var out []seen
	path := fmt.Sprintf("inventory.systems[%d].", i)
	add := func(k int, id, text string, state ropa.State) {
		if state == "" {
			state = ropa.StateOf(text)
		}
		out = append(out, seen{path + id, s.No, inventoryHeads[k], text, state})
	}
	add(1, "name", s.Name, "")
	add(2, "status", s.Status.Text, s.Status.State)
	add(3, "scope", s.Scope, "")
	add(4, "owner", s.Owner.Text, s.Owner.State)
	for j, x := range s.Exchanges {
		line := fmt.Sprintf("exchange[%d].", j)
		add(5, line+"applied", x.Applied.Text, x.Applied.State)
		add(6, line+"data", x.Data, "")
		add(7, line+"mode", x.Mode.Text, x.Mode.State)
		add(8, line+"counterparty", x.Counterparty.Text, x.Counterparty.State)
		if j > 0 {
			add(13, line+"remark", x.Remark, "")
		}
	}
	add(9, "processing_by", s.ProcessingBy.Text, s.ProcessingBy.State)
	add(10, "processor_org", s.Processor.Text, s.Processor.State)
	add(11, "hosting", s.Hosting.Text, s.Hosting.State)
	add(12, "cloud_region", s.Region.Text, s.Region.State)
	add(13, "remark", s.Remark, "")
	return out
}

// systemsText is the cell of a step's systems: a numbered list where there are several.
func systemsText(list []ropa.Value) string {
	if len(list) == 1 {
		return list[0].Text
	}
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = fmt.Sprintf("%d. %s", i+1, v.Text)
	}
	return strings.Join(parts, " ")
}

// Column headings of the two tables, as the form prints them.
var (
	flowHeads      = []string{"ขั้นตอน", "หน่วยงาน", "การเก็บรวบรวมข้อมูล", "การใช้ข้อมูล", "การเปิดเผยข้อมูล", "การจัดเก็บข้อมูล", "ระบบเทคโนโลยีสารสนเทศที่เกี่ยวข้อง"}
	inventoryHeads = []string{"ลำดับ", "ชื่อระบบ (System Name)", "สถานะระบบ (System Status)", "ขอบเขตของระบบงาน (System Scope)", "หน่วยงานเจ้าของระบบ (System Owner Org Unit)",
		"มีการแลกเปลี่ยนข้อมูลกับหน่วยงานภายนอก (Data Exchange Applied)", "ข้อมูลที่แลกเปลี่ยนกับภายนอกหน่วยงาน (Exchanged Data)", "ลักษณะการแลกเปลี่ยนข้อมูล (Data Exchange Type)", "หน่วยงานภายนอกที่แลกเปลี่ยนข้อมูล (External Org Unit)",
		"การประมวลผลระบบ", "หน่วยงานภายนอกที่ประมวลผลให้สปอ.", "On-Premise หรือ On Cloud", "กรณี On Cloud", "หมายเหตุ (Remark)"}
)

const (
	headExchange   = "การแลกเปลี่ยนข้อมูลกับหน่วยงานอื่น"
	headProcessing = "การประมวลผล"
)

var cellPath = regexp.MustCompile(`^(flow\.steps|inventory\.systems)\[(\d+)\]\.(?:exchange\[(\d+)\]\.)?([a-z_]+)$`)

// setCell writes an edited cell back into a revision; it is false where the revision
// has no such cell.
func setCell(r *ropa.Revision, id, text string) bool {
	if ropa.RowByID(id) != nil {
		r.Form[id] = ropa.Row{State: stateOf(text), Text: text}
		return true
	}
	if to := map[string]*string{"flow.heading": &r.Flow.Heading, "flow.process": &r.Flow.Process, "flow.note": &r.Flow.Note,
		"inventory.heading": &r.Inventory.Heading, "inventory.main_system": &r.Inventory.MainSystem, "inventory.sub_system": &r.Inventory.SubSystem}[id]; to != nil {
		*to = text
		return true
	}
	m := cellPath.FindStringSubmatch(id)
	if m == nil {
		return false
	}
	i, x := number(m[2]), number(m[3])
	switch {
	case m[1] == "flow.steps" && i < len(r.Flow.Steps):
		putStep(&r.Flow.Steps[i], m[4], text, false)
	case m[1] == "inventory.systems" && i < len(r.Inventory.Systems) && (m[3] == "" || x < len(r.Inventory.Systems[i].Exchanges)):
		putSystem(&r.Inventory.Systems[i], m[4], x, text, m[3] == "")
	default:
		return false
	}
	return true
}
