package letters

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"time"

	"prasan/internal/org"
	"prasan/internal/thai"
)

// Activity is the code of the record under which letters are written and sent, and
// Purpose the purpose for which their content is opened.
const (
	Activity = "contact-us"
	Purpose  = "receive_and_forward"
)

// Kind is the form of a letter.
type Kind string

const (
	External Kind = "external" // หนังสือภายนอก (clause 11, form 1)
	Memo     Kind = "memo"     // บันทึกข้อความ (clause 12, form 2)
	Stamped  Kind = "stamped"  // หนังสือประทับตรา (clause 13, form 3)
)

// Kinds lists the kinds.
var Kinds = []Kind{External, Memo, Stamped}

// State is where a letter stands.
type State string

const (
	Draft      State = "draft"
	Checked    State = "checked"
	Approved   State = "approved" // signed; nothing of it changes any more
	Numbered   State = "numbered"
	Sealed     State = "sealed"
	Dispatched State = "dispatched"
	Cancelled  State = "cancelled"
)

// Secrecy is the class of secrecy (ชั้นความลับ). NoSecrecy is no class: nothing is printed.
type Secrecy string

const (
	NoSecrecy    Secrecy = "none"
	Confidential Secrecy = "confidential" // ลับ
	Secret       Secrecy = "secret"       // ลับมาก
	TopSecret    Secrecy = "top-secret"   // ลับที่สุด: on paper only
)

// Secrecies and Urgencies go from the least to the most.
var (
	Secrecies = []Secrecy{NoSecrecy, Confidential, Secret, TopSecret}
	Urgencies = []Urgency{NoUrgency, Urgent, VeryUrgent, MostUrgent}
)

// Urgency is the class of urgency (ชั้นความเร็ว, clause 28).
type Urgency string

const (
	NoUrgency  Urgency = "none"
	Urgent     Urgency = "urgent"      // ด่วน
	VeryUrgent Urgency = "very-urgent" // ด่วนมาก
	MostUrgent Urgency = "most-urgent" // ด่วนที่สุด
)

// Mark is what a class prints in red; "" for none.
func (s Secrecy) Mark() string {
	return map[Secrecy]string{Confidential: "ลับ", Secret: "ลับมาก", TopSecret: "ลับที่สุด"}[s]
}

// Mark is what a class prints in red; "" for none.
func (u Urgency) Mark() string {
	return map[Urgency]string{Urgent: "ด่วน", VeryUrgent: "ด่วนมาก", MostUrgent: "ด่วนที่สุด"}[u]
}

// Level orders the classes; -1 for what is none.
func (s Secrecy) Level() int {
	for i, x := range Secrecies {
		if x == s {
			return i
		}
	}
	return -1
}

// Letter is a letter without its content: what lists, registers and decisions need. Its
// subject stands in registers, so no person is named in it.
type Letter struct {
	ID           string
	Agency       string
	Kind         Kind
	State        State
	Series       string // ordinary, circular
	Secrecy      Secrecy
	Urgency      Urgency
	ClassifiedBy string
	To           string // code of the agency it goes to; "" for others
	ToName       string // as the register says it
	Subject      string // เรื่อง
	About        string // what it was written for, as its maker calls it
	Signer       Signer
	DraftedBy    string
	CheckedBy    string
	ApprovedBy   string
	ContentHash  []byte
	Number       int64
	NumberText   string // in Arabic digits; a letter prints Thai ones
	NumberedAt   time.Time
	SealedAt     time.Time
	DispatchedAt time.Time
	CancelledAt  time.Time
	CancelReason string
	VerifyCode   string
	FileHash     string // SHA-256 of the sealed PDF, or of the scan, in hex
	FileType     string // its media type
	Paper        bool   // signed by hand on paper; its file is the scan
	CreatedAt    time.Time
	ChangedAt    time.Time
	DestroyedAt  time.Time // since then the register has its line, and nobody its words
	Version      int64

	subjectKey string
	destroyAt  time.Time
	content    []byte
	file       []byte
}

