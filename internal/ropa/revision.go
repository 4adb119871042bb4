package ropa

import "slices"

// APIVersion and Kind head every canonical file.
const (
	APIVersion = "ropa/v1"
	Kind       = "Activity"
)

// Text is a phrase in Thai, with English where there is one.
type Text struct {
	TH string `yaml:"th"`
	EN string `yaml:"en"`
}

// Revision is one immutable state of the record of one activity. Form keeps the 53
// rows word for word; everything else is what they mean.
type Revision struct {
	APIVersion   string       `yaml:"apiVersion"`
	Kind         string       `yaml:"kind"`
	Code         string       `yaml:"code"`
	Number       int          `yaml:"revision"`
	PrevSHA256   string       `yaml:"prev_sha256"`
	Name         Text         `yaml:"name"`
	PreparedBy   string       `yaml:"prepared_by"`
	ProcessGroup ProcessGroup `yaml:"process_group"`
	Controller   Controller   `yaml:"controller"`
	Parties      []Party      `yaml:"parties"`
	Documents    []Document   `yaml:"documents"`
	Forms        []string     `yaml:"forms"`
	Elements     []Element    `yaml:"elements"`
	Purposes     []Purpose    `yaml:"purposes"`
	Notices      []Notice     `yaml:"notices"`
	Sources      []Source     `yaml:"sources"`
	Access       []Principal  `yaml:"access"`
	Class        Class        `yaml:"class"`
	Recipients   Recipients   `yaml:"recipients"`
	LegalBases   []LegalBasis `yaml:"legal_bases"`
	Volume       Volume       `yaml:"volume"`
	CSU          CSU          `yaml:"rights_csu"`
	Duties       Duties       `yaml:"duties"`
	Stores       []Store      `yaml:"stores"`
	Retention    []Retention  `yaml:"retention"`
	Review       Cycle        `yaml:"review"`
	Destruction  Destruction  `yaml:"destruction"`
	LegalRefs    []string     `yaml:"legal_refs"`
	Controls     Controls     `yaml:"controls"`
	Transfer     TransferRule `yaml:"transfer"`
	Monitoring   Cycle        `yaml:"monitoring"`
	Rights       Rights       `yaml:"rights"`
	Breach       Breach       `yaml:"breach"`
	Collection   []Level      `yaml:"collection"`
	Form         Form         `yaml:"form"`
	Flow         Flow         `yaml:"flow"`
	Inventory    Inventory    `yaml:"inventory"`
	Remarks      []string     `yaml:"remarks"`
}

// ProcessGroup is the main process or system to which the activity belongs (row 4).
type ProcessGroup struct {
	Code string `yaml:"code"`
	Name Text   `yaml:"name"`
}

// Controller is who answers for the processing (rows 2, 3, 6 and 7; s.39(3)). The
// values are codes of Parties.
type Controller struct {
	Organisation string   `yaml:"organisation"`
	Department   string   `yaml:"department"`
	OwnerUnit    string   `yaml:"owner_unit"`
	Stewards     []string `yaml:"stewards"`
	DPO          string   `yaml:"dpo"`
}

// Party is a body, person, position or provider that the record names.
type Party struct {
	Code    string   `yaml:"code"`
	Kind    string   `yaml:"kind"` // organisation | group | person | position | provider
	Name    Text     `yaml:"name"`
	Members []string `yaml:"members"` // of a group: codes of bodies
}

// Document is a paper that rows cite: a regulation, a policy, an agreement.
type Document struct {
	Code  string `yaml:"code"`
	Title Text   `yaml:"title"`
	URL   string `yaml:"url"`
	Year  int    `yaml:"year"` // Common Era
}

// Element is a personal datum that is collected (row 9; s.39(1)).
type Element struct {
	Code     string `yaml:"code"`
	Label    Text   `yaml:"label"`
	Kind     string `yaml:"kind"`    // form | content | technical | account
	Class    string `yaml:"class"`   // restricted | internal | public
	Subject  string `yaml:"subject"` // whose datum it is
	Required bool   `yaml:"required"`
	Why      Text   `yaml:"why"` // shown at the field (s.23(1))
}

// Purpose is why data is collected, and which elements it needs (row 10; s.39(2)).
type Purpose struct {
	Code     string   `yaml:"code"`
	Text     Text     `yaml:"text"`
	Basis    string   `yaml:"basis"` // code of a legal basis
	Elements []string `yaml:"elements"`
}

