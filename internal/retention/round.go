package retention

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Numbers of the regulation; each a setting of the installation.
type Terms struct {
	SurveyDays   int // after the year's end: 60 (clause 66)
	ArchivesDays int // without an answer the National Archives agree: 60 (clause 70)
	ExtendYears  int // by which a committee extends
	KeyDays      int // how long copies of the keyring are kept; printed in the certificate
}

// Deps are the parts a Service works with.
type Deps struct {
	DB      *db.DB
	Vault   *vault.Vault
	Audit   *audit.Log
	Jobs    *jobs.Queue
	Record  func(activity string) *policy.Snapshot
	Within  func(agency, ancestor string) bool
	Now     func() time.Time
	Holders []Holder
	Passing []Passing
	Terms   Terms

	Letters  *letters.Service
	Agencies *org.Directory
}

// Service is what can be done about the end of life.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service {
	s := &Service{d}
	d.Letters.OnAction(s.onLetter)
	return s
}

// Member is one of a round's committee; exactly one is its chair.
type Member struct {
	Name     string `json:"name"`
	Position string `json:"position"`
	Chair    bool   `json:"chair"`
}

// Round is a destruction round (รอบการทำลาย) of one agency and activity.
type Round struct {
	ID, Agency, Activity string
	Year                 int    // Common Era; the year at whose end it opened
	Matter               string // "" for what people have written; else a matter of letters
	Path                 string
	State                State
	RevisionID           string
	OpenedAt, SurveyBy   time.Time
	RequestedBy          string
	Committee            []Member
	ArchivesLetter       string // its number
	ArchivesLetterID     string
	ArchivesUntil        time.Time
	ArchivesAnswer       string
	OrderNumber          string
	OrderedBy            string
	OrderGround          string
	OrderedAt            time.Time
	ExecutedAt           time.Time
	Certificate          string
	Version              int64
}

// Item is a line of the list (form 25).
type Item struct {
	No       int
	Kind     string
	ObjectID string
	Label    string
	ClosedAt time.Time
	DueAt    time.Time
	Decision string // "", destroy, extend, archive, hold
	Dissent  string
	DoneAt   time.Time
}

// Decisions are what a committee may decide of an item.
var Decisions = []string{"destroy", "extend", "archive", "hold"}

// OpenRounds opens the round of the year that is over for each agency that has
// anything due. It is a daily task; a round is opened once.
func (s *Service) OpenRounds(ctx context.Context, activity string) (opened int, err error) {
	snap := s.Record(activity)
	if snap == nil {
		return 0, nil
	}
	year := snap.Retention.YearOver(s.Now())
	end := snap.Retention.YearEnd(year)
	type due struct{ agency, matter string }
	var all []due
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		all = nil
		for _, h := range s.of(activity) {
			counts, err := h.Count(tx, end)
			if err != nil {
				return err
			}
			for agency, n := range counts {
				if d := (due{agency, h.Matter()}); n > 0 && !slices.Contains(all, d) {
					all = append(all, d)
				}
			}
		}
		return nil
	})
	if err != nil || len(all) == 0 {
		return 0, err
	}
	slices.SortFunc(all, func(a, b due) int {
		return cmp.Or(strings.Compare(a.agency, b.agency), strings.Compare(a.matter, b.matter))
	})
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		opened = 0
		for _, d := range all {
			is, err := s.open(tx, snap, d.agency, d.matter, year, end)
			if err != nil {
				return err
			}
			opened += is
		}
		return nil
	})
	return opened, err
}

func (s *Service) open(tx *db.Tx, snap *policy.Snapshot, agency, matter string, year int, end time.Time) (int, error) {
	r := Round{ID: db.NewID(), Agency: agency, Activity: snap.Activity, Year: year, Matter: matter, Path: Paths[matter][0], State: Opened, RevisionID: snap.RevisionID, OpenedAt: tx.Now(), SurveyBy: end.AddDate(0, 0, s.Terms.SurveyDays)}
	n, err := insertRound(tx, &r)
	if err != nil || n == 0 {
		return 0, err
	}
	return 1, s.Audit.Append(tx, audit.Event{Actor: "system", Action: "round.open", Object: "round:" + r.ID, Body: map[string]any{"agency": agency, "year": year, "matter": matter, "revision": r.RevisionID}})
}

// change applies a transition: rule, store, audit.
func (s *Service) change(ctx context.Context, a policy.Actor, id, action string, body map[string]any, rule func(tx *db.Tx, r *Round) error) (Round, error) {
	var done Round
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := lockRound(tx, id)
		if err != nil {
			return err
		}
		if !s.maySee(a, &r) {
			return errs.New(errs.NotFound, "error.not-found")
		}
		t, err := transition(&r, action)
		if err != nil {
			return err
		}
		ground, err := s.may(a, t, &r)
		if err != nil {
			return err
		}
		r.State = t.To
		if ground != "" {
			r.OrderGround = ground
		}
		if err := rule(tx, &r); err != nil {
			return err
		}
		if err := updateRound(tx, &r); err != nil {
			return err
		}
		done = r
		return s.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "round." + action, Object: "round:" + r.ID, Body: body})
	})
	return done, err
}

