package form

import (
	"regexp"
	"strings"

	"prasan/internal/ropa"
)

// sends says that data goes to another, in a column about something else.
var sends = regexp.MustCompile(`(มีการส่ง|ส่งต่อ|ส่งข้อมูล|โอนข้อมูล|เปิดเผยข้อมูล)[^.]*?(ไปยัง|ให้แก่|แก่หน่วยงาน|ให้หน่วยงาน)`)

func (m *meaning) flow() {
	f := &m.rev.Flow
	open := false
	for i := range f.Steps {
		s := &f.Steps[i]
		model := m.modelStep(s.Title)
		m.who(s, model)
		for _, op := range ropa.Operations {
			open = !m.cell(s.Cell(op), op, model) || open
		}
		for j := range s.Systems {
			if s.Systems[j].State == ropa.Given {
				s.Systems[j].Code = m.system(s.Systems[j].Text)
			}
		}
	}
	if open {
		m.doubt("flow.steps", "", "ขั้นตอนใช้ข้อมูลเพื่อวัตถุประสงค์ข้อใด", "for which purpose do the steps use data?")
	}
	m.edges()
}

// modelStep is the step of the same title in the record of the same activity.
func (m *meaning) modelStep(title string) *ropa.Step {
	if m.model == nil {
		return nil
	}
	for i := range m.model.Flow.Steps {
		if s := &m.model.Flow.Steps[i]; alike(s.Title, title) > .92 {
			return s
		}
	}
	return nil
}

func (m *meaning) who(s, model *ropa.Step) {
	if s.Actor.State == ropa.Given {
		s.Actor.Code = m.actorOf(s.Actor.Text)
	}
	if model != nil {
		s.TitleEN, s.Lane, s.Decision = model.TitleEN, model.Lane, model.Decision
		return
	}
	s.Lane = m.lane(s)
}

// lane is the column of the picture: by the words of the actor.
func (m *meaning) lane(s *ropa.Step) string {
	switch text := s.Actor.Text; {
	case s.Actor.State == ropa.None && (len(m.rev.Flow.Steps) == 0 || s.No <= 2):
		return "user"
	case s.Actor.State != ropa.Given:
		return ""
	case m.kind(s.Actor.Code) == "provider" || strings.Contains(text, "ผู้ให้บริการ"):
		return "provider"
	case anyOf(text, "website", "เว็บไซต์"):
		return "website"
	case strings.Contains(text, "ที่เกี่ยวข้อง") || s.Actor.Code == "moi-departments":
		return "related-agency"
	case anyOf(text, "ผู้ใช้งาน", "ประชาชน", "ผู้แจ้ง", "ผู้ยื่น"):
		return "user"
	}
	return "agency"
}

// cell tags what a cell does with which data; it is false where the purpose is not known.
func (m *meaning) cell(c *ropa.Cell, op string, model *ropa.Step) bool {
	if c.State != ropa.Given {
		return true
	}
	codes, _ := mentioned(afterColon(c.Text))
	for _, code := range codes {
		if m.rev.HasElement(code) {
			c.Elements = append(c.Elements, code)
		}
	}
	if model != nil {
		if o := model.Cell(op); alike(o.Text, c.Text) > .95 {
			c.Operations, c.Purposes = o.Operations, m.declared(o.Purposes)
			for _, r := range o.Recipients {
				c.Recipients = append(c.Recipients, m.sameParty(r))
			}
			return true
		}
	}
	if op != "disclose" && sends.MatchString(c.Text) {
		c.Operations = []string{op, "disclose"}
	}
	return len(c.Elements) == 0
}

// afterColon is the part of a cell that lists data: after "ประกอบด้วย", if it says so.
func afterColon(text string) string {
	if _, list, ok := strings.Cut(text, "ประกอบด้วย"); ok {
		for _, end := range []string{" เพื่อ", " ที่ใช้", " ไว้ใน", " ไปยัง", " จาก"} {
			list, _, _ = strings.Cut(list, end)
		}
		return list
	}
	return text
}

func (m *meaning) declared(purposes []string) []string {
	var out []string
	for _, code := range purposes {
		for _, p := range m.rev.Purposes {
			if p.Code == code {
				out = append(out, code)
			}
		}
	}
	return out
}

