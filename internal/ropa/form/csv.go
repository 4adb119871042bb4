package form

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"prasan/internal/ropa"
)

// The columns of our CSV. A row of the form has its identifier; everything else the
// path of a value in the canonical form (RFC 6901). check tells an edit of a row.
var csvHead = []string{"field_id", "ordinal", "label_th", "value", "status", "check"}

func writeCSV(r *ropa.Revision, w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("\ufeff")
	out := csv.NewWriter(&b)
	out.UseCRLF = true
	write := func(id string, ordinal int, label, value string, status ropa.State, check string) error {
		return out.Write([]string{id, strconv.Itoa(ordinal), escape(label), escape(value), string(status), check})
	}
	err := out.Write(csvHead)
	for i := range ropa.Rows {
		d := &ropa.Rows[i]
		row, ok := r.Form[d.ID]
		text := ropa.Clean(row.Text)
		check := checkOf(text, row.State)
		if !ok {
			row.State, check = ropa.RowAbsent, ""
		}
		err = errors.Join(err, write(d.ID, d.No, d.Ask, text, row.State, check))
	}
	rest := *r
	rest.Form = nil
	for i, v := range leaves(&rest) {
		err = errors.Join(err, write(v.path, i+1, labelOf(v.path), v.text, v.kind, ""))
	}
	out.Flush()
	if err = errors.Join(err, out.Error()); err != nil {
		return err
	}
	_, err = w.Write(b.Bytes())
	return err
}

func checkOf(text string, state ropa.State) string {
	sum := sha256.Sum256([]byte(string(state) + "\x00" + text))
	return hex.EncodeToString(sum[:4])
}

// escape keeps a spreadsheet from taking a text for a formula.
func escape(s string) string {
	if len(s) > 1 && strings.ContainsRune("=+-@\t\r'", rune(s[0])) || s == "'" || s == "=" {
		return "'" + s
	}
	return s
}

func unescape(s string) string {
	if len(s) > 1 && s[0] == '\'' && strings.ContainsRune("=+-@\t\r'", rune(s[1])) {
		return s[1:]
	}
	return s
}

// leaf is one value of the canonical form.
type leaf struct {
	path, text string
	kind       ropa.State // holds nothing: a list or mapping without items
}

const emptyThing = ropa.State("empty")

// leaves lists the values of the canonical form in its order.
func leaves(r *ropa.Revision) []leaf {
	text, err := ropa.MarshalJSON(r)
	if err != nil {
		panic(err) // a revision always has a canonical form
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var out []leaf
	walkJSON(d, "", &out)
	return out
}

func walkJSON(d *json.Decoder, path string, out *[]leaf) {
	t, err := d.Token()
	if err != nil {
		return
	}
	switch x := t.(type) {
	case json.Delim:
		n := 0
		for ; d.More(); n++ {
			key := strconv.Itoa(n)
			if x == '{' {
				k, _ := d.Token()
				key = fmt.Sprint(k)
			}
			walkJSON(d, path+"/"+key, out)
		}
		_, _ = d.Token() // the closing bracket
		if n == 0 {
			*out = append(*out, leaf{path, string(x) + string(x+2), emptyThing})
		}
	default:
		*out = append(*out, leaf{path, fmt.Sprint(x), ""})
	}
}

var csvLabels = map[string]string{"name": "ชื่อกิจกรรม", "process_group": "กระบวนการหลัก", "controller": "ผู้ควบคุมข้อมูล", "parties": "บุคคลและหน่วยงาน", "documents": "เอกสารอ้างอิง", "elements": "ข้อมูลส่วนบุคคล", "purposes": "วัตถุประสงค์",
	"notices": "คำประกาศ", "sources": "ที่มา", "access": "ผู้เข้าถึง", "class": "ชั้นข้อมูล", "recipients": "ผู้รับ", "legal_bases": "ฐานกฎหมาย", "volume": "ปริมาณ", "rights_csu": "การบริหารจัดการข้อมูล", "duties": "บทบาท",
	"stores": "การจัดเก็บ", "retention": "ระยะเวลาจัดเก็บ", "review": "การทบทวน", "destruction": "การทำลาย", "controls": "มาตรการ", "transfer": "การส่งมอบ", "monitoring": "การติดตาม", "breach": "เหตุละเมิด", "collection": "ระดับการเก็บ",
	"flow": "ขั้นตอน", "inventory": "รายชื่อระบบ", "remarks": "หมายเหตุ"}

func labelOf(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return csvLabels[first]
}

func isOurCSV(text string) bool {
	head, _, _ := strings.Cut(text, "\n")
	return strings.Contains(head, "field_id") && strings.Contains(head, "value")
}

// importCSV reads our CSV: whole, or its rows of the form alone.
func importCSV(text string) (Result, error) {
	records, err := csvRecords(text)
	if err != nil {
		return Result{}, err
	}
	rd := &reader{Result: Result{Format: "csv"}, fields: map[string]Field{}, rev: blank()}
	root := &node{}
	var edits []edit
	for _, c := range records {
		place := fmt.Sprintf("line %d", c.line)
		switch d := ropa.RowByID(c.id); {
		case d != nil:
			edits = append(edits, rd.csvRow(d, c, place)...)
		case strings.HasPrefix(c.id, "/") && root.set(strings.Split(c.id[1:], "/"), c.value, c.state == string(emptyThing)):
		default:
			rd.Unplaced = append(rd.Unplaced, Piece{c.value, place, c.id})
		}
	}
	if root.children == nil {
		rd.finish()
		return rd.Result, nil
	}
	rev, err := rd.assemble(root)
	if err != nil {
		return Result{}, err
	}
	apply(&rd.Result, rev, edits)
	rd.Revision, rd.Fields = rev, fieldsOf(rev, func(id string) string { return rd.fields[id].Place })
	return rd.Result, nil
}

type csvRecord struct {
	line             int
	id, value, state string
	check            string
}

func csvRecords(text string) ([]csvRecord, error) {
	head, _, _ := strings.Cut(text, "\n")
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	if strings.Count(head, ";") > strings.Count(head, ",") {
		r.Comma = ';'
	} else if strings.Count(head, "\t") > strings.Count(head, ",") {
		r.Comma = '\t'
	}
	var out []csvRecord
	var columns []string
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, &Refusal{"broken CSV: " + err.Error(), "save it again as CSV (UTF-8)", "ไฟล์ CSV เสียหาย โปรดบันทึกใหม่เป็น CSV (UTF-8)"}
		}
		line, _ := r.FieldPos(0)
		if columns == nil {
			columns = cells
			continue
		}
		get := func(name string) string {
			if i := slices.Index(columns, name); i >= 0 && i < len(cells) {
				return cells[i]
			}
			return ""
		}
		if id := strings.TrimSpace(get("field_id")); id != "" || get("value") != "" {
			out = append(out, csvRecord{line, id, unescape(get("value")), get("status"), get("check")})
		}
	}
}