// may decides who may take a step: the duty holder of row 32 for orders and the naming
// of the committee, else who works on retention in the agency.
func (s *Service) may(a policy.Actor, t Transition, r *Round) (ground string, err error) {
	if t.By != "duty" {
		if !policy.May(a, t.By, r.Agency) {
			return "", errs.New(errs.Forbidden, "error.forbidden")
		}
		return "", nil
	}
	snap := s.Record(r.Activity)
	if snap == nil {
		return "", errs.New(errs.Unavailable, "error.no-record")
	}
	d := snap.MayDo(a, policy.DutyTerminate)
	if !d.Allowed || !s.Within(r.Agency, a.Agency) {
		return "", errs.New(errs.Forbidden, "error.round-duty")
	}
	return d.Ground, nil
}

func (s *Service) maySee(a policy.Actor, r *Round) bool {
	if a.IsHead && s.Within(r.Agency, a.Agency) {
		return true
	}
	// Only who keeps secrets may know of them.
	return policy.May(a, "retention.read", r.Agency) && (r.Matter != letters.Classified || policy.May(a, "letter.secret", r.Agency))
}

// surveyPage is how many items are listed between two commits: whoever sends a message
// meanwhile waits for one of them, not for the whole list.
const surveyPage = 1000

// Survey makes the list anew: everything that was due at the end of the year, what is held
// marked. path says how the round goes on. It may be interrupted, and is made anew then.
func (s *Service) Survey(ctx context.Context, a policy.Actor, id, path string) (Round, error) {
	r, err := s.beginSurvey(ctx, a, id, path)
	if err != nil {
		return Round{}, err
	}
	snap := s.Record(r.Activity)
	if snap == nil {
		return Round{}, errs.New(errs.Unavailable, "error.no-record")
	}
	no := 0
	for _, h := range s.of(r.Activity) {
		if h.Matter() != r.Matter {
			continue
		}
		if err := s.list(ctx, &r, h, snap.Retention.YearEnd(r.Year), &no); err != nil {
			return Round{}, err
		}
	}
	return s.change(ctx, a, id, "survey", map[string]any{"path": path, "items": no}, func(_ *db.Tx, now *Round) error {
		if now.Version != r.Version { // somebody else has begun one
			return errs.New(errs.Conflict, "error.conflict")
		}
		now.Path, now.RequestedBy = path, a.Account
		return nil
	})
}

// beginSurvey opens the round again and empties its list.
func (s *Service) beginSurvey(ctx context.Context, a policy.Actor, id, path string) (Round, error) {
	r, err := s.change(ctx, a, id, "survey", nil, func(_ *db.Tx, r *Round) error {
		if !slices.Contains(Paths[r.Matter], path) {
			return errs.InvalidField("path", "error.round-path")
		}
		r.State = Opened
		return nil
	})
	if err != nil {
		return r, err
	}
	for {
		var n int64
		err := s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
			n, err = tx.Exec(`DELETE FROM round_items WHERE round_id = $1 AND no IN (SELECT no FROM round_items WHERE round_id = $2 ORDER BY no LIMIT $3)`, id, id, surveyPage)
			return err
		})
		if err != nil || n == 0 {
			return r, err
		}
	}
}

// list adds what one holder has, page by page.
func (s *Service) list(ctx context.Context, r *Round, h Holder, end time.Time, no *int) error {
	var last Item
	for {
		var page []Item
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			page = nil
			return h.Due(tx, r.Agency, end, last.DueAt, last.ObjectID, surveyPage, func(id, label string, closed, due time.Time) {
				page = append(page, Item{No: *no + len(page) + 1, Kind: h.Kind(), ObjectID: id, Label: label, ClosedAt: closed, DueAt: due})
			})
		})
		if err != nil || len(page) == 0 {
			return err
		}
		err = s.DB.InTx(ctx, func(tx *db.Tx) error {
			held, err := holdsOf(tx, r.Agency)
			if err != nil {
				return err
			}
			for i := range page {
				page[i].Decision = ""
				if held[page[i].ObjectID] {
					page[i].Decision = "hold"
				}
			}
			return insertItems(tx, r.ID, page)
		})
		if err != nil || len(page) < surveyPage {
			return err
		}
		last, *no = page[len(page)-1], *no+len(page)
	}
}

// holdsOf are the objects of an agency that are held.
func holdsOf(tx *db.Tx, agency string) (map[string]bool, error) {
	out := map[string]bool{}
	err := tx.Each(`SELECT object_id FROM holds WHERE agency = $1 AND released_at = 0`, []any{agency}, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		out[id] = true
		return err
	})
	return out, err
}

// NameCommittee names a chair and at least two members (clause 67).
func (s *Service) NameCommittee(ctx context.Context, a policy.Actor, id string, members []Member) (Round, error) {
	chairs := 0
	for i := range members {
		members[i].Name, members[i].Position = strings.TrimSpace(members[i].Name), strings.TrimSpace(members[i].Position)
		if members[i].Name == "" || members[i].Position == "" {
			return Round{}, errs.InvalidField("members", "error.round-member")
		}
		if members[i].Chair {
			chairs++
		}
	}
	if len(members) < 3 || chairs != 1 {
		return Round{}, errs.InvalidField("members", "error.round-committee")
	}
	return s.change(ctx, a, id, "name-committee", map[string]any{"members": len(members)}, func(_ *db.Tx, r *Round) error {
		r.Committee = members
		return nil
	})
}

