package library

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/ropa"
	"prasan/internal/thai"
)

// Action of policy's table that changing the library needs.
const Action = "library.work"

// Kinds of documents, in the order of lists.
var Kinds = []string{"regulation", "policy", "agreement", "training", "domains", "order", "acting", "form", "notice", "other"}

// Document is a paper with its versions, the newest first.
type Document struct {
	ID        string      `json:"-"`
	Code      string      `json:"code"` // by which the record cites it
	Kind      string      `json:"kind"`
	Title     policy.Text `json:"-"`
	Agency    string      `json:"agency"`
	Public    bool        `json:"public"`
	CreatedBy string      `json:"created_by"`
	CreatedAt time.Time   `json:"created_at"`
	Versions  []Version   `json:"versions"`
	Links     []Link      `json:"links"`
}

// Version is one state of a document. To is the first moment at which it does not hold;
// zero is for ever.
type Version struct {
	ID      string    `json:"-"`
	N       int       `json:"n"`
	Label   string    `json:"label"` // as it is printed on it: V.1.0, ฉบับที่ 2
	From    time.Time `json:"valid_from"`
	To      time.Time `json:"valid_to,omitzero"`
	URL     string    `json:"url,omitempty"`
	Note    string    `json:"note,omitempty"`
	File    *File     `json:"file,omitempty"`
	AddedBy string    `json:"added_by"`
	AddedAt time.Time `json:"added_at"`
}

// File is the document itself.
type File struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`

	blob string
	key  []byte
}

// Media is the type, of a text with its writing.
func (f File) Media() string {
	if f.Type == "text/plain" {
		return "text/plain; charset=utf-8"
	}
	return f.Type
}

// Link ties a document to a row of the form, or to an order.
type Link struct {
	Activity string    `json:"activity,omitempty"` // "" is every one
	Field    string    `json:"field,omitempty"`    // of the form
	Object   string    `json:"object,omitempty"`   // "delegation:ID"
	By       string    `json:"by"`
	At       time.Time `json:"at"`
}

// HoldsAt tells whether a version holds at a moment.
func (v Version) HoldsAt(t time.Time) bool {
	return !t.Before(v.From) && (v.To.IsZero() || t.Before(v.To))
}

// InForce is the newest version that holds at a moment; nil when none does.
func (d Document) InForce(t time.Time) *Version {
	for i := range d.Versions {
		if d.Versions[i].HoldsAt(t) {
			return &d.Versions[i]
		}
	}
	return nil
}

var codeForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,62}$`)

func (d *Document) check(agency func(string) bool) []errs.Field {
	var bad []errs.Field
	d.Code = strings.ToLower(strings.TrimSpace(d.Code))
	if !codeForm.MatchString(d.Code) {
		bad = append(bad, errs.Field{Name: "code", Key: "library.error-code"})
	}
	if !slices.Contains(Kinds, d.Kind) {
		bad = append(bad, errs.Field{Name: "kind", Key: "library.error-kind"})
	}
	var err error
	if d.Title.TH, err = thai.CleanText(d.Title.TH, 400); err != nil || d.Title.TH == "" {
		bad = append(bad, errs.Field{Name: "title_th", Key: "error.required"})
	}
	if d.Title.EN, err = thai.CleanText(d.Title.EN, 400); err != nil {
		bad = append(bad, errs.Field{Name: "title_en", Key: "error.required"})
	}
	if !agency(d.Agency) {
		bad = append(bad, errs.Field{Name: "agency", Key: "error.agency-unknown"})
	}
	return bad
}

func (v *Version) check(withFile bool) []errs.Field {
	var bad []errs.Field
	var err error
	if v.Label, err = thai.CleanText(v.Label, 80); err != nil || v.Label == "" {
		bad = append(bad, errs.Field{Name: "label", Key: "error.required"})
	}
	if v.Note, err = thai.CleanText(v.Note, 1000); err != nil {
		bad = append(bad, errs.Field{Name: "note", Key: "error.required"})
	}
	if v.From.IsZero() || !v.To.IsZero() && !v.To.After(v.From) {
		bad = append(bad, errs.Field{Name: "valid_from", Key: "error.period"})
	}
	v.URL = strings.TrimSpace(v.URL)
	if v.URL != "" && !strings.HasPrefix(v.URL, "https://") || len(v.URL) > 2000 {
		bad = append(bad, errs.Field{Name: "url", Key: "library.error-url"})
	}
	if v.URL == "" && !withFile {
		bad = append(bad, errs.Field{Name: "attachment", Key: "library.error-nothing"})
	}
	return bad
}

// Cites lists the codes of documents that each row of a record cites.
func Cites(r *ropa.Revision) map[string][]string {
	out := map[string][]string{}
	cite := func(row string, codes ...string) {
		for _, c := range codes {
			if _, known := r.Document(c); known && !slices.Contains(out[row], c) {
				out[row] = append(out[row], c)
			}
		}
	}
	cite("activity.forms", r.Forms...)
	for _, k := range r.Retention {
		cite("retention", k.BasisRef)
	}
	cite("destruction.method", r.Destruction.Method)
	cite("legal_refs", r.LegalRefs...)
	cite("controls.access_policy_ref", r.Controls.AccessPolicy...)
	cite("controls.access_matrix_ref", r.Controls.AccessMatrix...)
	cite("controls.audit", r.Controls.Audit...)
	cite("controls.backup", r.Controls.Backup...)
	cite("controls.physical", r.Controls.Physical...)
	cite("transfer.record_rule", r.Transfer.RecordRule)
	cite("rights.erasure_procedure", r.Rights.ErasureProcedure)
	for _, x := range r.Stores { // "as in the list of domains"
		for _, d := range r.Documents {
			if d.Title.TH != "" && strings.Contains(x.Location.TH, d.Title.TH) {
				cite("stores.location", d.Code)
			}
		}
	}
	for _, s := range r.Inventory.Systems {
		cite("duty.store", s.Agreement)
	}
	return out
}
