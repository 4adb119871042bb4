package policy

import (
	"time"

	"prasan/internal/thai"
)

// Text is a phrase in the two languages of the product. TH is never empty.
type Text struct{ TH, EN string }

// In returns the phrase in lang, Thai when the English is missing.
func (t Text) In(lang string) string {
	if lang == "en" && t.EN != "" {
		return t.EN
	}
	return t.TH
}

// Snapshot is one effective revision of one activity, compiled into what the
// program obeys. It is immutable once compiled; nodes swap whole snapshots.
type Snapshot struct {
	Activity   string // code, e.g. "contact-us"
	Name       Text
	Revision   int    // n of the revision, from 1
	RevisionID string // id in the register's store; empty for a file not yet stored
	SHA256     string // hex, of the canonical form of the revision

	Elements   []Element
	Purposes   []Purpose
	Access     []Principal
	Duties     map[Duty][]Principal
	Retention  Retention            // of the case, or of whatever the activity's anchor is
	Kept       map[string]Retention // of elements that are kept for another time, by code
	Basis      []Basis
	Levels     []Level // of usage collection, each with its basis
	Transfer   TransferRule
	Review     Cycle
	Monitoring Cycle
	Class      Class
	Liaison    []Principal   // who tells the Office of the PDPC within 72 hours (row 53)
	Breaches   []Responsible // who acts on a breach, by its risk (row 52)
	Recipients []Recipient   // domestic recipients; empty means none is declared
	Transfers  []Transfer    // recipients abroad; empty means none is declared
	Notices    []Notice
	Controller Controller
	Rights     []string // codes of rights that apply, by the lawful basis
	Public     bool     // may the data be published (row 18)
}

// Element is a personal datum the record declares (PDPA s.39(1)).
type Element struct {
	Code     string // given_name, family_name, mobile_phone, email, ...
	Label    Text
	Kind     string // form | content | technical | account
	Class    string // restricted | internal | public
	Required bool
	Why      Text // why it is asked, shown at the field (PDPA s.23(1))
}

// Purpose is a declared purpose and the elements that may be read for it (s.39(2)).
type Purpose struct {
	Code     string // verify_identity, improve_service, receive_and_forward, communicate
	Text     Text
	Basis    string // code of the lawful basis it rests on
	Elements []string
}

// PrincipalKind tells how a principal of the record is resolved to people.
type PrincipalKind string

const (
	HeadOrDelegate PrincipalKind = "head-or-delegate" // หัวหน้าส่วนราชการหรือผู้ที่ได้รับมอบหมาย
	DPO            PrincipalKind = "dpo"
	Person         PrincipalKind = "person"   // Ref is the person's key
	Position       PrincipalKind = "position" // Ref is the position's key, e.g. ict-director
	Unit           PrincipalKind = "unit"     // Ref is an organisation's code: its own people
	Within         PrincipalKind = "within"   // Ref is an organisation's code: people of it and of the bodies under it
	Provider       PrincipalKind = "provider"
	Officer        PrincipalKind = "officer" // เจ้าหน้าที่ผู้รับผิดชอบหรือผู้ที่ได้รับมอบหมาย
)

// Principal is one who the record names, as the record names him.
type Principal struct {
	Kind PrincipalKind
	Ref  string
	Text Text // as printed
}

// Responsible is one who acts on a breach from a level of risk up; "" is from any.
type Responsible struct {
	Principal
	RiskLevel string
}

// Duty is one of the ten roles of rows 24-33.
type Duty string

const (
	DutyCreate    Duty = "create"
	DutyCollect   Duty = "collect"
	DutyClassify  Duty = "classify"
	DutyUse       Duty = "use"
	DutyStore     Duty = "store"
	DutyDisclose  Duty = "disclose"
	DutyInspect   Duty = "inspect"
	DutyReview    Duty = "review"
	DutyTerminate Duty = "terminate"
	DutyGrant     Duty = "grant"
)

// Level is one level of usage collection: what is counted without asking, and what only
// with consent.
type Level struct {
	Code     string // L0 .. L3
	Basis    string
	Elements []string
	Text     Text
}

// TransferRule is what is checked before and at handing data over (rows 46-49).
type TransferRule struct {
	PreChecks      []Text
	DeliveryChecks []Text
	After          Text
}