// Content is what a letter says, in the order of clause 11. It is sealed.
type Content struct {
	Office     string      `json:"office"`  // ส่วนราชการเจ้าของหนังสือ
	Address    string      `json:"address"` // where it is
	Opening    string      `json:"opening"` // คำขึ้นต้น: เรียน
	Addressee  string      `json:"addressee"`
	References []Reference `json:"references,omitempty"`
	Enclosures []string    `json:"enclosures,omitempty"`
	Paragraphs []string    `json:"paragraphs"`
	Closing    string      `json:"closing"` // คำลงท้าย
	Owner      string      `json:"owner"`   // ส่วนราชการเจ้าของเรื่อง
	Phone      string      `json:"phone"`
	Email      string      `json:"email"`
	CopiesTo   []string    `json:"copies_to,omitempty"`
}

// Reference is a letter that is referred to (อ้างถึง).
type Reference struct {
	Number  string `json:"number"`
	Date    string `json:"date,omitempty"` // ISO 8601
	Subject string `json:"subject,omitempty"`
}

// Signer is the block under a letter: who signed, in which capacity, by which order.
type Signer struct {
	Account  string   `json:"account"`
	Name     string   `json:"name"`
	Capacity string   `json:"capacity"`
	Order    string   `json:"order,omitempty"`
	Lines    []string `json:"lines"` // below the name
}

// block makes the lines below the name. A provincial office is of the provincial
// administration: its head signs for the governor.
func block(s org.Signatory, agency org.Agency, position string) Signer {
	out := Signer{Account: s.Account, Name: s.Name, Capacity: s.Capacity, Order: s.Order}
	add := func(line string) { out.Lines = append(out.Lines, line) }
	if s.Capacity != org.AsHead && position != "" {
		add(position)
	}
	switch s.Capacity {
	case org.AsHead:
		add(agency.Head.TH)
	case org.AsActing:
		add("รักษาราชการแทน " + agency.Head.TH)
	default:
		add("ปฏิบัติราชการแทน " + agency.Head.TH)
	}
	if agency.Kind == org.Provincial {
		add("ปฏิบัติราชการแทน " + agency.Addressee.TH)
	}
	if s.Order != "" {
		add("ตามคำสั่งที่ " + s.Order)
	}
	return out
}

// hash binds what is approved: the content, the class, the recipient, the block.
func (l *Letter) hash(c *Content) ([]byte, error) {
	text, err := json.Marshal(struct {
		ID, Agency, Kind, Series, Secrecy, Urgency, To, ToName, Subject string
		Content                                                         *Content
		Signer                                                          Signer
	}{l.ID, l.Agency, string(l.Kind), l.Series, string(l.Secrecy), string(l.Urgency), l.To, l.ToName, l.Subject, c, l.Signer})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	return sum[:], nil
}

// series is the row of numbers a letter takes its own from: letters with a class of
// secrecy have a register of their own.
func (l *Letter) series() string {
	if l.Secrecy != NoSecrecy {
		return "secret"
	}
	return l.Series
}

// ThaiDigits turns the digits of a letter's text into Thai ones; addresses and what has
// Latin letters stay as they are.
func ThaiDigits(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		n := strings.IndexAny(text, " \n\t\u00a0")
		if n < 0 {
			n = len(text)
		}
		word := text[:n]
		if !strings.ContainsFunc(word, func(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '@' }) {
			word = thai.Digits(word)
		}
		b.WriteString(word)
		for n < len(text) && strings.ContainsRune(" \n\t", rune(text[n])) {
			b.WriteByte(text[n])
			n++
		}
		if n < len(text) && strings.HasPrefix(text[n:], "\u00a0") {
			b.WriteString("\u00a0")
			n += len("\u00a0")
		}
		text = text[n:]
	}
	return b.String()
}
