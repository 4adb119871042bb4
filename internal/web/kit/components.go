package kit

import (
	"html/template"
	"strings"
	"time"

	"prasan/internal/errs"
	"prasan/internal/i18n"
)

// Summary is the list of input errors on top of a form; it takes the focus.
type Summary struct {
	Title string
	Items []SummaryItem
}

// SummaryItem leads to the field it is about.
type SummaryItem struct{ Href, Text string }

// Summarise makes the summary of input errors; nil when there are none. Each error is
// linked to the element whose id is the field's name.
func Summarise(lang string, fields []errs.Field) *Summary {
	if len(fields) == 0 {
		return nil
	}
	s := &Summary{Title: i18n.T(lang, "kit.errors-title")}
	for _, f := range fields {
		s.Items = append(s.Items, SummaryItem{"#" + f.Name, i18n.T(lang, f.Key, f.Args...)})
	}
	return s
}

// FieldError is the translated error of a field, "" when it has none.
func FieldError(lang string, fields []errs.Field, name string) string {
	for _, f := range fields {
		if f.Name == name {
			return i18n.T(lang, f.Key, f.Args...)
		}
	}
	return ""
}

// Field is an input with its label and everything a person should know before he
// fills it in.
type Field struct {
	Name         string
	ID           string // where it is not the name: when a page has several forms
	Label        string
	Optional     string // "(if any)" beside the label
	Help         string
	Why          string // why the datum is asked
	Keep         string // how long it is kept
	Value        string
	Error        string
	Type         string // text, email, tel, password, search, date, file; "" is text
	Autocomplete string
	InputMode    string
	Accept       string // of files
	Rows         int    // more than nought makes a text area
	Max          int    // characters; 0 is no limit. Counted, never cut off
	Counter      string // text of the counter with {n}
	Width        string // short, medium or "" for the whole measure
	Options      []Option
	Multiple     bool
	Required     bool
	Autofocus    bool
	Lang         string // of the value, where it differs
}

// At is the field's id.
func (f Field) At() string { return at(f.ID, f.Name) }

func at(id, name string) string {
	if id != "" {
		return id
	}
	return name
}

// Described lists the ids of what describes the field.
func (f Field) Described() string {
	ids, own := "", f.At()
	for _, part := range []struct{ text, id string }{{f.Help, "-help"}, {f.Why, "-why"}, {f.Keep, "-why"}, {f.Error, "-error"}} {
		if part.text != "" && !strings.HasSuffix(ids, own+part.id) {
			ids += " " + own + part.id
		}
	}
	if ids == "" {
		return ""
	}
	return ids[1:]
}

// Option is a choice of a list.
type Option struct {
	Value, Label, Help string
	Selected           bool
}

// Radios is a question with a few answers.
type Radios struct {
	Name    string // the first radio's id is At, so that an error leads to it
	ID      string // where it is not the name
	Legend  string
	Heading bool // the legend is the page's heading
	Help    string
	Error   string
	Options []Option
}

// At is the id of the first radio.
func (r Radios) At() string { return at(r.ID, r.Name) }

// Checkbox is a yes or no.
type Checkbox struct {
	Name, ID, Value, Label, Help, Error string
	Checked                             bool
}

// At is the id of the box.
func (c Checkbox) At() string { return at(c.ID, c.Name) }

// Row is a line of a summary list. Change is the value of the button that leads back;
// Action its address.
type Row struct {
	Key, Value string
	Lines      []string // instead of Value: several lines
	Change     string
	Action     string
	ChangeOf   string // what is changed, for those who hear the button
}

// Cell is a cell of a table.
type Cell struct {
	Text   string
	Href   string
	Chip   *Chip
	Number bool
	Strong bool
}

// Table is a table with a caption; its first column heads the rows.
type Table struct {
	Caption string
	Hidden  bool // the caption is for those who hear it
	Head    []string
	Rows    [][]Cell
	Empty   string // what is said, and to do, when there are no rows
}

// Pager leads on where a cursor does.
type Pager struct{ Previous, Next, Text string }

// Chip is a status: colour, shape and word. Tone is one of good, wait, busy, late,
// stop, quiet.
type Chip struct{ Tone, Text string }

// Moment is an entry of a timeline.
type Moment struct {
	At     time.Time
	Title  string
	Who    string
	Text   string
	Letter bool // the text is shown as a letter
	Chip   *Chip
	Now    bool
	Files  []Link
}

// Link is a link with its text.
type Link struct{ Href, Text, Note string }

// Note is a block that stands out. Tone is info, warn, good or stop.
type Note struct {
	Tone, Title string
	Paragraphs  []string
	HTML        template.HTML // of ours, never of a person's
}