// Notice is a document shown before collection (row 11; s.23).
type Notice struct {
	Kind  string `yaml:"kind"` // privacy_notice | consent_form | cookie_policy
	Title Text   `yaml:"title"`
}

// Source is where the data comes from (row 12).
type Source struct {
	Kind string `yaml:"kind"` // data_subject | other
	Text Text   `yaml:"text"`
}

// Principal is one who the record names; exactly one of the keys is set.
type Principal struct {
	Role     string `yaml:"role"`     // head-or-delegate | dpo | officer
	Person   string `yaml:"person"`   // code of a party
	Position string `yaml:"position"` // code of a party
	Org      string `yaml:"org"`      // code of a party: its people
	Within   bool   `yaml:"within"`   // with org: the bodies under it
	Provider string `yaml:"provider"` // code of a party
	Other    string `yaml:"other"`    // a name that could not be told apart
}

// Class is the classification of the data (rows 14, 15 and 18).
type Class struct {
	Restricted Answer `yaml:"restricted"`
	Internal   Answer `yaml:"internal"`
	Public     Answer `yaml:"public"`
}

// Recipients are those to whom data may go (rows 16 and 17; s.39(6), ss.28-29).
type Recipients struct {
	Domestic  []Recipient `yaml:"domestic"`
	Transfers []Offshore  `yaml:"transfers"`
}

// Recipient is a body inside the Kingdom.
type Recipient struct {
	Org      string   `yaml:"org"` // code of a party, a group for several
	Via      []string `yaml:"via"` // e-saraban | email | file | paper
	Letter   string   `yaml:"letter"`
	Secrecy  string   `yaml:"secrecy"`
	Elements []string `yaml:"elements"`
}

// Offshore is a recipient abroad.
type Offshore struct {
	Recipient string   `yaml:"recipient"` // code of a party
	Country   string   `yaml:"country"`   // ISO 3166
	Safeguard string   `yaml:"safeguard"`
	Basis     string   `yaml:"basis"`
	Elements  []string `yaml:"elements"`
}

// LegalBasis is a lawful basis (row 19; ss.19, 24 and 26).
type LegalBasis struct {
	Code     string `yaml:"code"`     // see Bases
	Citation string `yaml:"citation"` // 24(4)
	Note     Text   `yaml:"note"`
}

// Volume is how much data there is (row 20).
type Volume struct {
	Declared int    `yaml:"declared"`
	Unit     string `yaml:"unit"`
	AsOf     string `yaml:"as_of"`
}

// CSU says whether the controller creates, stores and uses the data (rows 21-23).
type CSU struct {
	Create Answer `yaml:"create"`
	Store  Answer `yaml:"store"`
	Use    Answer `yaml:"use"`
}

// Duties are the ten roles of rows 24-33.
type Duties struct {
	Create    []Principal `yaml:"create"`
	Collect   []Principal `yaml:"collect"`
	Classify  []Principal `yaml:"classify"`
	Use       []Principal `yaml:"use"`
	Store     []Principal `yaml:"store"`
	Disclose  []Principal `yaml:"disclose"`
	Inspect   []Principal `yaml:"inspect"`
	Review    []Principal `yaml:"review"`
	Terminate []Principal `yaml:"terminate"`
	Grant     []Principal `yaml:"grant"`
}

// DutyNames are the ten duties in the order of the form.
var DutyNames = []string{"create", "collect", "classify", "use", "store", "disclose", "inspect", "review", "terminate", "grant"}

// List gives the duties by name, so that rules can run over all of them.
func (d *Duties) List(name string) *[]Principal {
	i := slices.Index(DutyNames, name)
	if i < 0 {
		return nil
	}
	return [...]*[]Principal{&d.Create, &d.Collect, &d.Classify, &d.Use, &d.Store, &d.Disclose, &d.Inspect, &d.Review, &d.Terminate, &d.Grant}[i]
}

// Store is where data is kept (rows 34 and 35).
type Store struct {
	Medium   string `yaml:"medium"` // database | file | paper | email | other
	Location Text   `yaml:"location"`
}

