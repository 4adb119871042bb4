package retention

import (
	"slices"

	"prasan/internal/errs"
	"prasan/internal/letters"
)

// State is where a destruction round stands.
type State string

const (
	Opened    State = "opened"
	Surveyed  State = "surveyed"  // บัญชีหนังสือขอทำลาย (form 25) is made
	Committee State = "committee" // a chair and at least two members are named
	Reviewed  State = "reviewed"  // each item is decided
	Archives  State = "archives"  // the list is with the National Archives
	Ordered   State = "ordered"   // by the duty holder of row 32
	Executed  State = "executed"
	Certified State = "certified"
)

// Paths of a round. Papers and what is kept as they are go by committee and National
// Archives (Regulation on Correspondence B.E. 2526, clauses 66 to 70); what is destroyed
// by the head's order alone goes straight from the survey to the order.
const (
	ByCommittee = "committee"
	ByOrder     = "order"
)

// Paths that a round may take, by its matter; the first is its path until the survey.
// Electronic letters are destroyed by the head's order alone, letters on paper and those
// with a class of secrecy by a committee, which for these the registrar of secrets leads.
var Paths = map[string][]string{
	"":                 {ByCommittee, ByOrder},
	letters.Electronic: {ByOrder},
	letters.OnPaper:    {ByCommittee},
	letters.Classified: {ByCommittee},
}

// laws are what the certificate of a round names, by its matter.
var laws = map[string]string{
	"":                 correspondence,
	letters.Electronic: "ระเบียบสำนักนายกรัฐมนตรีว่าด้วยงานสารบรรณ พ.ศ. 2526 และที่แก้ไขเพิ่มเติม (ฉบับที่ 4) พ.ศ. 2564; " + protection,
	letters.OnPaper:    correspondence,
	letters.Classified: "ระเบียบว่าด้วยการรักษาความลับของทางราชการ พ.ศ. 2544 และที่แก้ไขเพิ่มเติม; " + protection,
}

const (
	correspondence = "ระเบียบสำนักนายกรัฐมนตรีว่าด้วยงานสารบรรณ พ.ศ. 2526 ข้อ 66 ถึงข้อ 70; " + protection
	protection     = "พ.ร.บ. คุ้มครองข้อมูลส่วนบุคคล พ.ศ. 2562 มาตรา 37 (3)"
)

// Transition is a declared change of a round; what is not in the table does not happen.
type Transition struct {
	Action string
	From   []State
	To     State
	Path   string // "" for both
	By     string // "duty" is the holder of row 32; else an action of policy's table, or "system"
}

// Transitions is the whole workflow of a round; docs/workflow.md prints it.
var Transitions = []Transition{
	{"survey", []State{Opened, Surveyed}, Surveyed, "", "retention.work"},
	{"name-committee", []State{Surveyed, Committee}, Committee, ByCommittee, "duty"},
	{"decide", []State{Committee}, Committee, ByCommittee, "retention.work"},
	{"decide", []State{Surveyed}, Surveyed, ByOrder, "retention.work"},
	{"review", []State{Committee}, Reviewed, ByCommittee, "retention.work"},
	{"draft", []State{Reviewed}, Reviewed, ByCommittee, "retention.work"},
	{"consult", []State{Reviewed}, Archives, ByCommittee, "system"}, // when the letter leaves
	{"answer", []State{Archives}, Archives, ByCommittee, "retention.work"},
	{"order", []State{Archives}, Ordered, ByCommittee, "duty"},
	{"order", []State{Surveyed}, Ordered, ByOrder, "duty"},
	{"execute", []State{Ordered}, Executed, "", "system"},
	{"certify", []State{Executed}, Certified, "", "system"},
}

func transition(r *Round, action string) (Transition, error) {
	for _, t := range Transitions {
		if t.Action == action && slices.Contains(t.From, r.State) && (t.Path == "" || t.Path == r.Path) {
			return t, nil
		}
	}
	return Transition{}, errs.New(errs.Conflict, "error.round-transition", "action", action, "state", string(r.State))
}

// Next lists the actions that a round's state allows people.
func Next(r *Round) []string {
	var out []string
	for _, t := range Transitions {
		if t.By != "system" && slices.Contains(t.From, r.State) && (t.Path == "" || t.Path == r.Path) {
			out = append(out, t.Action)
		}
	}
	return out
}
