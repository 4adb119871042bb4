package cases

import (
	"context"
	"database/sql"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Filter narrows a list of cases. Zero values do not narrow.
type Filter struct {
	View     string // "open" (to be answered, what is due first; the default), "mine", "parked", "answered", "quarantined", "closed", "all"
	State    State
	Topic    string
	Site     string
	Channel  string
	Agency   string
	Assignee string
	Overdue  bool
	Search   string // a reference, a phone number, an e-mail address, or words of a name
	Cursor   string
	Limit    int
	Excerpts bool // open the first words of each message; one reading is logged for the page
}

// Line is a case in a list.
type Line struct {
	Case
	Excerpt string // "" where the record does not admit the actor
}

// Page is a page of a list; Next is the cursor of the following one, "" at the end.
type Page struct {
	Lines []Line
	Next  string
}

// excerptLen is how many characters of a message a list shows.
const excerptLen = 90

// List returns the cases that the actor may see, those due first first; closed ones
// by the time they came.
func (s *Service) List(ctx context.Context, a policy.Actor, f Filter) (Page, error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	q, err := s.where(a, f)
	if err != nil {
		return Page{}, err
	}
	var page Page
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		page = Page{}
		return tx.Each(`SELECT `+caseColumns+` FROM cases WHERE `+q.text()+` ORDER BY `+q.order+` LIMIT `+fmt.Sprint(f.Limit+1), q.args, func(rows *sql.Rows) error {
			c, err := scanCase(rows.Scan)
			page.Lines = append(page.Lines, Line{Case: c})
			return err
		})
	})
	if err != nil {
		return Page{}, err
	}
	if len(page.Lines) > f.Limit {
		page.Lines = page.Lines[:f.Limit]
		page.Next = q.cursor(page.Lines[f.Limit-1].Case)
	}
	if f.Excerpts {
		err = s.excerpts(ctx, a, page.Lines)
	}
	return page, err
}

func (s *Service) excerpts(ctx context.Context, a policy.Actor, lines []Line) error {
	items := make([]vault.Sealed, len(lines))
	for i := range lines {
		items[i] = lines[i].sealedMessage()
	}
	snap, err := s.snapshot()
	if err != nil {
		return err
	}
	if len(items) == 0 || !snap.MayRead(a, "receive_and_forward").Allowed {
		return nil
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: Activity, Purpose: "receive_and_forward", Items: items, Detail: "inbox"})
	if err != nil {
		return err
	}
	for i := range lines {
		lines[i].Excerpt = excerpt(string(plain[i]))
	}
	return nil
}

func excerpt(text string) string {
	r := []rune(strings.Join(strings.Fields(text), " "))
	if len(r) > excerptLen {
		return string(r[:excerptLen]) + "…"
	}
	return string(r)
}

// query is a WHERE clause under construction.
type query struct {
	conds []string
	args  []any
	order string
	key   func(Case) time.Time
}

func (q *query) text() string { return strings.Join(q.conds, " AND ") }

// add appends a condition; each "?" takes the next argument.
func (q *query) add(cond string, args ...any) {
	for _, a := range args {
		q.args = append(q.args, a)
		cond = strings.Replace(cond, "?", fmt.Sprintf("$%d", len(q.args)), 1)
	}
	q.conds = append(q.conds, cond)
}

func (q *query) cursor(c Case) string {
	return base64.RawURLEncoding.EncodeToString([]byte(fmt.Sprintf("%d,%s", db.Micros(q.key(c)), c.ID)))
}

func (s *Service) where(a policy.Actor, f Filter) (*query, error) {
	q := &query{order: "due_at, id", key: func(c Case) time.Time { return c.DueAt }}
	s.scope(q, a)
	switch f.View {
	case "", "open", "mine", "parked":
		q.add("state NOT IN ('answered','closed','quarantined')")
		switch f.View {
		case "mine":
			q.add("assignee = ?", a.Account)
		case "parked":
			q.add("parked = TRUE")
		}
	case "answered":
		q.add("state = 'answered'")
	case "quarantined", "closed":
		q.add("state = ?", f.View)
		q.order, q.key = "received_at DESC, id DESC", func(c Case) time.Time { return c.ReceivedAt }
	case "all":
		q.order, q.key = "received_at DESC, id DESC", func(c Case) time.Time { return c.ReceivedAt }
	default:
		return nil, errs.InvalidField("view", "error.filter")
	}
	for _, c := range []struct{ column, value string }{{"state", string(f.State)}, {"topic", f.Topic}, {"site", f.Site}, {"channel", f.Channel}, {"agency", f.Agency}, {"assignee", f.Assignee}} {
		if c.value != "" {
			q.add(c.column+" = ?", c.value)
		}
	}
	if f.State != "" && !slices.Contains(States, f.State) {
		return nil, errs.InvalidField("state", "error.filter")
	}
	if f.Overdue {
		q.add("due_at < ? AND clock_left = 0 AND state NOT IN ('answered','closed','quarantined')", db.Micros(s.Now()))
	}
	s.search(q, f.Search)
	return q, q.after(f.Cursor)
}