// Retention is how long data is kept (row 36; s.39(4)).
type Retention struct {
	AppliesTo string `yaml:"applies_to"` // "*" or the code of an element
	Period    string `yaml:"period"`     // ISO 8601: P10Y, P90D
	Anchor    string `yaml:"anchor"`     // case.closed_at
	OrOnOrder bool   `yaml:"or_on_order"`
	BasisRef  string `yaml:"basis_ref"` // code of a document
}

// Cycle is how often something is done (rows 37 and 50), ISO 8601.
type Cycle struct {
	Cycle string `yaml:"cycle"`
}

// Destruction is when and how data is destroyed (rows 38 and 39).
type Destruction struct {
	Round   string `yaml:"round"`  // calendar-year-end | fiscal-year-end
	Method  string `yaml:"method"` // code of a document, or secure-delete | burn | committee
	Approve string `yaml:"approve"`
}

// Controls are the security measures (rows 41-45; s.37(1), s.39(8)), as codes of
// documents.
type Controls struct {
	AccessPolicy []string `yaml:"access_policy_ref"`
	AccessMatrix []string `yaml:"access_matrix_ref"`
	Audit        []string `yaml:"audit"`
	Backup       []string `yaml:"backup"`
	Physical     []string `yaml:"physical"`
}

// TransferRule is what is done before, at and after handing data over (rows 46-49; s.37(2)).
type TransferRule struct {
	PreChecks      []Text `yaml:"pre_checks"`
	DeliveryChecks []Text `yaml:"delivery_checks"`
	RecordRule     string `yaml:"record_rule"` // code of a document
	AfterRule      Text   `yaml:"after_rule"`
}

// Rights is how a request to erase is handled (row 51).
type Rights struct {
	ErasureProcedure string `yaml:"erasure_procedure"` // code of a document
}

// Breach is who is told of a breach and who acts (rows 52 and 53; s.37(4)).
type Breach struct {
	Channels    []Text        `yaml:"channels"`
	Responsible []Responsible `yaml:"responsible"`
	Liaison     []Principal   `yaml:"pdpc_liaison"`
}

// Responsible is one who acts on a breach: a principal, and the level of risk from which
// up he does (row 52). Where the record gives none, he acts on every one.
type Responsible struct {
	Role      string `yaml:"role"`
	Person    string `yaml:"person"`
	Position  string `yaml:"position"`
	Org       string `yaml:"org"`
	Within    bool   `yaml:"within"`
	Provider  string `yaml:"provider"`
	Other     string `yaml:"other"`
	RiskLevel string `yaml:"risk_level"` // see RiskLevels
}

// ResponsibleFrom is a principal who acts on breaches of a level of risk and above.
func ResponsibleFrom(p Principal, level string) Responsible {
	return Responsible{p.Role, p.Person, p.Position, p.Org, p.Within, p.Provider, p.Other, level}
}

// Principal is who it is.
func (r Responsible) Principal() Principal {
	return Principal{r.Role, r.Person, r.Position, r.Org, r.Within, r.Provider, r.Other}
}

// Principals are those who act on breaches, of whichever level.
func (b *Breach) Principals() []Principal {
	out := make([]Principal, len(b.Responsible))
	for i, r := range b.Responsible {
		out[i] = r.Principal()
	}
	return out
}

// Level is one level of collection of usage data with its own basis: what is counted
// without asking, and what only with consent.
type Level struct {
	Code     string   `yaml:"code"` // L0 .. L3
	Basis    string   `yaml:"basis"`
	Elements []string `yaml:"elements"`
	Text     Text     `yaml:"text"`
}

// Value is a cell: what is written, and what it means.
type Value struct {
	State State  `yaml:"state"`
	Code  string `yaml:"code"`
	Text  string `yaml:"text"`
}

// Row is the answer cell of one row of the form, word for word.
type Row struct {
	State State  `yaml:"state"`
	Text  string `yaml:"text"`
}

// Form holds the answer cells by row identifier.
type Form map[string]Row

// Row returns a row; one that is not there is RowAbsent.
func (f Form) Row(id string) Row {
	if r, ok := f[id]; ok {
		return r
	}
	return Row{State: RowAbsent}
}

// Flow is the data-flow table and the arrows of its picture.
type Flow struct {
	Heading string `yaml:"heading"`
	Process string `yaml:"process"`
	Steps   []Step `yaml:"steps"`
	Edges   []Edge `yaml:"edges"`
	Note    string `yaml:"note"`
}