// csvRow takes a row of the form; one whose check does not fit was edited.
func (rd *reader) csvRow(d *ropa.RowDef, c csvRecord, place string) []edit {
	if _, twice := rd.fields[d.ID]; twice {
		rd.Unplaced = append(rd.Unplaced, Piece{c.value, place, d.ID})
		rd.ask(d.ID, place, c.value, "หัวข้อนี้ปรากฏสองครั้ง", "this row stands twice")
		return nil
	}
	state := ropa.State(c.state)
	if !slices.Contains(ropa.States, state) && (c.check == "" || state != "") {
		state = stateOf(c.value)
	}
	edited := c.check != "" && c.check != checkOf(c.value, state)
	if edited && state == ropa.State(c.state) {
		state = stateOf(c.value)
	}
	if state == ropa.RowAbsent && c.value == "" && c.check == "" {
		return nil
	}
	rd.fields[d.ID] = Field{d.ID, d.No, c.value, state, 1, place}
	rd.rev.Form[d.ID] = ropa.Row{State: state, Text: c.value}
	if edited {
		return []edit{{id: d.ID, text: c.value, place: place}}
	}
	return nil
}

// assemble makes a record of its values.
func (rd *reader) assemble(root *node) (*ropa.Revision, error) {
	text, err := json.Marshal(root.value())
	if err != nil {
		return nil, err
	}
	rev, err := ropa.Decode(text)
	if err != nil {
		return nil, err
	}
	rev.Form = rd.rev.Form
	return rev, ropa.Validate(rev)
}

// node is a mapping or list under construction.
type node struct {
	text     string
	empty    bool
	children map[string]*node
}

var index = regexp.MustCompile(`^(0|[1-9][0-9]{0,4})$`)

func (n *node) set(path []string, text string, empty bool) bool {
	if len(path) > 20 || n.text != "" {
		return false
	}
	if len(path) == 0 {
		if n.children != nil {
			return false
		}
		n.text, n.empty = text, empty
		return true
	}
	if n.children == nil {
		n.children = map[string]*node{}
	}
	child := n.children[path[0]]
	if child == nil {
		child = &node{}
		n.children[path[0]] = child
	} else if len(path) == 1 {
		return false // said twice
	}
	return child.set(path[1:], text, empty)
}

// value is the tree for encoding: keys that are all numbers from 0 make a list.
func (n *node) value() any {
	if n.children == nil {
		switch {
		case n.empty && n.text == "{}":
			return map[string]any{}
		case n.empty:
			return []any{}
		}
		return n.text
	}
	list := make([]any, len(n.children))
	for key, c := range n.children {
		i, err := strconv.Atoi(key)
		if err != nil || !index.MatchString(key) || i >= len(list) {
			list = nil
			break
		}
		list[i] = c.value()
	}
	if list != nil {
		return list
	}
	out := map[string]any{}
	for key, c := range n.children {
		out[key] = c.value()
	}
	return out
}
