package form

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"prasan/internal/doc/flow"
	"prasan/internal/ropa"
)

// laneNames are the parties of the picture, by the codes of ropa.Lanes.
var laneNames = map[string]ropa.Text{
	"user":           {TH: "ผู้ใช้งานทั่วไป", EN: "General user"},
	"website":        {TH: "ระบบ Website", EN: "Website"},
	"agency":         {TH: "หน่วยงานภายใต้สังกัด สปอ.", EN: "Agency of the Office"},
	"related-agency": {TH: "หน่วยงานที่เกี่ยวข้อง", EN: "Related agency"},
	"provider":       {TH: "ผู้ให้บริการ", EN: "Provider"},
	"":               {TH: "ไม่ระบุหน่วยงาน", EN: "Party not stated"},
}

var legends = map[string]flow.Legend{
	"th": {Heading: "หมายเหตุ", Electronic: "หมายถึง ดำเนินการด้วยอิเล็กทรอนิกส์", Paper: "หมายถึง ดำเนินการด้วยเอกสาร", Either: "หมายถึง ดำเนินการด้วยอิเล็กทรอนิกส์และ/หรือเอกสาร", Unknown: "หมายถึง ยังไม่ระบุวิธีดำเนินการ", Undeclared: "หมายถึง เกิดขึ้นจริงแต่ไม่มีในบันทึก"},
	"en": {Heading: "Key", Electronic: "done electronically", Paper: "done on paper", Either: "done electronically, on paper, or both", Unknown: "medium not stated", Undeclared: "happened, but is not in the record"},
}

// Passage is how often a way between two steps was really gone.
type Passage struct{ From, To, Count int }

// Diagram is the data-flow diagram of a record, in "th" or "en". Lanes without a step
// are left out.
func Diagram(r *ropa.Revision, lang string) *flow.Diagram { return diagram(r, lang, nil) }

// Observed is the same diagram with what really happened: arrows as wide as often they
// were gone, and ways that the record does not know marked.
func Observed(r *ropa.Revision, lang string, passages []Passage) *flow.Diagram {
	return diagram(r, lang, passages)
}

func diagram(r *ropa.Revision, lang string, passages []Passage) *flow.Diagram {
	if lang != "en" {
		lang = "th"
	}
	say := func(t ropa.Text) string {
		if lang == "en" && t.EN != "" {
			return t.EN
		}
		return t.TH
	}
	d := &flow.Diagram{Legend: legends[lang]}
	d.Title = r.Flow.Heading
	if lang == "en" || d.Title == "" {
		d.Title = "Data Flow Diagram : " + say(r.ProcessGroup.Name) + " : " + say(r.Name)
	} else if name := say(r.Name); name != "" && !strings.Contains(d.Title, name) {
		d.Title += " : " + name
	}
	lanes := lanesOf(r)
	for _, code := range lanes {
		d.Lanes = append(d.Lanes, say(laneNames[code]))
	}
	for _, s := range r.Flow.Steps {
		d.Nodes = append(d.Nodes, flow.Node{No: s.No, Lane: slices.Index(lanes, s.Lane), Text: say(ropa.Text{TH: s.Title, EN: s.TitleEN}), Decision: s.Decision})
	}
	for _, e := range r.Flow.Edges {
		d.Edges = append(d.Edges, flow.Edge{From: e.From, To: e.To, Medium: flow.Medium(e.Medium), Text: say(e.Condition)})
	}
	observe(d, passages)
	d.Description = describe(d, lang)
	return d
}

// lanesOf are the lanes that steps stand in, in the order of the form.
func lanesOf(r *ropa.Revision) []string {
	var out []string
	for _, code := range append(slices.Clone(ropa.Lanes), "") {
		if slices.ContainsFunc(r.Flow.Steps, func(s ropa.Step) bool { return s.Lane == code }) {
			out = append(out, code)
		}
	}
	return out
}

func observe(d *flow.Diagram, passages []Passage) {
	most := 0
	for _, p := range passages {
		most = max(most, p.Count)
	}
	for _, p := range passages {
		i := slices.IndexFunc(d.Edges, func(e flow.Edge) bool { return e.From == p.From && e.To == p.To })
		if i < 0 {
			d.Edges = append(d.Edges, flow.Edge{From: p.From, To: p.To, Medium: flow.Electronic, Undeclared: true})
			i = len(d.Edges) - 1
		}
		d.Edges[i].Count = p.Count
		d.Edges[i].Share = float64(p.Count) / float64(max(1, most))
	}
}

// describe says the picture in words, for who does not see it.
func describe(d *flow.Diagram, lang string) string {
	text := map[int]string{}
	for _, n := range d.Nodes {
		text[n.No] = n.Text
	}
	var out []string
	for _, n := range d.Nodes {
		s := fmt.Sprintf("%d. %s (%s)", n.No, n.Text, d.Lanes[n.Lane])
		for _, e := range d.Edges {
			if e.From == n.No {
				arrow := " → " + fmt.Sprint(e.To)
				if e.Text != "" {
					arrow += " (" + e.Text + ")"
				}
				if e.Count > 0 {
					arrow += map[string]string{"th": fmt.Sprintf(" %d ครั้ง", e.Count), "en": fmt.Sprintf(" %d times", e.Count)}[lang]
				}
				s += arrow
			}
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func writeSVG(r *ropa.Revision, w io.Writer) error {
	return flow.SVG(Diagram(r, "th"), "flow-"+r.Code, w)
}
