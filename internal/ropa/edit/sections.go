package edit

import (
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"slices"
	"strconv"

	"prasan/internal/ropa"
)

// Section is a part of the form that is written, and saved, together.
type Section struct {
	ID    string
	Title ropa.Text
	Rows  []ropa.RowDef
	Paths []string // parts of the record that no row asks: the tables, and what rows cite
}

// rowPaths say which parts of the record give a row of the form its meaning. A row that
// is not here is its words alone: what it means stands at the row before it.
var rowPaths = map[string][]string{
	"revision.prepared_by":       {"prepared_by"},
	"controller.organisation":    {"controller.organisation"},
	"controller.department":      {"controller.department"},
	"process_group.name":         {"process_group.code", "process_group.name"},
	"activity.name":              {"name"},
	"activity.owner_unit":        {"controller.owner_unit"},
	"activity.stewards":          {"controller.stewards", "controller.dpo"},
	"activity.forms":             {"forms"},
	"elements":                   {"elements"},
	"purposes":                   {"purposes"},
	"notices":                    {"notices"},
	"sources":                    {"sources"},
	"access_principals":          {"access"},
	"class.restricted":           {"class.restricted"},
	"class.internal":             {"class.internal"},
	"recipients_domestic":        {"recipients.domestic"},
	"transfers":                  {"recipients.transfers"},
	"class.public":               {"class.public"},
	"legal_bases":                {"legal_bases", "collection"},
	"volume":                     {"volume.declared", "volume.unit", "volume.as_of"},
	"rights_csu.create":          {"rights_csu.create"},
	"rights_csu.store":           {"rights_csu.store"},
	"rights_csu.use":             {"rights_csu.use"},
	"duty.create":                {"duties.create"},
	"duty.collect":               {"duties.collect"},
	"duty.classify":              {"duties.classify"},
	"duty.use":                   {"duties.use"},
	"duty.store":                 {"duties.store"},
	"duty.disclose":              {"duties.disclose"},
	"duty.inspect":               {"duties.inspect"},
	"duty.review":                {"duties.review"},
	"duty.terminate":             {"duties.terminate"},
	"duty.grant":                 {"duties.grant"},
	"stores.medium":              {"stores"},
	"retention":                  {"retention"},
	"review.cycle":               {"review.cycle"},
	"destruction.round":          {"destruction.round"},
	"destruction.method":         {"destruction.method", "destruction.approve"},
	"legal_refs":                 {"legal_refs"},
	"controls.access_policy_ref": {"controls.access_policy_ref"},
	"controls.access_matrix_ref": {"controls.access_matrix_ref"},
	"controls.audit":             {"controls.audit"},
	"controls.backup":            {"controls.backup"},
	"controls.physical":          {"controls.physical"},
	"transfer.pre_checks":        {"transfer.pre_checks"},
	"transfer.delivery_checks":   {"transfer.delivery_checks"},
	"transfer.record_rule":       {"transfer.record_rule"},
	"transfer.after_rule":        {"transfer.after_rule"},
	"monitoring.cycle":           {"monitoring.cycle"},
	"rights.erasure_procedure":   {"rights.erasure_procedure"},
	"breach.channels":            {"breach.channels", "breach.responsible"},
	"breach.pdpc_liaison":        {"breach.pdpc_liaison"},
}

// fixed are the parts of a record that nobody writes by hand: what it is, and its place
// in the chain.
var fixed = []string{"apiVersion", "kind", "code", "revision", "prev_sha256"}

// Sections are all parts of the form in its order: the rows under the headings of the
// form's first column, the two tables, and what the rows cite.
var Sections = sections()