// Decision is what is decided of some items; a dissent is kept with it.
type Decision struct {
	Items    []int  `json:"items"` // numbers of the list; none means all that are not decided yet
	Decision string `json:"decision"`
	Dissent  string `json:"dissent"`
}

// Decide keeps decisions on items.
func (s *Service) Decide(ctx context.Context, a policy.Actor, id string, d Decision) (Round, error) {
	if !slices.Contains(Decisions, d.Decision) {
		return Round{}, errs.InvalidField("decision", "error.round-decision")
	}
	dissent, err := thai.CleanText(d.Dissent, 1000)
	if err != nil {
		return Round{}, errs.InvalidField("dissent", "error.message-long", "max", 1000)
	}
	return s.change(ctx, a, id, "decide", map[string]any{"decision": d.Decision, "items": len(d.Items)}, func(tx *db.Tx, r *Round) error {
		if len(d.Items) == 0 {
			_, err := tx.Exec(`UPDATE round_items SET decision = $1, dissent = $2 WHERE round_id = $3 AND decision = ''`, d.Decision, dissent, r.ID)
			return err
		}
		for _, no := range d.Items {
			n, err := tx.Exec(`UPDATE round_items SET decision = $1, dissent = $2 WHERE round_id = $3 AND no = $4`, d.Decision, dissent, r.ID, no)
			if err != nil {
				return err
			}
			if n == 0 {
				return errs.InvalidField("items", "error.round-item", "no", no)
			}
		}
		return nil
	})
}

// undecided refuses to go on while an item is open.
func undecided(tx *db.Tx, r *Round) error {
	var n int
	if err := tx.QueryRow(`SELECT COUNT(*) FROM round_items WHERE round_id = $1 AND decision = ''`, []any{r.ID}, &n); err != nil {
		return err
	}
	if n > 0 {
		return errs.New(errs.Conflict, "error.round-undecided", "n", n)
	}
	return nil
}

// Review closes the committee's work: every item has a decision.
func (s *Service) Review(ctx context.Context, a policy.Actor, id string) (Round, error) {
	return s.change(ctx, a, id, "review", nil, undecided)
}

// Answer notes what the National Archives answered; items that they claim are theirs.
func (s *Service) Answer(ctx context.Context, a policy.Actor, id, text string, claimed []int) (Round, error) {
	text, err := thai.CleanText(text, 1000)
	if err != nil || text == "" {
		return Round{}, errs.InvalidField("text", "error.required")
	}
	return s.change(ctx, a, id, "answer", map[string]any{"claimed": len(claimed)}, func(tx *db.Tx, r *Round) error {
		r.ArchivesAnswer = text
		for _, no := range claimed {
			if _, err := tx.Exec(`UPDATE round_items SET decision = 'archive' WHERE round_id = $1 AND no = $2 AND done_at = 0`, r.ID, no); err != nil {
				return err
			}
		}
		return nil
	})
}

// Order is the duty holder's order (row 32), never by who asked for it. On the
// committee's path the National Archives have answered, or 60 days are over.
func (s *Service) Order(ctx context.Context, a policy.Actor, id, number string) (Round, error) {
	number, err := thai.CleanText(number, 100)
	if err != nil || number == "" {
		return Round{}, errs.InvalidField("number", "error.required")
	}
	return s.change(ctx, a, id, "order", map[string]any{"number": number}, func(tx *db.Tx, r *Round) error {
		switch {
		case a.Account == r.RequestedBy:
			return errs.New(errs.Forbidden, "error.four-eyes-round")
		case r.Path == ByCommittee && r.ArchivesAnswer == "" && tx.Now().Before(r.ArchivesUntil):
			return errs.New(errs.Conflict, "error.round-archives", "until", thai.DateLong(r.ArchivesUntil, "th"))
		}
		if err := undecided(tx, r); err != nil {
			return err
		}
		r.OrderNumber, r.OrderedBy, r.OrderedAt = number, a.Account, tx.Now()
		if err := s.extend(tx, r); err != nil {
			return err
		}
		return s.Jobs.Enqueue(tx, jobExecute, r.ID, jobs.Unique("retention.execute:"+r.ID))
	})
}

// extend gives items that were extended a new due date.
func (s *Service) extend(tx *db.Tx, r *Round) error {
	list, err := items(tx, r.ID, `decision = 'extend'`, 0, 0)
	if err != nil {
		return err
	}
	for _, i := range list {
		h, ok := s.holder(i.Kind)
		if !ok {
			return errs.New(errs.Internal, "error.internal")
		}
		if err := h.Extend(tx, i.ObjectID, i.DueAt.AddDate(s.Terms.ExtendYears, 0, 0)); err != nil {
			return err
		}
	}
	return nil
}
