package ecms

import (
	"context"
	"time"
)

// Kinds of notices about a letter (3.2.2 to 3.2.6 of the standard).
const (
	Receive       = "ReceiveLetterNotifier"   // ส่งหนังสือตอบรับ
	Accept        = "AcceptLetterNotifier"    // ส่งหนังสือแจ้งเลขรับ
	Reject        = "RejectLetterNotifier"    // ส่งหนังสือปฏิเสธ
	Invalid       = "InvalidLetterNotifier"   // แจ้งหนังสือผิด
	InvalidAccept = "InvalidAcceptIDNotifier" // แจ้งเลขรับผิด, from the sender to the receiver
)

// Kinds lists the notices.
var Kinds = []string{Receive, Accept, Reject, Invalid, InvalidAccept}

// DocumentKind is the name of what carries a letter.
const DocumentKind = "GovernmentDocument"

// Party is who sends or receives.
type Party struct {
	GivenName, FamilyName, JobTitle string
	Ministry, Department            string // codes
}

// Reference is a letter that is referred to.
type Reference struct{ ID, Date, Subject string }

// File is a file with its media type. A large one may be given piece by piece instead of
// in memory: then Size is its length, and Pieces can be asked more than once.
type File struct {
	Mime   string
	Data   []byte
	Size   int
	Pieces func(give func([]byte) error) error
}

// Length is how many bytes it has.
func (f File) Length() int {
	if f.Pieces != nil {
		return f.Size
	}
	return len(f.Data)
}

// Each gives what it holds, from the beginning.
func (f File) Each(give func([]byte) error) error {
	if f.Pieces != nil {
		return f.Pieces(give)
	}
	return give(f.Data)
}

// Letter is rsm:GovernmentDocument. Dates are YYYY-MM-DD of the Gregorian calendar.
type Letter struct {
	ID, Date, Subject string
	Secret, Speed     string // codes 001 to 004
	Sender, Receiver  Party
	References        []Reference
	Attachment        string // list of enclosures; "-" for none
	SendDate          time.Time
	Description       string
	Main              File
	Attachments       []File
	// Document is the GovernmentDocument as it was signed; nil for a letter without a
	// signature. It is sent on byte by byte.
	Document *Document
}

// Notice is what one side tells the other about a letter. A letter is known by its number,
// its date, its subject and the codes of the departments.
type Notice struct {
	Kind                    string
	LetterID, Date, Subject string
	AcceptID                string // เลขรับ
	AcceptDate              string
	AcceptDepartment        string
}

// Ref names a letter for deleting it and for asking for it again.
type Ref struct {
	LetterID, Date                     string
	SenderDepartment, AcceptDepartment string
}

// Receipt is what a node gives for what it took.
type Receipt struct {
	ProcessID   string
	ProcessTime time.Time
}

// Item is the head of an inbound queue: a letter or a notice.
type Item struct {
	Receipt
	Letter *Letter
	Notice *Notice
}

// Organization is one that a node knows.
type Organization struct {
	ID, Thai, English, URL string
	Ministry               bool // it is the ministry of those whose codes begin like its own
}

// Code is a row of a code table.
type Code struct{ Value, Description string }

// Status tells how far an outbound item has come.
type Status struct{ ProcessID, LetterID, State string }

// Exchange is what an organisation can ask of its node. org is the id of the one who asks.
// What cannot be done is said by a *Fault.
type Exchange interface {
	Send(ctx context.Context, org string, l *Letter) (Receipt, error)
	Notify(ctx context.Context, org string, n Notice) (Receipt, error)
	Head(ctx context.Context, org string) (*Item, error) // nil: the queue is empty
	Remove(ctx context.Context, org, processID string) (Receipt, error)
	Delete(ctx context.Context, org string, r Ref) (Receipt, error)
	Again(ctx context.Context, org, kind string, r Ref) (*Item, error)
	Organizations(ctx context.Context) ([]Organization, error)
	// Statuses are those of what the organisation sent last, or, where a letter is named, of that.
	Statuses(ctx context.Context, org, letter string) ([]Status, error)
}

// Fault is an ErrorDetail: a refusal in the protocol's own terms.
type Fault struct{ Code, Description string }

// TryAgain is the ErrorCode of a node that cannot answer now; any other is its last word.
const TryAgain = "500"

func (f *Fault) Error() string { return "ecms: " + f.Code + ": " + f.Description }

// The code tables of the standard (tables 2-9 and 2-10).
var (
	SpeedCodes  = []Code{{"001", "ปกติ"}, {"002", "ด่วน"}, {"003", "ด่วนมาก"}, {"004", "ด่วนที่สุด"}}
	SecretCodes = []Code{{"001", "ปกติ"}, {"002", "ลับ"}, {"003", "ลับมาก"}, {"004", "ลับที่สุด"}}
	MimeCodes   = []Code{{"pdf", "application/pdf"}, {"jpg", "image/jpeg"}, {"tif", "image/tiff"}, {"png", "image/png"}, {"txt", "text/plain"}, {"xml", "application/xml"},
		{"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}, {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}}
)