func sections() []Section {
	titles := map[string]ropa.Text{
		"general":  {TH: "ผู้จัดทำและกิจกรรม", EN: "Who prepared it, and the activity"},
		"basis":    {TH: "ฐานกฎหมายและปริมาณข้อมูล", EN: "Lawful basis and volume"},
		"data":     {TH: "หมวดหมู่ของข้อมูล", EN: "Categories of data"},
		"roles":    {TH: "บทบาทของผู้ที่เกี่ยวข้องกับข้อมูล", EN: "Roles"},
		"storage":  {TH: "การจัดเก็บ", EN: "Storage"},
		"review":   {TH: "การทบทวน", EN: "Review"},
		"destroy":  {TH: "การทำลาย", EN: "Destruction"},
		"guide":    {TH: "แนวปฏิบัติของผู้ควบคุมข้อมูลส่วนบุคคล", EN: "Practice of the controller"},
		"breaches": {TH: "การแจ้งเหตุการละเมิดข้อมูลส่วนบุคคล", EN: "Breach notification"},
	}
	ids := []string{"general", "data", "basis", "roles", "storage", "review", "destroy", "guide", "breaches"}
	var out []Section
	heading := "-"
	for _, def := range ropa.Rows {
		if def.Section != heading {
			heading = def.Section
			id := ids[len(out)]
			out = append(out, Section{ID: id, Title: titles[id]})
		}
		last := &out[len(out)-1]
		last.Rows = append(last.Rows, def)
	}
	return append(out,
		Section{ID: "flow", Title: ropa.Text{TH: "ตารางขั้นตอนและการไหลของข้อมูล", EN: "Data-flow table"}, Paths: []string{"flow.heading", "flow.process", "flow.steps", "flow.note"}},
		Section{ID: "arrows", Title: ropa.Text{TH: "เส้นทางในแผนภาพ", EN: "Arrows of the diagram"}, Paths: []string{"flow.edges"}},
		Section{ID: "inventory", Title: ropa.Text{TH: "รายชื่อระบบเทคโนโลยีสารสนเทศ", EN: "Inventory of systems"}, Paths: []string{"inventory.heading", "inventory.main_system", "inventory.sub_system", "inventory.systems"}},
		Section{ID: "cited", Title: ropa.Text{TH: "บุคคล หน่วยงาน และเอกสารที่อ้างถึง", EN: "People, bodies and documents cited"}, Paths: []string{"parties", "documents"}},
		Section{ID: "remarks", Title: ropa.Text{TH: "หมายเหตุ", EN: "Remarks"}, Paths: []string{"remarks"}})
}

// SectionOf finds a section by its identifier.
func SectionOf(id string) (Section, bool) {
	i := slices.IndexFunc(Sections, func(s Section) bool { return s.ID == id })
	if i < 0 {
		return Section{}, false
	}
	return Sections[i], true
}

// Home is the section where a row of the form is written.
func Home(row string) string {
	for _, s := range Sections {
		if slices.ContainsFunc(s.Rows, func(d ropa.RowDef) bool { return d.ID == row }) {
			return s.ID
		}
	}
	return ""
}

// Parts are all parts of the record that a section writes, beside the words of its rows.
func (s Section) Parts() []string {
	out := slices.Clone(s.Paths)
	for _, def := range s.Rows {
		out = append(out, rowPaths[def.ID]...)
	}
	return out
}

// Digest is of everything that a section shows. Two records with the same digest have the
// same section, whatever else differs.
func (s Section) Digest(r *ropa.Revision) string {
	sum := sha256.New()
	part := &ropa.Revision{Form: ropa.Form{}}
	for _, def := range s.Rows {
		if row, ok := r.Form[def.ID]; ok {
			part.Form[def.ID] = row
		}
	}
	for _, p := range s.Parts() {
		at(part, p).Set(at(r, p))
	}
	text, _ := ropa.Marshal(part) // never fails: it writes into memory
	sum.Write(text)
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// at is the part of a record under a path without items of lists.
func at(r *ropa.Revision, path string) reflect.Value {
	v, ok := find(reflect.ValueOf(r).Elem(), path)
	if !ok {
		panic("edit: the record has no " + path)
	}
	return v
}

// find walks to a part of the record; numbers in the path are items of lists.
func find(v reflect.Value, path string) (reflect.Value, bool) {
	for path != "" {
		var key string
		key, path = cut(path)
		switch v.Kind() {
		case reflect.Struct:
			i, ok := fieldOf(v.Type(), key)
			if !ok {
				return v, false
			}
			v = v.Field(i)
		case reflect.Slice:
			n, err := strconv.Atoi(key)
			if err != nil || n < 0 || n >= v.Len() {
				return v, false
			}
			v = v.Index(n)
		default:
			return v, false
		}
	}
	return v, true
}

func cut(path string) (string, string) {
	for i := range len(path) {
		if path[i] == '.' {
			return path[:i], path[i+1:]
		}
	}
	return path, ""
}

func fieldOf(t reflect.Type, key string) (int, bool) {
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("yaml") == key {
			return i, true
		}
	}
	return 0, false
}