// sameParty takes a party of the model over into the record.
func (m *meaning) sameParty(code string) string {
	if p, ok := m.model.Party(code); ok {
		m.addParty(p)
	}
	return code
}

func (m *meaning) system(name string) string {
	if code := lexicon().systems[squeeze(name)]; code != "" {
		return code
	}
	for key, code := range lexicon().systems {
		if alike(key, name) > .95 {
			return code
		}
	}
	return ""
}

// edges are the arrows. The table does not hold them: a known process has its own, any
// other is read in the order of its steps, and asked about.
func (m *meaning) edges() {
	f := &m.rev.Flow
	if len(f.Steps) < 2 {
		return
	}
	if m.model != nil && len(m.model.Flow.Steps) == len(f.Steps) {
		same := true
		for i := range f.Steps {
			same = same && m.modelStep(f.Steps[i].Title) == &m.model.Flow.Steps[i] && f.Steps[i].No == m.model.Flow.Steps[i].No
		}
		if same {
			for _, e := range m.model.Flow.Edges {
				f.Edges = append(f.Edges, ropa.Edge{From: e.From, To: e.To, Medium: "unknown"})
			}
		}
	}
	if f.Edges == nil {
		for i := 1; i < len(f.Steps); i++ {
			f.Edges = append(f.Edges, ropa.Edge{From: f.Steps[i-1].No, To: f.Steps[i].No, Medium: "unknown"})
		}
	}
	m.doubt("flow.edges", "", "ลูกศรใดในแผนภาพเป็นอิเล็กทรอนิกส์ ลูกศรใดเป็นเอกสาร และขั้นตอนใดเป็นทางแยก", "which arrows of the picture are electronic, which are paper, and where does the way part?")
}

func (m *meaning) inventory() {
	for i := range m.rev.Inventory.Systems {
		s := &m.rev.Inventory.Systems[i]
		m.systemCodes(s)
		for j := range s.Exchanges {
			m.exchange(&s.Exchanges[j])
		}
	}
}

func (m *meaning) systemCodes(s *ropa.System) {
	code(&s.Status, [][2]string{{"พัฒนา", "developing"}, {"ยกเลิก", "retired"}, {"เลิกใช้", "retired"}, {"ใช้งาน", "active"}})
	code(&s.ProcessingBy, [][2]string{{"ประมวลผลเอง", "self"}, {"ผู้อื่น", "other"}, {"ภายนอก", "other"}})
	code(&s.Hosting, [][2]string{{"cloud", "cloud"}, {"คลาวด์", "cloud"}, {"premise", "on-premise"}})
	code(&s.Region, [][2]string{{"ต่างประเทศ", "abroad"}, {"ในประเทศ", "domestic"}})
	m.valueParty(&s.Owner)
	m.valueParty(&s.Processor)
}

func (m *meaning) exchange(x *ropa.Exchange) {
	if x.Applied.Text != "" {
		x.Applied.Code = string(ropa.AnswerOf(x.Applied.Text))
	}
	codes, _ := mentioned(x.Data)
	for _, c := range codes {
		if m.rev.HasElement(c) {
			x.Elements = append(x.Elements, c)
		}
	}
	if x.Mode.State == ropa.Given {
		way, by := "", ""
		switch {
		case anyOf(x.Mode.Text, "ส่งข้อมูลให้", "ส่งให้"):
			way = "send"
		case anyOf(x.Mode.Text, "รับข้อมูลจาก", "รับจาก"):
			way = "receive"
		}
		switch {
		case anyOf(x.Mode.Text, "online", "เครือข่าย"):
			by = "_online_network"
		case anyOf(x.Mode.Text, "offline", "ไฟล์"):
			by = "_offline_file"
		}
		if way != "" && by != "" {
			x.Mode.Code = way + by
		}
	}
	m.valueParty(&x.Counterparty)
}

func (m *meaning) valueParty(v *ropa.Value) {
	if v.State != ropa.Given {
		return
	}
	v.Code = m.actorOf(v.Text)
}

// code gives a value the code of the first word that it holds.
func code(v *ropa.Value, words [][2]string) {
	if v.State != ropa.Given {
		return
	}
	for _, w := range words {
		if strings.Contains(strings.ToLower(v.Text), w[0]) {
			v.Code = w[1]
			return
		}
	}
}