// Cycle is how often something is done; the zero value is never.
type Cycle struct{ Years, Months, Days int }

// Next is the first moment of the cycle after t.
func (c Cycle) Next(t time.Time) time.Time { return addCalendar(t, c.Years, c.Months, c.Days) }

// IsZero tells whether there is no cycle.
func (c Cycle) IsZero() bool { return c == Cycle{} }

// Class is the classification of the data (rows 14, 15 and 18).
type Class struct{ Restricted, Internal, Public bool }

// Retention is how long a record of value is kept (s.39(4)).
type Retention struct {
	Years, Months, Days int
	Anchor              string // "case.closed_at"
	OrOnOrder           bool
	Round               string // calendar-year-end | fiscal-year-end
}

// DueAt returns when the period that began at anchor ends, in Bangkok's calendar. A day
// that the last month does not have is its last day (Civil and Commercial Code s.193/5).
func (r Retention) DueAt(anchor time.Time) time.Time {
	return addCalendar(anchor, r.Years, r.Months, r.Days)
}

// Before is the moment before which the period must have begun to be over at t.
func (r Retention) Before(t time.Time) time.Time {
	return addCalendar(t, -r.Years, -r.Months, -r.Days)
}

// YearEnd is when a year ends, as the record counts years (row 38): with the calendar, or
// with the budget on 30 September.
func (r Retention) YearEnd(year int) time.Time {
	if r.Round == "fiscal-year-end" {
		return time.Date(year, time.October, 1, 0, 0, 0, 0, thai.Bangkok).UTC()
	}
	return time.Date(year+1, time.January, 1, 0, 0, 0, 0, thai.Bangkok).UTC()
}

// YearOver is the newest year that was over at t.
func (r Retention) YearOver(t time.Time) int {
	year := t.In(thai.Bangkok).Year()
	if t.Before(r.YearEnd(year)) {
		year--
	}
	return year
}

// RoundBefore is the last end of a year at or before t.
func (r Retention) RoundBefore(t time.Time) time.Time { return r.YearEnd(r.YearOver(t)) }

func addCalendar(t time.Time, years, months, days int) time.Time {
	l := t.In(thai.Bangkok)
	first := time.Date(l.Year(), l.Month(), 1, l.Hour(), l.Minute(), l.Second(), l.Nanosecond(), thai.Bangkok).AddDate(years, months, 0)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(l.Day(), last)-1+days).UTC()
}

// Basis is a lawful basis with its section, e.g. code "public-task", citation "24(4)".
type Basis struct {
	Code, Citation string
	Text           Text
}

// Recipient is a body inside the Kingdom to which data may go (row 16, s.39(6)).
type Recipient struct {
	Org             string   // agency code or group code, e.g. "moi-agencies"
	Members         []string // codes of the agencies it stands for
	Text            Text
	Via             []string // e-saraban, email, file, paper
	Elements        []string
	LetterRequired  bool
	SecrecyRequired bool
}

// Transfer is a recipient abroad (row 17, PDPA ss.28-29).
type Transfer struct {
	Code      string
	Recipient Text
	Country   string
	Safeguard string
	Basis     string
	Elements  []string
}

// Notice names a document that must be shown before collection (PDPA s.23).
type Notice struct {
	Kind  string // privacy_notice | consent_form | cookie_policy
	Title Text
}

// Controller is who answers for the processing (s.39(3)).
type Controller struct{ Organisation, Department Text }

// Actor is a person at the moment of acting, as the org resolved him.
type Actor struct {
	Account   string   // account name; "" for a member of the public
	Person    string   // person key where the record names persons
	Agency    string   // agency code
	Above     []string // the agencies to which it belongs, nearest first
	Roles     []string
	Positions []string // position keys held now
	IsHead    bool     // head or acting head of Agency now
	Orders    []Order  // delegation orders in force now
}

// Order is a delegation order in force: the person acts as ผู้ที่ได้รับมอบหมาย.
type Order struct {
	Number   string
	Activity string // activity code it covers, "*" for all
	Agency   string
}

// Decision is an answer and why; the zero value is a refusal.
type Decision struct {
	Allowed  bool
	Elements []string // what may be seen
	Ground   string   // principal or order the answer rests on, for the log
	Reason   string   // i18n key of a refusal
}