// scope keeps to what the actor may see; the rule is maySee's, written for the engine.
func (s *Service) scope(q *query, a policy.Actor) {
	seen := &query{args: q.args}
	for _, r := range []struct{ action, cond string }{
		{"case.list", "(about_staff = FALSE OR assignee = ?)"},
		{"case.shielded", "about_staff = TRUE"},
	} {
		args := []any{}
		if r.action == "case.list" {
			args = append(args, a.Account)
		}
		all, agency := policy.Reach(a, r.action)
		switch {
		case all:
			seen.add(r.cond, args...)
		case agency != "":
			seen.add(r.cond+" AND agency = ?", append(args, agency)...)
		}
	}
	if a.IsHead {
		seen.add("about_staff = TRUE AND agency IN (SELECT code FROM agencies WHERE parent = ?)", a.Agency)
	}
	if len(seen.conds) == 0 {
		seen.add("1 = 0")
	}
	q.args = seen.args
	q.add("(" + strings.Join(seen.conds, " OR ") + ")")
	q.add("about_account <> ?", accountOr(a.Account))
}

// accountOr keeps "about nobody" from matching an actor without an account.
func accountOr(account string) string {
	if account == "" {
		return "\x01"
	}
	return account
}

// search finds by reference, or by blind index: exact phone, exact e-mail, whole words
// of a name.
func (s *Service) search(q *query, text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	if ref, ok := Reference(text); ok {
		q.add("reference = ?", ref)
		return
	}
	const found = "id IN (SELECT case_id FROM case_index WHERE digest = ?)"
	if p, err := thai.ParsePhone(text); err == nil {
		q.add(found, s.Vault.Digest("phone", p.E164))
		return
	}
	if strings.Contains(text, "@") {
		q.add(found, s.Vault.Digest("email", strings.ToLower(text)))
		return
	}
	for _, word := range strings.Fields(strings.ToLower(text)) {
		q.add(found, s.Vault.Digest("name", word))
	}
}

// after continues behind a cursor.
func (q *query) after(cursor string) error {
	if cursor == "" {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	var at int64
	var id string
	if err == nil {
		_, err = fmt.Sscanf(strings.Replace(string(raw), ",", " ", 1), "%d %s", &at, &id)
	}
	if err != nil {
		return errs.InvalidField("cursor", "error.cursor")
	}
	if strings.Contains(q.order, "DESC") {
		q.add("(received_at, id) < (?, ?)", at, id)
	} else {
		q.add("(due_at, id) > (?, ?)", at, id)
	}
	return nil
}

// Counts are the numbers beside the inbox's views.
type Counts struct{ Open, Mine, Overdue, Today, Quarantined, Parked int }

// Count counts what the actor may see.
func (s *Service) Count(ctx context.Context, a policy.Actor) (Counts, error) {
	var n Counts
	q := &query{}
	now := s.Now()
	endOfDay := thai.EndOfDay(now)
	s.scope(q, a)
	scope := q.text()
	k := len(q.args)
	args := append(slices.Clone(q.args), a.Account, db.Micros(now), db.Micros(now), db.Micros(endOfDay))
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(fmt.Sprintf(`SELECT COUNT(*) FILTER (WHERE state NOT IN ('answered','quarantined')), COUNT(*) FILTER (WHERE state NOT IN ('answered','quarantined') AND assignee = $%d), COUNT(*) FILTER (WHERE state NOT IN ('answered','quarantined') AND clock_left = 0 AND due_at < $%d), COUNT(*) FILTER (WHERE state NOT IN ('answered','quarantined') AND clock_left = 0 AND due_at >= $%d AND due_at < $%d), COUNT(*) FILTER (WHERE state = 'quarantined'), COUNT(*) FILTER (WHERE parked = TRUE) FROM cases WHERE %s AND state <> 'closed'`, k+1, k+2, k+3, k+4, scope), args, &n.Open, &n.Mine, &n.Overdue, &n.Today, &n.Quarantined, &n.Parked)
	})
	return n, err
}

// Events returns the timeline of a case for the API, oldest first, opened where the
// record admits the actor.
func (s *Service) Events(ctx context.Context, a policy.Actor, reference string) ([]Event, error) {
	d, err := s.Get(ctx, a, reference)
	if err != nil {
		return nil, err
	}
	slices.Reverse(d.Events)
	return d.Events, nil
}
