package ropa

import "strings"

// State says what a cell of the form holds. A form knows several kinds of nothing and
// they mean different things, so they are kept apart and never merged into "empty".
type State string

const (
	Given               State = "given"                 // a value
	No                  State = "no"                    // NO: a denial
	None                State = "none"                  // "ไม่มี" or "-": nothing of the kind
	NotApplicable       State = "not_applicable"        // N/A
	Pending             State = "pending"               // "รอข้อมูล": not known yet
	DelegatedToProvider State = "delegated_to_provider" // "เป็นไปตามข้อกำหนดและนโยบายของผู้ให้บริการ"
	RecipientConditions State = "recipient_conditions"  // "ภายใต้เงื่อนไขและการดำเนินการของหน่วยงาน"
	Blank               State = "blank"                 // the row is there, its cell is empty
	RowAbsent           State = "row_absent"            // the row itself is missing
	delegatedPhrase           = "เป็นไปตามข้อกำหนดและนโยบายของผู้ให้บริการ"
	recipientPhrase           = "ภายใต้เงื่อนไขและการดำเนินการของหน่วยงาน"
)

// States lists every state, values first.
var States = []State{Given, No, None, NotApplicable, Pending, DelegatedToProvider, RecipientConditions, Blank, RowAbsent}

// nothings are the words people write for a nothing, compared without case and spaces.
var nothings = map[string]State{
	"":      Blank,
	"no":    No,
	"-":     None,
	"–":     None,
	"—":     None,
	"ไม่มี": None,
	"n/a":   NotApplicable,
	"na":    NotApplicable,
	"ไม่เกี่ยวข้อง":     NotApplicable,
	"รอข้อมูล":          Pending,
	"อยู่ระหว่างรวบรวม": Pending,
	delegatedPhrase: DelegatedToProvider,
	recipientPhrase: RecipientConditions,
}

// StateOf reads the state from what was written in a cell.
func StateOf(text string) State {
	if s, ok := nothings[strings.ToLower(strings.Join(strings.Fields(text), ""))]; ok {
		return s
	}
	return Given
}

// Phrase is how people write a nothing on the form; "" for a value and for what is left
// empty.
func (s State) Phrase() string {
	return map[State]string{No: "NO", None: "ไม่มี", NotApplicable: "N/A", Pending: "รอข้อมูล", DelegatedToProvider: delegatedPhrase, RecipientConditions: recipientPhrase}[s]
}

// IsNothing tells whether the state says that no value is given.
func (s State) IsNothing() bool { return s != Given }

// Answer is a yes or no of the form, or the kind of nothing that stands instead.
type Answer string

const (
	Yes    Answer = "yes"
	NoWay  Answer = "no"
	Unsaid Answer = ""
)

// AnswerOf reads YES and NO as people write them.
func AnswerOf(text string) Answer {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "yes", "ใช่", "มี":
		return Yes
	case "no", "ไม่ใช่", "ไม่มี":
		return NoWay
	}
	return Unsaid
}