// Step is a line of the data-flow table.
type Step struct {
	No       int     `yaml:"no"`
	Title    string  `yaml:"title"`
	TitleEN  string  `yaml:"title_en"`
	Lane     string  `yaml:"lane"` // user | website | agency | related-agency | provider
	Decision bool    `yaml:"decision"`
	Actor    Value   `yaml:"actor"`
	Collect  Cell    `yaml:"collect"`
	Use      Cell    `yaml:"use"`
	Disclose Cell    `yaml:"disclose"`
	Store    Cell    `yaml:"store"`
	Systems  []Value `yaml:"systems"`
}

// Operations are the four columns of operations, in the order of the table.
var Operations = []string{"collect", "use", "disclose", "store"}

// Cell returns the cell of an operation.
func (s *Step) Cell(op string) *Cell {
	switch op {
	case "collect":
		return &s.Collect
	case "use":
		return &s.Use
	case "disclose":
		return &s.Disclose
	case "store":
		return &s.Store
	}
	return nil
}

// Cell is what a step does with data in one column. Operations are tagged where the
// text shows that more, or other, is done than the column says.
type Cell struct {
	State      State    `yaml:"state"`
	Text       string   `yaml:"text"`
	Operations []string `yaml:"operations"`
	Elements   []string `yaml:"elements"`
	Purposes   []string `yaml:"purposes"`
	Recipients []string `yaml:"recipients"` // codes of parties
}

// Edge is an arrow of the diagram.
type Edge struct {
	From      int    `yaml:"from"`
	To        int    `yaml:"to"`
	Medium    string `yaml:"medium"` // electronic | paper | either | unknown
	Condition Text   `yaml:"condition"`
}

// Inventory is the list of information systems.
type Inventory struct {
	Heading    string   `yaml:"heading"`
	MainSystem string   `yaml:"main_system"`
	SubSystem  string   `yaml:"sub_system"`
	Systems    []System `yaml:"systems"`
}

// System is a system of the inventory; a system may have several lines of exchange.
type System struct {
	No           int        `yaml:"no"`
	Name         string     `yaml:"name"`
	Status       Value      `yaml:"status"` // active | developing | retired
	Scope        string     `yaml:"scope"`
	Owner        Value      `yaml:"owner"`
	Exchanges    []Exchange `yaml:"exchange"`
	ProcessingBy Value      `yaml:"processing_by"` // self | other
	Processor    Value      `yaml:"processor_org"`
	Agreement    string     `yaml:"agreement"` // code of a document
	Hosting      Value      `yaml:"hosting"`   // cloud | on-premise
	Region       Value      `yaml:"cloud_region"`
	Remark       string     `yaml:"remark"`
}

// Exchange is one line of exchange with another body.
type Exchange struct {
	Applied      Value    `yaml:"applied"` // yes | no
	Data         string   `yaml:"data"`
	Elements     []string `yaml:"elements"`
	Mode         Value    `yaml:"mode"` // send_online_network ...
	Counterparty Value    `yaml:"counterparty"`
	Remark       string   `yaml:"remark"`
}

// Party returns the party of a code.
func (r *Revision) Party(code string) (Party, bool) {
	for i := range r.Parties {
		if r.Parties[i].Code == code {
			return r.Parties[i], true
		}
	}
	return Party{}, false
}

// PartyName is the name of a party, or the code where it is not listed.
func (r *Revision) PartyName(code string) Text {
	if p, ok := r.Party(code); ok {
		return p.Name
	}
	return Text{TH: code}
}

// Document returns the document of a code.
func (r *Revision) Document(code string) (Document, bool) {
	for i := range r.Documents {
		if r.Documents[i].Code == code {
			return r.Documents[i], true
		}
	}
	return Document{}, false
}

// DocumentTitle is the title of a document in Thai, or its code where it is not listed.
func (r *Revision) DocumentTitle(code string) string {
	if d, ok := r.Document(code); ok && d.Title.TH != "" {
		return d.Title.TH
	}
	return code
}

// HasElement tells whether the record declares an element.
func (r *Revision) HasElement(code string) bool {
	for i := range r.Elements {
		if r.Elements[i].Code == code {
			return true
		}
	}
	return false
}
